"""Label files: `NAME INDEX` per line, 0-based, joined to photos by name and never by position."""

from __future__ import annotations

import re
from pathlib import Path

from dinoq.jobs.errors import BadLabels

# At the last blank or comma: names may hold blanks and apostrophes.
LINE = re.compile(r"(?P<name>.+?)\s*[,\s]\s*(?P<label>\S+)")


def read_labels(path: Path) -> dict[str, int]:
    """The class of each name, in the file's order. Blank lines are skipped; a BOM and CRLF do no harm.

    Raises: BadLabels with the file, the line, what was found and what was expected.
    """
    labels: dict[str, int] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        name, label = _pair(path, number, line.strip())
        if name in labels:
            raise BadLabels(
                f"{path} line {number} names {name} twice ({labels[name]} on line {lines[name]}, now {label}).",
                hint="keep one of the two lines",
            )
        labels[name], lines[name] = label, number
    if not labels:
        raise BadLabels(f"{path} is empty; expected one line NAME INDEX per photo.", hint="--labels FILE")
    return labels


def _pair(path: Path, number: int, line: str) -> tuple[str, int]:
    found = LINE.fullmatch(line)
    if found is None:
        raise BadLabels(
            f"{path} line {number} is {line[:60]!r}; expected NAME INDEX.",
            hint="a list of bare ILSVRC ids is in another order: make NAME INDEX lines, index 0-based by sorted WordNet id",
        )
    name, label = found["name"], found["label"]
    if not re.fullmatch(r"[0-9]{1,9}", label):
        text = f"{path} line {number}: the class of {name} is {label!r}; expected a whole number from 0."
        raise BadLabels(text, hint="one line NAME INDEX per photo")
    return name, int(label)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadLabels(f"label file {path} cannot be read: {error.strerror}.", hint="--labels FILE") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadLabels(f"{path} line {line} is not UTF-8 text.", hint="save the file as UTF-8") from None
