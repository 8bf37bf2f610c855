"""Remembers the sha256 of photos by size, place and time of change, so that a stored slice need not be read again."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from pathlib import Path

import numpy as np

from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.photos import Photos, Stamps


def recall(folder: Path, photos: Photos, manifest: Manifest, first: int, count: int) -> bytes | None:
    """The remembered sha256s of samples [first, first + count), 32 bytes each; None when any photo may have changed."""
    try:
        with _file(folder, photos.root, manifest, first, count).open("rb") as note, np.load(note) as kept:
            stamps, sha256s = kept["stamps"], kept["sha256s"]
        if np.array_equal(stamps, photos.stamps(manifest.names[first : first + count])):
            return bytes(sha256s.tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    return None


def remember(
    folder: Path, photos: Photos, manifest: Manifest, first: int, sha256s: bytes, before: Stamps | None
) -> None:
    """Keep the sha256s of a slice with what its photos look like; a lost note only costs another read.

    `before` are their stamps from before they were read: of one that was still being written then nothing is kept.
    """
    count = len(sha256s) // 32
    file = _file(folder, photos.root, manifest, first, count)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Of its own: the same slice may be stored for two jobs at once.
        fresh = folder / f".{uuid.uuid4().hex}.npz"
        stamps = photos.stamps(manifest.names[first : first + count])
        if before is None or not np.array_equal(stamps, before):
            return
        np.savez(fresh, stamps=stamps, sha256s=np.frombuffer(sha256s, np.uint8))
        fresh.replace(file)
    except OSError:
        return


def _file(folder: Path, root: Path, manifest: Manifest, first: int, count: int) -> Path:
    what = f"{root.resolve()}\0{manifest.id}\0{first}\0{count}"
    return folder / f"{hashlib.sha256(what.encode(errors='surrogateescape')).hexdigest()}.npz"
