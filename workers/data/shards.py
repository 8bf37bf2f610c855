"""One shard: the uint8 pixels of a slice in one file, checked as it is read.

Layout: planar pixels [n, 3, H, W] from offset 0, so that the file can be mapped; then a JSON trailer (version, shape,
crc32 per block of 32 samples, readable flags and reasons), its crc32 as 4 and its length as 8 bytes little-endian, and a
magic of 8 bytes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from isal.isal_zlib import crc32  # the same sums as zlib's, 12 times as fast: a third of what a feed costs
from numpy.typing import NDArray
from PIL import __version__ as pillow_version
from PIL import features

from dinoq.jobs.errors import BadFolder
from dinoq.jobs.recipe import Recipe

BLOCK = 32
"""Samples per checksum: 4.8 MB at 224 pixels."""
MAGIC = b"dinoqsh2"
FOOT = struct.Struct("<IQ8s")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DamagedShard(Exception):
    """The file is missing, cut short, or not what was written."""


def decoder_versions() -> str:
    """What decodes and resizes: other versions may make other pixels."""
    return f"pillow {pillow_version}, libjpeg {features.version('libjpeg_turbo') or features.version('jpg')}"


def shard_key(sample_sha256s: bytes, recipe: Recipe, salt: str) -> str:
    """What the pixels follow from: contents in order, geometry, decoder, layout. Labels do not count.

    A sample that could not be read (32 zero bytes) may be readable next time: then the salt keeps the shard one job's.
    """
    zeros = bytes(32)
    unread = any(sample_sha256s[at : at + 32] == zeros for at in range(0, len(sample_sha256s), 32))
    parts = [recipe.pixel_digest(), decoder_versions(), "planar uint8 2", salt if unread else ""]
    return hashlib.sha256(json.dumps(parts).encode() + sample_sha256s).hexdigest()


@dataclass
class Shard:
    """An open shard. `pixels` uint8 [n, 3, H, W] is a view of the mapped file; `readable` bool [n];
    `reasons` by the sample's place, as text."""

    path: Path
    pixels: NDArray[np.uint8]
    readable: NDArray[np.bool_]
    crcs: list[int]
    reasons: dict[str, str]

    def checked(self, first: int, count: int) -> NDArray[np.uint8]:
        """A view of samples [first, first + count), once their blocks' checksums agree. Raises: DamagedShard."""
        for block in range(first // BLOCK, -(-(first + count) // BLOCK)):
            if crc32(self.pixels[block * BLOCK : (block + 1) * BLOCK].data) != self.crcs[block]:
                raise DamagedShard(f"shard {self.path.name[:12]} is damaged in block {block}")
        return self.pixels[first : first + count]


class ShardWriter:
    """Takes the samples of a slice in order and writes them block by block; nothing is held but one block."""

    def __init__(self, out: BinaryIO, recipe: Recipe) -> None:
        self._out = out
        self._block = np.zeros((BLOCK, 3, recipe.crop, recipe.crop), np.uint8)
        self._filled = 0
        self._crcs: list[int] = []
        self._readable = bytearray()
        self._reasons: dict[str, str] = {}

    def next_sample(self) -> NDArray[np.uint8]:
        """The array to write the next sample into, uint8 [3, H, W], zeros."""
        if self._filled == BLOCK:
            self._flush()
        self._block[self._filled] = 0
        self._filled += 1
        sample: NDArray[np.uint8] = self._block[self._filled - 1]
        return sample

    def accept(self, reason: str = "") -> None:
        """The sample is in; one that is not readable, for this reason, stays zeros."""
        if reason:
            self._block[self._filled - 1] = 0
            self._reasons[str(len(self._readable))] = reason
        self._readable.append(not reason)

    def finish(self) -> bytes:
        """Write what is left and the trailer; one byte per sample: 1 = readable."""
        self._flush()
        shape = [len(self._readable), *self._block.shape[1:]]
        flags = self._readable.hex()
        trailer = {"version": 1, "shape": shape, "crc32": self._crcs, "readable": flags, "reasons": self._reasons}
        body = json.dumps(trailer).encode()
        self._out.write(body + FOOT.pack(crc32(body), len(body), MAGIC))
        return bytes(self._readable)

    def _flush(self) -> None:
        block = self._block[: self._filled]
        if self._filled:
            self._crcs.append(crc32(block.data))
            self._out.write(block.data)
        self._filled = 0


@contextlib.contextmanager
def fresh_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file to write in `folder`; it is on disk when the block ends, and gone when the block fails.

    The caller renames it into place. Raises: BadFolder when the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    try:
        with path.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno in FULL:
            raise BadFolder(
                f"the store {folder} is full: {error.strerror}.", hint="free space, then dinoq retry"
            ) from None
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def open_shard(path: Path) -> Shard:
    """Map a shard. Raises: DamagedShard."""
    name = path.name[:12]
    try:
        with path.open("rb") as file:
            trailer, end = _trailer(name, file)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        pixels = np.frombuffer(mapped, np.uint8, end).reshape(trailer["shape"])
        readable = np.frombuffer(bytes.fromhex(trailer["readable"]), np.uint8).astype(np.bool_)
        return Shard(path, pixels, readable, trailer["crc32"], trailer["reasons"])
    except FileNotFoundError:
        raise DamagedShard(f"shard {name} is not in the store") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedShard(f"shard {name} has no readable trailer: {error}") from None


def _trailer(name: str, file: BinaryIO) -> tuple[dict[str, Any], int]:
    """What stands behind the pixels, and where they end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - FOOT.size))
    foot = file.read()
    if len(foot) != FOOT.size:
        raise DamagedShard(f"shard {name} is cut short")
    checksum, length, magic = FOOT.unpack(foot)
    end = size - FOOT.size - length
    if magic != MAGIC or end < 0:
        raise DamagedShard(f"shard {name} is cut short")
    file.seek(end)
    body = file.read(length)
    if crc32(body) != checksum:
        raise DamagedShard(f"shard {name} is damaged in its trailer")
    return json.loads(body), end
