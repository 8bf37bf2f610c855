"""Photos that are known by their labels alone, where a tool has evaluated them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.datasets import Dataset
from dinoq.workers.data.devkit import is_devkit, read_devkit
from dinoq.workers.data.label_file import read_label_file
from dinoq.workers.data.labels import Labels
from dinoq.workers.data.photos import Stamps


class Unseen:
    """Every photo that a label file names, none of which can be read here."""

    kind = "labels"

    def __init__(self, labels: Labels) -> None:
        self.root: Path = labels.path
        self._names = sorted(labels.classes)

    def names(self) -> list[str]:
        """As the labels name them, sorted."""
        return self._names

    def read(self, name: str) -> bytes:
        """Raises: OSError, always."""
        raise FileNotFoundError(f"{name} is known by its label alone")

    def stamps(self, names: Sequence[str]) -> Stamps:
        """Raises: OSError, always."""
        raise FileNotFoundError(f"{len(names)} photos are known by their labels alone")


def unseen_dataset(path: Path) -> Dataset:
    """Every photo that a label file or a devkit names, in the order of names. Raises: BadLabels."""
    labels = read_devkit(path) if is_devkit(path) else read_label_file(path)
    photos = Unseen(labels)
    manifest = Manifest(tuple(photos.names()), tuple(labels.classes[name] for name in photos.names()))
    return Dataset(photos=photos, manifest=manifest, labels=labels)
