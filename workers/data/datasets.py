"""Datasets as people keep them: a folder of photos with a label file, or an ImageFolder tree."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import BadDataset, BadLabels
from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.labels import read_labels

PHOTOS = frozenset([".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"])
WNID = re.compile(r"n[0-9]{8}")
LIMIT_SEED = "dinoq-limit-1"
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is in a folder: the manifest in the order of names, words for the person, and the size of the whole when
    the manifest is only a sample of it."""

    root: Path
    manifest: Manifest
    notes: tuple[str, ...] = ()
    part_of: int | None = None


def open_dataset(root: Path, labels: Path | None, *, limit: int | None = None) -> Dataset:
    """List the photos under `root` and join their labels: from the label file by name, else from the folders' names.

    `limit` takes a sample by name hash, always the same one. Raises: BadDataset, BadLabels.
    """
    names = _photos(root)
    if labels is not None:
        pairs = _joined(names, read_labels(labels), labels, root)
        notes: tuple[str, ...] = ()
    else:
        pairs, notes = _from_folders(names, root)
    chosen = pairs if limit is None or limit >= len(pairs) else _sample(pairs, limit)
    manifest = Manifest(tuple(name for name, _ in chosen), tuple(label for _, label in chosen))
    part_of = len(pairs) if len(chosen) < len(pairs) else None
    return Dataset(root=root, manifest=manifest, notes=notes, part_of=part_of)


def check_classes(manifest: Manifest, classes: int) -> None:
    """Raises: BadLabels when a label is out of the model's range."""
    for name, label in zip(manifest.names, manifest.labels, strict=True):
        if label >= classes:
            cure = (
                "labels count from 1 here; subtract 1"
                if label == classes and 0 not in manifest.labels
                else "--labels FILE"
            )
            raise BadLabels(
                f"the class of {name} is {label}, but the model has {classes} classes, 0 to {classes - 1}.", hint=cure
            )


def read_sample(root: Path, name: str) -> bytes:
    """The bytes of one photo, confined to `root`. Raises: OSError when it cannot be read, or lies elsewhere."""
    if name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise PermissionError(f"{name!r} is not inside the data folder")
    path = root / name
    if not path.is_file():
        raise FileNotFoundError("no such file" if not path.is_dir() else "it is a folder")
    return path.read_bytes()


def _photos(root: Path) -> list[str]:
    """Names relative to the root, sorted. Links that point nowhere are listed: they fail later, as samples."""
    if root.is_file():
        raise BadDataset(
            f"{root} is a file; expected a folder of photos (archives are not read yet).", hint="unpack it"
        )
    if not root.is_dir():
        raise BadDataset(f"data folder {root} is not there.", hint="--data DIR")
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(folder).relative_to(root)
        names += [
            (inside / name).as_posix()
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in PHOTOS
        ]
    if not names:
        raise BadDataset(f"{root} holds no photos ({' '.join(sorted(PHOTOS))}).", hint="--data DIR")
    return sorted(names)


def _joined(names: list[str], labels: dict[str, int], path: Path, root: Path) -> list[tuple[str, int]]:
    """By the relative name, else by the bare file name where only one photo has it."""
    bare = Counter(name.rsplit("/", 1)[-1] for name in names)
    used, pairs, missing = set(), [], []
    for name in names:
        short = name.rsplit("/", 1)[-1]
        key = name if name in labels else short if short in labels and bare[short] == 1 else None
        if key is None:
            missing.append(name)
        else:
            used.add(key)
            pairs.append((name, labels[key]))
    if missing:
        raise BadLabels(f"{path} has no line for {_some(missing)}.", hint="add the lines, or take the photos out")
    if extra := [name for name in labels if name not in used]:
        raise BadLabels(
            f"{path} names {_some(extra)}, not found under {root}.", hint="--data or --labels is another set's"
        )
    return pairs


def _from_folders(names: list[str], root: Path) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
    """ImageFolder: the class of a photo is the place of its top folder among the sorted ones."""
    if loose := [name for name in names if "/" not in name]:
        raise BadLabels(
            f"{root} has no class folders ({_some(loose)} lie in it), and no label file is given.", hint="--labels FILE"
        )
    folders = sorted({name.split("/", 1)[0] for name in names})
    number = {folder: index for index, folder in enumerate(folders)}
    notes: tuple[str, ...] = (f"no label file: classes are the {len(folders)} sorted folders of {root}",)
    if all(WNID.fullmatch(folder) for folder in folders) and len(folders) != 1000:
        notes += (f"{len(folders)} WordNet folders are not ImageNet's 1000: their places are not ImageNet's classes",)
    return [(name, number[name.split("/", 1)[0]]) for name in names], notes


def _sample(pairs: list[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    ranked = sorted(
        pairs, key=lambda pair: hashlib.sha256(f"{LIMIT_SEED} {pair[0]}".encode(errors="surrogateescape")).digest()
    )
    return sorted(ranked[:limit])


def _some(names: Iterable[str]) -> str:
    """The first few, and how many there are."""
    all_names = list(names)
    more = f" and {len(all_names) - SHOWN} more" if len(all_names) > SHOWN else ""
    return ", ".join(all_names[:SHOWN]) + more
