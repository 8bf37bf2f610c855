"""Labels held against a model's classes: what is refused, what is shifted, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dinoq.jobs.errors import BadLabels
from dinoq.jobs.imagenet import FIRST_IDS, photo_name
from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.classes import fitted, judged
from dinoq.workers.data.datasets import Dataset
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.labels import Labels
from dinoq.workers.data.published import published_labels

PUBLISHED = {photo_name(no): label for no, label in enumerate(published_labels()[:500], start=1)}
FIRST = {photo_name(no): number for no, number in enumerate(FIRST_IDS, start=1)}


def dataset(classes: dict[str, int], *, by_wordnet: bool = False) -> Dataset:
    source = Labels(path=Path("val.txt"), classes=classes, style="", by_wordnet=by_wordnet)
    manifest = Manifest(tuple(classes), tuple(classes.values()))
    return Dataset(photos=Folder(Path("/photos")), manifest=manifest, labels=source)


def shifted(by: int) -> dict[str, int]:
    return {name: label + by for name, label in PUBLISHED.items()}


def test_the_published_labels_are_taken_as_they_are() -> None:
    made = fitted(dataset(PUBLISHED), 1000)
    assert (made.manifest.labels, made.notes) == (tuple(PUBLISHED.values()), ())


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (
            {name: number - 1 for name, number in FIRST.items()},
            r"are ILSVRC2012_ID - 1, .*00000001.JPEG is 489, published is 65",
        ),
        (FIRST, "are ILSVRC2012_ID, which is not the index"),
        (
            {name: 999 - label for name, label in PUBLISHED.items()},
            "are in another order .*; of 500 validation photos 0 agree",
        ),
    ],
)
@pytest.mark.parametrize("judge", [lambda made: fitted(made, 1000), lambda made: fitted(made, 1001), judged])
def test_another_order_is_refused_with_the_cure(
    labels: dict[str, int], words: str, judge: Callable[[Dataset], object]
) -> None:
    with pytest.raises(BadLabels, match=f"the labels in val.txt {words}") as caught:
        judge(dataset(labels))
    assert "ILSVRC2012_devkit_t12.tar.gz" in caught.value.hint


def test_a_choice_of_imagenets_classes_may_have_an_order_of_its_own() -> None:
    ten = {name: label % 10 for name, label in PUBLISHED.items()}
    assert fitted(dataset(ten), 10).manifest.labels == tuple(ten.values())
    assert judged(dataset(ten)).order == "other"


def test_a_background_class_of_the_labels_alone_is_taken_off() -> None:
    made = fitted(dataset(shifted(1)), 1000)
    assert made.manifest.labels == tuple(PUBLISHED.values())
    assert made.notes == ("the labels count a background class as 0: 1 was subtracted from each",)


def test_a_background_class_of_the_model_alone_is_added() -> None:
    made = fitted(dataset(PUBLISHED), 1001)
    assert made.manifest.labels == tuple(shifted(1).values())
    assert made.notes == ("the model has a background class 0: 1 was added to each label",)


def test_class_folders_of_all_wordnet_ids_are_known_to_be_the_index() -> None:
    made = fitted(dataset({"n01440764/a.jpg": 0, "n01443537/b.jpg": 1}, by_wordnet=True), 1001)
    assert made.manifest.labels == (1, 2)


@pytest.mark.parametrize("labels", [shifted(1), {"a.jpg": 0, "b.jpg": 1000}])
def test_labels_that_fit_a_background_class_stay_and_it_is_said(labels: dict[str, int]) -> None:
    made = fitted(dataset(labels), 1001)
    assert made.manifest.labels == tuple(labels.values())
    assert "taken as they stand, 0 as its background class" in made.notes[0]


def test_a_photo_of_the_background_class_is_refused_by_a_model_without() -> None:
    with pytest.raises(BadLabels, match=r"x\.jpg is labelled 0, which is the background class"):
        fitted(dataset({**shifted(1), "x.jpg": 0}), 1000)


def test_labels_from_1_to_1000_of_unknown_photos_may_be_two_things() -> None:
    with pytest.raises(BadLabels, match=r"the class of b\.jpg is 1000") as caught:
        fitted(dataset({"a.jpg": 1, "b.jpg": 1000}), 1000)
    assert (
        "subtract 1 if they are index + 1; if they are ILSVRC2012_ID, --labels ILSVRC2012_devkit" in caught.value.hint
    )


def test_mended_labels_are_counted_and_said() -> None:
    made = fitted(dataset({**PUBLISHED, photo_name(1): 66}), 1000)
    (note,) = made.notes
    assert note == f"1 of 500 labels are not the published ones: {photo_name(1)} is 66, not 65"


def test_a_label_out_of_range_is_refused() -> None:
    with pytest.raises(BadLabels, match=r"the class of b\.jpg is 3, but the model has 3 classes, 0 to 2") as caught:
        fitted(dataset({"a.jpg": 1, "b.jpg": 3}), 3)
    assert caught.value.hint == "labels count from 1 here; subtract 1"
