"""Checkpoints of torch read without torch, and without running anything: the zip format and the one before 1.6.

Every size is checked before a number is touched, and numbers are views of the mapped file. Source of both formats:
torch/serialization.py.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.errors import BadCheckpoint
from dinoq.workers.models.pickled import Damaged, Foreign, read_pickle
from dinoq.workers.models.tensors import Storage, Tensor, grammar

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, then lengths of name and extra field, at the end of 30 bytes."""
COUNT = struct.Struct("<q")

AGAIN = "get it from its publisher again and compare size or sha256"
TRUST = "take weights that were saved alone, with torch.save(model.state_dict(), FILE), from whom you trust"
NAMESPACE = (
    "with torch: torch.serialization.add_safe_globals([argparse.Namespace]); "
    "torch.save(torch.load(FILE, weights_only=True)['teacher'], 'teacher.pth')"
)
MERGE = (
    "merge the parts with torch: "
    "torch.save({**torch.load(PART1, weights_only=True), **torch.load(PART2, weights_only=True)}, 'whole.pth')"
)
NO_CHECKPOINT: tuple[tuple[bytes, str, str], ...] = (
    (b"{", "is JSON, such as the index of a checkpoint in parts (shards)", MERGE),
    (b"version https://git-lfs", "is a Git LFS pointer, not the file itself", "git lfs pull"),
    (b"<", "is a page of HTML or XML, not the file that it stands for", AGAIN),
    (b"\x1f\x8b", "is compressed by gzip", "gunzip it"),
)
"""What is taken for a checkpoint: its first bytes, what it is, and the cure."""


MAX_TEXT = 300


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """An open checkpoint: plain containers with tensors in them, which stay in the mapped file until asked for."""

    path: Path
    format: Literal["zip", "legacy"]
    sha256: str
    values: object
    data: Mapping[str, memoryview]

    def array(self, tensor: Tensor) -> NDArray[np.float32]:
        """The numbers of a float32 tensor, read-only."""
        return tensor.array(self.data[tensor.storage.key])


def open_checkpoint(path: Path) -> Checkpoint:
    """Open and check a checkpoint. Raises: BadCheckpoint, which names what a file holds that is no plain value."""
    mapped = _mapped(path)
    storages: dict[str, Storage] = {}
    is_zip = mapped[:4] == ZIP_MAGIC
    try:
        values, data = (_read_zip if is_zip else _read_legacy)(path, mapped, storages)
    except Foreign as error:
        raise refusal(
            path,
            f"holds {error}; dinoq reads tensors and plain containers, and runs nothing of a file",
            NAMESPACE if str(error) == "argparse.Namespace" else TRUST,
        ) from None
    except (Damaged, zipfile.BadZipFile) as error:
        raise refusal(path, f"is cut off or damaged: {error}", AGAIN) from None
    digest = hashlib.sha256(mapped).hexdigest()
    return Checkpoint(path=path, format="zip" if is_zip else "legacy", sha256=digest, values=values, data=data)


def refusal(path: Path, text: str, hint: str) -> BadCheckpoint:
    """The error for a file. What it says of itself may be of any length, and steer the terminal that it is shown on."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[: MAX_TEXT + 1])
    return BadCheckpoint(f"checkpoint {path} {plain[:MAX_TEXT]}{'...' * (len(plain) > MAX_TEXT)}.", hint=hint)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise refusal(path, f"cannot be read: {error.strerror}", "name a .pth file") from None
    except ValueError:
        raise refusal(path, "is empty", AGAIN) from None


def _read_zip(path: Path, mapped: mmap.mmap, storages: dict[str, Storage]) -> tuple[object, dict[str, memoryview]]:
    """`ROOT/data.pkl`, and each storage as `ROOT/data/KEY`."""
    members, whole = _members(path), memoryview(mapped)
    root = next((name.removesuffix("data.pkl") for name in members if name.split("/")[1:] == ["data.pkl"]), None)
    if root is None or f"{root}constants.pkl" in members:
        what = "is an archive without data.pkl" if root is None else "is a TorchScript program"
        raise refusal(path, f"{what}; expected a state dict", TRUST)
    order = members.get(f"{root}byteorder")
    if order is not None and bytes(_member(whole, order)) != b"little":
        raise refusal(path, "is big-endian; expected little-endian", TRUST)
    values = read_pickle(io.BytesIO(_member(whole, members[f"{root}data.pkl"])), grammar(storages))
    if lost := [key for key in storages if f"{root}data/{key}" not in members]:
        raise refusal(
            path,
            f"lacks the numbers of {len(lost)} of {len(storages)} storages (data/{lost[0]})",
            f"one part of several? {MERGE}",
        )
    data = {key: _member(whole, members[f"{root}data/{key}"]) for key in storages}
    for key, storage in storages.items():
        if len(data[key]) != storage.n_bytes:
            raise Damaged(f"data/{key} has {len(data[key])} bytes, expected {storage.n_bytes}")
    return values, data


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (ValueError, NotImplementedError, struct.error, EOFError, OSError) as error:
        raise Damaged(str(error)) from None
    members = {entry.filename: entry for entry in entries}
    if len(members) != len(entries):
        raise Damaged("a name is there twice in the archive, which torch never writes")
    return members


def _member(whole: memoryview, entry: zipfile.ZipInfo) -> memoryview:
    """The bytes as they lie in the file. torch can be told to leave checksums out; it writes 0 then."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise Damaged(f"{entry.filename} is compressed or encrypted, which torch never writes")
    start = entry.header_offset
    if not 0 <= start <= len(whole) - LOCAL_HEADER.size:
        raise Damaged(f"{entry.filename} lies outside the file")
    magic, n_name, n_extra = LOCAL_HEADER.unpack_from(whole, start)
    start += LOCAL_HEADER.size + n_name + n_extra
    data = whole[start : start + entry.file_size]
    if magic != ZIP_MAGIC or len(data) != entry.file_size or entry.CRC not in (0, zlib.crc32(data)):
        raise Damaged(f"the bytes of {entry.filename} are not those that were written")
    return data


def _read_legacy(path: Path, mapped: mmap.mmap, storages: dict[str, Storage]) -> tuple[object, dict[str, memoryview]]:
    """Pickles in a row (magic, protocol, system, the object, the keys), then per key its count and its numbers."""
    _check_kind(path, mapped)
    file, allowed = cast("IO[bytes]", mapped), grammar(storages)
    magic, protocol, system = (read_pickle(file, allowed) for _ in range(3))
    if (magic, protocol) != (LEGACY_MAGIC, LEGACY_PROTOCOL) or not isinstance(system, dict):
        raise refusal(path, "is a pickle, but none that torch.save wrote", TRUST)
    if system.get("little_endian") is not True:
        raise refusal(path, "is big-endian; expected little-endian", TRUST)
    values, keys = read_pickle(file, allowed), read_pickle(file, allowed)
    # Texts before all else: what a list holds may be nested so that its text or hash would take for ever.
    texts = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    if texts != keys or set(texts) != set(storages) or len(texts) != len(storages):
        raise Damaged("the list of storages is not that of the tensors")
    data, place = {}, mapped.tell()
    for key in texts:
        data[key], place = _row(memoryview(mapped), place, storages[key])
    if place != len(mapped):
        raise Damaged(f"{len(mapped) - place} bytes stand behind the last storage")
    return values, data


def _row(whole: memoryview, place: int, storage: Storage) -> tuple[memoryview, int]:
    """The numbers of one storage, and where the next begins."""
    begin, end = place + COUNT.size, place + COUNT.size + storage.n_bytes
    if end > len(whole) or COUNT.unpack_from(whole, place) != (storage.numel,):
        raise Damaged(f"storage {storage.key} of {storage.numel} numbers is not there whole")
    return whole[begin:end], end


def _check_kind(path: Path, mapped: mmap.mmap) -> None:
    """Raises: BadCheckpoint for a file of another kind that is often taken for a checkpoint."""
    head = mapped[:32].lstrip()
    if mapped[8:9] == b"{" and mapped[9:10] in b'" ':
        hint = "torch.save(safetensors.torch.load_file(FILE), 'weights.pth')"
        raise refusal(path, "is a safetensors file; expected what torch.save wrote", hint)
    for start, what, cure in NO_CHECKPOINT:
        if head.startswith(start):
            raise refusal(path, what, cure)
