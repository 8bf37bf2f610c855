"""Label files: a photo's name and its class per line, in the styles that tools write; the class is a 0-based index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import BadLabels
from dinoq.jobs.imagenet import CLASSES, SAMPLES, photo_name
from dinoq.workers.data.labels import Labels

# At the last blank or comma: names may hold blanks and apostrophes.
LINE = re.compile(r"(?P<name>.+?)(?P<gap>\s*[,\s]\s*)(?P<label>\S+)")
WNID = re.compile(r"n[0-9]{8}")
INDEX = re.compile(r"[0-9]{1,9}")
DEVKIT_CURE = "--labels ILSVRC2012_devkit_t12.tar.gz, or lines NAME INDEX, the index 0-based by sorted WordNet id"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number, the photo as written and without what leads to it, what stood between, and the class."""

    line: int
    name: str
    gap: str
    label: str


def read_label_file(path: Path) -> Labels:
    """The class of each name, in the file's order. Blank lines are skipped; a BOM and CRLF do no harm.

    Names may be led by folders, `./`, or `val.zip@/`. Classes may be WordNet ids when all 1000 of ImageNet are there.
    Raises: BadLabels with the file, the line, what was found and what was expected.
    """
    lines = [(no, line.strip()) for no, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()]
    if not lines:
        raise BadLabels(f"{path} is empty; expected one line NAME INDEX per photo.", hint="--labels FILE")
    if all(WNID.fullmatch(line) for _, line in lines):
        return _wordnet_column(path, [line for _, line in lines])
    rows = [_row(path, no, line) for no, line in lines]
    _check_once(path, rows)
    by_wordnet = all(WNID.fullmatch(row.label) for row in rows)
    numbers = _places(path, [row.label for row in rows]) if by_wordnet else [_index(path, row) for row in rows]
    classes = {bare(row.name): number for row, number in zip(rows, numbers, strict=True)}
    return Labels(path=path, classes=classes, style=_style(rows, by_wordnet), by_wordnet=by_wordnet)


def read_text(path: Path) -> str:
    """A text file of the user's. Raises: BadLabels when it cannot be read or is no UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadLabels(f"label file {path} cannot be read: {error.strerror}.", hint="--labels FILE") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadLabels(f"{path} line {line} is not UTF-8 text.", hint="save the file as UTF-8") from None


def bare(name: str) -> str:
    """A photo's name without the archive that it was in, and without `./`."""
    inside = name.rpartition("@/")[2]
    return "/".join(part for part in inside.split("/") if part not in ("", "."))


def _row(path: Path, number: int, line: str) -> Row:
    found = LINE.fullmatch(line)
    if found is None:
        raise BadLabels(
            f"{path} line {number} is {line[:60]!r}; expected NAME INDEX. A column of bare ILSVRC2012 ids is in another"
            " order, and means nothing without the devkit's meta.mat beside it.",
            hint=DEVKIT_CURE,
        )
    return Row(number, found["name"], found["gap"], found["label"])


def _index(path: Path, row: Row) -> int:
    if not INDEX.fullmatch(row.label):
        text = f"{path} line {row.line}: the class of {row.name} is {row.label!r}; expected a whole number from 0."
        raise BadLabels(text, hint="one line NAME INDEX per photo")
    return int(row.label)


def _check_once(path: Path, rows: Sequence[Row]) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        before = seen.setdefault(bare(row.name), row)
        if before is not row:
            raise BadLabels(
                f"{path} line {row.line} names {row.name} twice ({before.label} on line {before.line}, now {row.label}).",
                hint="keep one of the two lines",
            )


def _wordnet_column(path: Path, wnids: Sequence[str]) -> Labels:
    """A WordNet id per validation photo, in the order of their names."""
    if len(wnids) != SAMPLES:
        raise BadLabels(
            f"{path} is a column of {len(wnids)} WordNet ids without names; expected {SAMPLES}, one for each validation"
            " photo in the order of their names.",
            hint=DEVKIT_CURE,
        )
    classes = {photo_name(no): place for no, place in enumerate(_places(path, wnids), start=1)}
    style = "a column of WordNet ids, in the order of the validation photos"
    return Labels(path=path, classes=classes, style=style, by_wordnet=True, whole=True)


def _places(path: Path, wnids: Sequence[str]) -> list[int]:
    """The places of WordNet ids among the sorted ones: only all 1000 say which places they are."""
    places = {wnid: place for place, wnid in enumerate(sorted(set(wnids)))}
    if len(places) != CLASSES:
        raise BadLabels(
            f"{path} has {len(places)} different WordNet ids; without all {CLASSES} of ImageNet their index is not known.",
            hint=DEVKIT_CURE,
        )
    return [places[wnid] for wnid in wnids]


def _style(rows: Sequence[Row], by_wordnet: bool) -> str:
    gaps = {row.gap for row in rows}
    kinds = {"comma" if "," in gap else "tab" if "\t" in gap else "blank" for gap in gaps}
    parts = [f"NAME {'WORDNET-ID' if by_wordnet else 'INDEX'}, {' or '.join(sorted(kinds))} between"]
    if any("@/" in row.name for row in rows):
        parts.append("names as in an archive (@/)")
    elif any("/" in row.name for row in rows):
        parts.append("names with folders")
    return "; ".join(parts)
