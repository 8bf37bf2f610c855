"""Preprocesses one slice into the store: each photo read once, hashed, decoded, written; or found there already."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from dinoq.jobs.ledger import Preprocessed
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import Recipe
from dinoq.workers.data import digests as remembered
from dinoq.workers.data.photos import Photos, Stamps
from dinoq.workers.data.preprocess import BadSample, pixels
from dinoq.workers.data.shards import DamagedShard, ShardWriter, fresh_file, open_shard, shard_key
from dinoq.workers.data.store import Store, mark_used

READ_TRIES = 3


def store_slice(
    store: Store,
    photos: Photos,
    manifest: Manifest,
    first: int,
    count: int,
    recipe: Recipe,
    *,
    salt: str,
    digests: Path,
    progress: Callable[[int], None],
) -> Preprocessed:
    """Have samples [first, first + count) in the store. `progress(n_done)` is called for each, and may raise to stop.

    A photo that cannot be read or decoded is zeros, not readable, with its reason. Raises: BadFolder when the store
    is full.
    """
    if known := remembered.recall(digests, photos, manifest, first, count):
        key = shard_key(known, recipe, salt)
        if (readable := _stored(store, key)) is not None:
            flags, why = readable
            names = manifest.names[first : first + count]
            reasons = {names[int(at)]: text for at, text in why.items()}
            return Preprocessed(shard_key=key, readable=flags, sample_sha256s=known, reasons=reasons)
    return _make(store, photos, manifest, first, count, recipe, salt, digests, progress)


def _make(
    store: Store,
    photos: Photos,
    manifest: Manifest,
    first: int,
    count: int,
    recipe: Recipe,
    salt: str,
    digests: Path,
    progress: Callable[[int], None],
) -> Preprocessed:
    folder, name = store.path / "shards", f".{uuid.uuid4().hex}"
    sha256s, reasons, before = bytearray(), {}, _stamps(photos, manifest.names[first : first + count])
    with fresh_file(folder, name) as out:
        writer = ShardWriter(out, recipe)
        for done, sample in enumerate(manifest.names[first : first + count]):
            progress(done)
            sha256, reason = _sample(photos, sample, recipe, writer)
            sha256s += sha256
            if reason:
                reasons[sample] = reason
        readable = writer.finish()
    key = shard_key(bytes(sha256s), recipe, salt)
    place = store.shard_path(key)
    place.parent.mkdir(parents=True, exist_ok=True)
    (folder / name).replace(place)
    if bytes(32) not in (bytes(sha256s[at : at + 32]) for at in range(0, len(sha256s), 32)):
        remembered.remember(digests, photos, manifest, first, bytes(sha256s), before)
    return Preprocessed(shard_key=key, readable=readable, sample_sha256s=bytes(sha256s), reasons=reasons)


def _stamps(photos: Photos, names: Sequence[str]) -> Stamps | None:
    try:
        return photos.stamps(names)
    except OSError:  # one is not there, and will be told as a sample
        return None


def _sample(photos: Photos, name: str, recipe: Recipe, writer: ShardWriter) -> tuple[bytes, str]:
    """Read, hash, decode one photo into the writer: its sha256 (zeros when it could not be read) and what is wrong."""
    out, sha256, reason = writer.next_sample(), bytes(32), ""
    try:
        data = read_again(photos, name)
        sha256 = hashlib.sha256(data).digest()
        pixels(data, recipe, out)
    except BadSample as error:
        reason = str(error)
    except OSError as error:
        reason = f"it cannot be read: {error.strerror or error}"
    writer.accept(reason)
    return sha256, reason


def read_again(photos: Photos, name: str) -> bytes:
    """The bytes of a photo, tried again at once: on a network folder an error often passes. Raises: OSError."""
    for _ in range(READ_TRIES - 1):
        try:
            return photos.read(name)
        except OSError:
            continue
    return photos.read(name)


def _stored(store: Store, key: str) -> tuple[bytes, dict[str, str]] | None:
    mark_used(store.shard_path(key))
    try:
        shard = open_shard(store.shard_path(key))
    except DamagedShard:
        return None
    return shard.readable.astype("u1").tobytes(), shard.reasons
