"""Datasets as people keep them: photos in a folder or a tar archive, their classes in a label file, a devkit, or the
names of their folders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import BadDataset
from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.class_folders import labels_of_folders
from dinoq.workers.data.devkit import is_devkit, read_devkit
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.label_file import read_label_file
from dinoq.workers.data.labels import Labels, join
from dinoq.workers.data.photos import Photos
from dinoq.workers.data.tar import open_tar

LIMIT_SEED = "dinoq-limit-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Photos and their manifest in the order of names, where the classes are from, words for the person, and the size
    of the whole when the manifest is only a part of it."""

    photos: Photos
    manifest: Manifest
    labels: Labels
    notes: tuple[str, ...] = ()
    part_of: int | None = None


def open_dataset(root: Path, labels: Path | None, *, limit: int | None = None, cache: Path | None = None) -> Dataset:
    """List the photos of a folder or tar and join their labels: from `labels` by name, else from the folders' names.

    `limit` takes a sample by name hash, always the same one; `cache` is where indexes of archives are kept. The
    labels are as written: `classes.fitted` holds them against a model. Raises: BadDataset, BadLabels.
    """
    photos = open_photos(root, cache)
    names = photos.names()
    notes: tuple[str, ...] = ()
    if labels is None:
        source, notes = labels_of_folders(names, root)
    else:
        source = read_devkit(labels) if is_devkit(labels) else read_label_file(labels)
    pairs = join(names, source, root)
    whole = max(len(pairs), len(source.classes)) if source.whole else len(pairs)
    if len(pairs) < whole:
        notes += (f"{len(pairs)} of the {whole} photos that {source.path} labels are here",)
    manifest = Manifest(tuple(name for name, _ in pairs), tuple(label for _, label in pairs))
    if limit is not None:
        manifest = sampled(manifest, limit)
    part_of = whole if len(manifest) < whole else None
    return Dataset(photos=photos, manifest=manifest, labels=source, notes=notes, part_of=part_of)


def open_photos(root: Path, cache: Path | None = None) -> Photos:
    """The photos of a folder, or of a tar archive whose index is kept in `cache`. Raises: BadDataset."""
    if root.is_dir():
        return Folder(root)
    if not root.exists():
        raise BadDataset(f"data folder {root} is not there.", hint="--data DIR or TAR")
    return open_tar(root, cache)


def sampled(manifest: Manifest, limit: int) -> Manifest:
    """So many of the samples, in the order of names, or all; of a sample, the same as of the whole."""
    if limit >= len(manifest):
        return manifest
    pairs = sorted(zip(manifest.names, manifest.labels, strict=True), key=lambda pair: _rank(pair[0]))
    chosen = sorted(pairs[:limit])
    return Manifest(tuple(name for name, _ in chosen), tuple(label for _, label in chosen))


def _rank(name: str) -> bytes:
    return hashlib.sha256(f"{LIMIT_SEED} {name}".encode(errors="surrogateescape")).digest()
