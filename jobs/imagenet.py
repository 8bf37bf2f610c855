"""What is known of ImageNet's validation set, to recognise label files by what they are.

The ids are the first ten lines of `ILSVRC2012_validation_ground_truth.txt` in the devkit, the labels those of the same
photos in the public list `val_map.txt` (index by sorted WordNet id).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

NAME = re.compile(r"(?:.*/)?ILSVRC2012_val_([0-9]{8})(?:\.[^./]*)?")
SAMPLES = 50_000
CLASSES = 1000
FIRST_LABELS = (65, 970, 230, 809, 516, 57, 334, 415, 674, 332)
FIRST_IDS = (490, 361, 171, 822, 297, 482, 13, 704, 599, 164)
"""ILSVRC2012_ID of the same ten photos."""
ID_OF = dict(zip(FIRST_LABELS, FIRST_IDS, strict=True))
ENOUGH = 3
"""Validation photos without which nothing is said."""

Order = Literal["unknown", "index", "index + 1", "ILSVRC2012_ID", "ILSVRC2012_ID - 1", "other"]


@dataclass(frozen=True, slots=True)
class Known:
    """A photo whose published label is known, and what is said of it here."""

    name: str
    label: int
    published: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """What labels are, judged by `known` photos of which `agree` have the published label, and the first that has not."""

    order: Order
    known: int
    agree: int
    misfit: Known | None


def photo_name(number: int) -> str:
    """The name of a validation photo; numbers begin at 1."""
    return f"ILSVRC2012_val_{number:08}.JPEG"


def recognise(labels: Iterable[tuple[str, int]], published: Sequence[int]) -> Recognised:
    """What the labels of named photos are: the class by sorted WordNet id (`index`), that and one for the background,
    the devkit's ids, or another order of classes. `unknown` where too few of the photos are ImageNet's.

    `published` holds the labels of the validation photos in turn.
    """
    numbered = ((name, label, _number(name)) for name, label in labels)
    known = [Known(name, label, published[no - 1]) for name, label, no in numbered if 0 < no <= len(published)]
    wrong = [one for one in known if one.label != one.published]
    return Recognised(_order(known), len(known), len(known) - len(wrong), wrong[0] if wrong else None)


def _order(known: list[Known]) -> Order:
    if len(known) < ENOUGH:
        return "unknown"
    # Half is enough: of another order one in a thousand agrees, and who mends labels mends a few.
    if 2 * sum(one.label == one.published for one in known) >= len(known):
        return "index"
    if 2 * sum(one.label == one.published + 1 for one in known) >= len(known):
        return "index + 1"
    off = {one.label - ID_OF[one.published] for one in known if one.published in ID_OF}
    if off == {-1}:
        return "ILSVRC2012_ID - 1"
    return "ILSVRC2012_ID" if off == {0} else "other"


def _number(name: str) -> int:
    """Of a validation photo; 0 for any other name."""
    found = NAME.fullmatch(name)
    return int(found[1]) if found else 0
