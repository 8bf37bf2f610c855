"""The `.info` list that Ascend's old `benchmark` tool reads its input files from, and the label file beside it.

Source: ModelZoo-PyTorch, get_info.py (`INDEX PATH WIDTH HEIGHT`, from 0) and val_label.txt (`NAME LABEL`). Both are
split at blanks, and a file is known by its name up to the first dot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dinoq.jobs.errors import BadDataset
from dinoq.jobs.formats.dump import image_key


def info_text(paths: Iterable[str], side: int) -> str:
    """One line for each input file, of square pictures of `side` pixels."""
    return "".join(f"{index} {path} {side} {side}\n" for index, path in enumerate(paths))


def label_text(names: Iterable[str], labels: Iterable[int]) -> str:
    """One line for each photo: its file name, its 0-based class."""
    return "".join(f"{name.rsplit('/', 1)[-1]} {label}\n" for name, label in zip(names, labels, strict=True))


def distinct_keys(names: Sequence[str]) -> list[str]:
    """What the tools call each photo. Raises: BadDataset where two would be called alike, or a name would be split."""
    first: dict[str, str] = {}
    for name in names:
        key, file = image_key(name), name.rsplit("/", 1)[-1]
        if not key or file.split() != [file]:
            raise BadDataset(
                f"the tools split their lists at blanks, and cannot be given {name!r}.", hint="rename the photo"
            )
        if key in first:
            raise BadDataset(
                f"{first[key]} and {name} would both be called {key}: the tools know a photo by its name up to the"
                " first dot.",
                hint="export folders whose names differ",
            )
        first[key] = name
    return list(first)
