"""Labels held against a model's classes: refused where they are another order, shifted where a background class is
counted in one and not in the other. Either is said."""

from __future__ import annotations

from dataclasses import replace

from dinoq.jobs.errors import BadLabels
from dinoq.jobs.imagenet import CLASSES, Order, Recognised, recognise
from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.datasets import Dataset
from dinoq.workers.data.published import published_labels

WITH_BACKGROUND = CLASSES + 1
CURE = (
    "--labels ILSVRC2012_devkit_t12.tar.gz, or lines NAME INDEX, the index 0-based by sorted WordNet id (val_map.txt)"
)


def fitted(dataset: Dataset, classes: int) -> Dataset:
    """The dataset with labels as a model of so many classes numbers them, and a note where that changed them.

    Raises: BadLabels for ImageNet photos labelled in another order, and for a label out of the model's range.
    """
    if classes in (CLASSES, WITH_BACKGROUND):
        dataset = _imagenet(dataset, classes)
    _check_range(dataset, classes)
    return dataset


def order_of(dataset: Dataset) -> Recognised:
    """What the labels are: by the known ones among them, else by how they were made."""
    found = recognise(zip(dataset.manifest.names, dataset.manifest.labels, strict=True), published_labels())
    return replace(found, order="index") if found.order == "unknown" and dataset.labels.by_wordnet else found


def judged(dataset: Dataset) -> Recognised:
    """What the labels are, where no model says how many classes there are.

    Raises: BadLabels for ImageNet photos labelled in another order; a choice of its classes may have one of its own.
    """
    found = order_of(dataset)
    if found.order != "other" or max(dataset.manifest.labels) >= CLASSES // 2:
        _refuse_other_orders(dataset, found)
    return found


def _refuse_other_orders(dataset: Dataset, found: Recognised) -> None:
    what: dict[Order, str] = {
        "ILSVRC2012_ID - 1": "are ILSVRC2012_ID - 1, which is not the index of the class",
        "ILSVRC2012_ID": "are ILSVRC2012_ID, which is not the index of the class",
        "other": "are in another order than ImageNet's classes by sorted WordNet id, as ILSVRC2012_ID - 1 is",
    }
    if found.order in what and found.misfit is not None:
        raise BadLabels(
            f"the labels in {dataset.labels.path} {what[found.order]}: {found.misfit.name} is {found.misfit.label},"
            f" published is {found.misfit.published}; of {found.known} validation photos {found.agree} agree.",
            hint=f"{CURE}; photos that are not ImageNet's need other names",
        )


def _imagenet(dataset: Dataset, classes: int) -> Dataset:
    found = order_of(dataset)
    _refuse_other_orders(dataset, found)
    if found.order == "index + 1" and classes == CLASSES:
        return _shifted(dataset, -1, "the labels count a background class as 0: 1 was subtracted from each")
    if found.order == "index" and classes == WITH_BACKGROUND:
        return _shifted(dataset, 1, "the model has a background class 0: 1 was added to each label")
    if classes == WITH_BACKGROUND:
        return _noted(dataset, "the model has 1001 classes: labels are taken as they stand, 0 as its background class")
    if found.agree < found.known and found.misfit is not None:
        one, n = found.misfit, found.known - found.agree
        text = f"{n} of {found.known} labels are not the published ones: {one.name} is {one.label}, not {one.published}"
        return _noted(dataset, text)
    return dataset


def _shifted(dataset: Dataset, by: int, note: str) -> Dataset:
    if min(dataset.manifest.labels) + by < 0:
        at = dataset.manifest.labels.index(0)
        raise BadLabels(
            f"{dataset.manifest.names[at]} is labelled 0, which is the background class in {dataset.labels.path}.",
            hint=CURE,
        )
    labels = tuple(label + by for label in dataset.manifest.labels)
    return _noted(replace(dataset, manifest=Manifest(dataset.manifest.names, labels)), note)


def _noted(dataset: Dataset, note: str) -> Dataset:
    return replace(dataset, notes=(*dataset.notes, note))


def _check_range(dataset: Dataset, classes: int) -> None:
    labels = dataset.manifest.labels
    for name, label in zip(dataset.manifest.names, labels, strict=True):
        if label >= classes:
            from_one = label == classes and 0 not in labels
            cure = "labels count from 1 here; subtract 1" if from_one else "--labels FILE"
            if from_one and classes == CLASSES:
                cure = f"labels count from 1 here: subtract 1 if they are index + 1; if they are ILSVRC2012_ID, {CURE}"
            raise BadLabels(
                f"the class of {name} is {label}, but the model has {classes} classes, 0 to {classes - 1}.", hint=cure
            )
