"""The pixels of photos for an export: those that a job has left in the store, all others from the photos themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import plan_slices
from dinoq.jobs.recipe import Recipe
from dinoq.workers.data.digests import recall
from dinoq.workers.data.photos import Photos
from dinoq.workers.data.preprocess import BadSample, pixels
from dinoq.workers.data.shards import BLOCK, DamagedShard, Shard, open_shard, shard_key
from dinoq.workers.data.slices import read_again
from dinoq.workers.data.store import Store

Make = Callable[[str, NDArray[np.uint8]], str]
"""Writes the pixels of the photo of that name into uint8 [3, crop, crop]; says why not, empty for nothing."""


def from_photos(photos: Photos, recipe: Recipe) -> Make:
    """Read and decode each."""

    def make(name: str, out: NDArray[np.uint8]) -> str:
        try:
            pixels(read_again(photos, name), recipe, out)
        except BadSample as error:
            return str(error)
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        return ""

    return make


def from_store(store: Store, digests: Path, photos: Photos, manifest: Manifest, recipe: Recipe) -> Make:
    """Take what the store holds of unchanged photos, in slices as most jobs cut them; read and decode the others."""
    kept = dict(_kept(store, digests, photos, manifest, recipe))
    otherwise = from_photos(photos, recipe)

    def make(name: str, out: NDArray[np.uint8]) -> str:
        if name not in kept:
            return otherwise(name, out)
        slice_, at = kept[name]
        try:
            return slice_.copy(at, out)
        except DamagedShard:
            return otherwise(name, out)

    return make


class _Slice:
    """A shard whose blocks are checked when the first of their samples is wanted."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._sound: set[int] = set()

    def copy(self, at: int, out: NDArray[np.uint8]) -> str:
        """Sample `at`, or why it has no pixels. Raises: DamagedShard."""
        block = at // BLOCK
        if block not in self._sound:
            first = block * BLOCK
            self._shard.checked(first, min(BLOCK, len(self._shard.pixels) - first))
            self._sound.add(block)
        np.copyto(out, self._shard.pixels[at])
        return self._shard.reasons.get(str(at), "")


def _kept(
    store: Store, digests: Path, photos: Photos, manifest: Manifest, recipe: Recipe
) -> Iterator[tuple[str, tuple[_Slice, int]]]:
    for piece in plan_slices(len(manifest), [1]):
        known = recall(digests, photos, manifest, piece.first, piece.count)
        if known is None:
            continue
        try:
            shard = _Slice(open_shard(store.shard_path(shard_key(known, recipe, salt=""))))
        except DamagedShard:
            continue
        names = manifest.names[piece.first : piece.first + piece.count]
        yield from ((name, (shard, at)) for at, name in enumerate(names))
