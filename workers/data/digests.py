"""Remembers the sha256 of photos by size and time of change, so that a stored slice need not be read again."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from pathlib import Path

import numpy as np

from dinoq.jobs.manifest import Manifest


def recall(folder: Path, root: Path, manifest: Manifest, first: int, count: int) -> bytes | None:
    """The remembered sha256s of samples [first, first + count), 32 bytes each; None when any file may have changed."""
    try:
        with _file(folder, root, manifest, first, count).open("rb") as note, np.load(note) as kept:
            stats, sha256s = kept["stats"], kept["sha256s"]
        if np.array_equal(stats, _stats(root, manifest, first, count)):
            return bytes(sha256s.tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    return None


def remember(folder: Path, root: Path, manifest: Manifest, first: int, sha256s: bytes) -> None:
    """Keep the sha256s of a slice with what its files look like now; a lost note only costs another read."""
    count = len(sha256s) // 32
    file = _file(folder, root, manifest, first, count)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Of its own: the same slice may be stored for two jobs at once.
        fresh = folder / f".{uuid.uuid4().hex}.npz"
        stats = _stats(root, manifest, first, count)
        np.savez(fresh, stats=stats, sha256s=np.frombuffer(sha256s, np.uint8))
        fresh.replace(file)
    except OSError:
        return


def _file(folder: Path, root: Path, manifest: Manifest, first: int, count: int) -> Path:
    what = f"{root.resolve()}\0{manifest.id}\0{first}\0{count}"
    return folder / f"{hashlib.sha256(what.encode(errors='surrogateescape')).hexdigest()}.npz"


def _stats(root: Path, manifest: Manifest, first: int, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Size and time of change in ns, int64 [count, 2]. Raises: OSError for a file that is not there."""
    facts = [(root / name).stat() for name in manifest.names[first : first + count]]
    return np.array([(fact.st_size, fact.st_mtime_ns) for fact in facts], np.int64).reshape(count, 2)
