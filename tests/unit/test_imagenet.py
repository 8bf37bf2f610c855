"""What label files of ImageNet's validation photos are recognised as."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from dinoq.jobs.imagenet import FIRST_IDS, FIRST_LABELS, ID_OF, Order, Recognised, photo_name
from dinoq.jobs.imagenet import recognise as recognise_by
from dinoq.workers.data.published import published_labels

TRUE = [(photo_name(no), label) for no, label in enumerate(published_labels(), start=1)][:2000]
FIRST = [(photo_name(no), label) for no, label in enumerate(FIRST_LABELS, start=1)]


def recognise(labels: list[tuple[str, int]]) -> Recognised:
    return recognise_by(labels, published_labels())


def test_there_are_fifty_published_labels_of_each_class() -> None:
    assert Counter(published_labels()) == dict.fromkeys(range(1000), 50)
    assert published_labels()[:10] == FIRST_LABELS


def test_the_published_labels_are_those_of_the_list(shared_data: Path) -> None:
    rows = (line.split() for line in (shared_data / "val_map_50000.txt").read_text().splitlines())
    listed = {name: int(label) for name, label in rows}
    assert [listed[photo_name(no)] for no in range(1, 50_001)] == list(published_labels())


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (TRUE, "index"),
        ([(name, label + 1) for name, label in TRUE], "index + 1"),
        ([(name, label - 1) for (name, _), label in zip(FIRST, FIRST_IDS, strict=True)], "ILSVRC2012_ID - 1"),
        ([(name, label) for (name, _), label in zip(FIRST, FIRST_IDS, strict=True)], "ILSVRC2012_ID"),
        ([(name, 999 - label) for name, label in TRUE], "other"),
        ([(name, label) for (name, _), (_, label) in pairwise(TRUE)], "other"),
        (TRUE[:2], "unknown"),
        ([("photo.jpg", 3)] * 10, "unknown"),
    ],
)
def test_labels_are_recognised_by_what_they_are(labels: list[tuple[str, int]], order: Order) -> None:
    assert recognise(labels).order == order


def test_ids_are_told_from_any_photo_whose_id_is_known() -> None:
    later = [(name, ID_OF.get(label, label) - 1) for name, label in TRUE[1000:]]
    assert recognise(later).order == "ILSVRC2012_ID - 1"


def test_a_few_mended_labels_are_counted_and_the_first_is_named() -> None:
    found = recognise([*TRUE[:50], *((name, label - 1) for name, label in TRUE[50:53])])
    assert (found.order, found.known, found.agree) == ("index", 53, 50)
    assert found.misfit is not None and found.misfit.name == TRUE[50][0]


@pytest.mark.parametrize("shape", ["val/n01/{}", "./{}", "{}.png", "{}.JPEG", "{}"])
def test_a_photo_is_known_by_its_number_whatever_leads_to_it(shape: str) -> None:
    stems = [(name.removesuffix(".JPEG"), label) for name, label in FIRST]
    assert recognise([(shape.format(stem), label) for stem, label in stems]).known == 10


@pytest.mark.parametrize(
    "name", ["ILSVRC2012_val_1.JPEG", "ILSVRC2012_test_00000001.JPEG", "xILSVRC2012_val_00000001x.JPEG"]
)
def test_other_names_are_no_validation_photos(name: str) -> None:
    assert recognise([(name, 65)] * 5).known == 0
