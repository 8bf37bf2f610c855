"""ImageFolder trees: the class of a photo is the place of its folder among the sorted ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dinoq.jobs.errors import BadLabels
from dinoq.jobs.imagenet import CLASSES
from dinoq.workers.data.label_file import WNID
from dinoq.workers.data.labels import Labels, some

CURE = "--labels FILE"


def labels_of_folders(names: Sequence[str], root: Path) -> tuple[Labels, tuple[str, ...]]:
    """The class of each photo, and words for the person. Folders that hold everything are passed through.

    Raises: BadLabels for photos outside of class folders, for numbered folders that sort in another order, and for a
    folder without a photo: was it a class, or not?
    """
    depth = _depth(names)
    above = "/".join(names[0].split("/")[:depth])
    place = root / above
    if loose := [name for name in names if name.count("/") <= depth]:
        raise BadLabels(
            f"{place} has no class folders ({some(loose)} lie in it), and no label file is given.", hint=CURE
        )
    folders = sorted({name.split("/")[depth] for name in names})
    _check_numbers(folders, place)
    _check_empty(folders, place)
    number = {folder: index for index, folder in enumerate(folders)}
    by_wordnet = len(folders) == CLASSES and all(WNID.fullmatch(folder) for folder in folders)
    notes: tuple[str, ...] = (f"no label file: classes are the {len(folders)} sorted folders of {place}",)
    if all(WNID.fullmatch(folder) for folder in folders) and not by_wordnet:
        notes += (f"{len(folders)} WordNet folders are not ImageNet's 1000: their places are not ImageNet's classes",)
    classes = {name: number[name.split("/")[depth]] for name in names}
    style = f"{len(folders)} class folders"
    return Labels(path=place, classes=classes, style=style, by_wordnet=by_wordnet), notes


def _depth(names: Sequence[str]) -> int:
    """How many leading folders all photos share, as long as there are folders below."""
    parts = [name.split("/")[:-1] for name in names]
    depth = 0
    while all(len(one) > depth + 1 for one in parts) and len({one[depth] for one in parts}) == 1:
        depth += 1
    return depth


def _check_numbers(folders: Sequence[str], place: Path) -> None:
    """10 sorts before 2: who numbers folders so means the numbers, not their places."""
    numbered = all(folder.isdecimal() for folder in folders)
    if numbered and [int(folder) for folder in folders] != sorted(int(folder) for folder in folders):
        raise BadLabels(
            f"the class folders of {place} are numbers that do not sort as text ({some(folders)}), so their places are"
            " not the numbers.",
            hint="name them with leading zeros (0002, 0010), or give --labels FILE",
        )


def _check_empty(folders: Sequence[str], place: Path) -> None:
    if not place.is_dir():
        return
    empty = sorted(entry.name for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if empty := [name for name in empty if name not in set(folders)]:
        raise BadLabels(
            f"{place} has folders without a photo ({some(empty)}), which would be classes and move all after them.",
            hint="take them out, or give --labels FILE",
        )
