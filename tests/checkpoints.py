"""Checkpoints as torch.save writes them, made without torch: the zip format, and the one before torch 1.6."""

from __future__ import annotations

import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "int64": "LongStorage"}
LEGACY_HEAD = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})


@dataclass(frozen=True)
class Stored:
    """A tensor: the bytes of its storage, torch's class for it, and the view."""

    numbers: bytes
    numel: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str = "FloatStorage"
    offset: int = 0
    metadata: object = None


@dataclass(frozen=True)
class Opcodes:
    """Bytes that stand in the pickle as they are."""

    code: bytes


def stored(array: NDArray[np.generic]) -> Stored:
    """The tensor that torch.from_numpy makes of an array."""
    flat = np.ascontiguousarray(array)
    strides = tuple(size // array.itemsize for size in flat.strides) if array.ndim else ()
    return Stored(flat.tobytes(), array.size, array.shape, strides, KINDS[str(array.dtype)])


def spread(*shape: int, kind: str = "FloatStorage", item: bytes = b"\0\0\x80\x3f") -> Stored:
    """A tensor of one number (1.0) that strides of zero spread to any shape, so that its file is small."""
    return Stored(item, 1, shape, (0,) * len(shape), kind)


def write_zip(path: Path, value: object, **extra: bytes) -> Path:
    """As torch.save writes since 1.6; `extra` members replace or add, by name with `_` for `.` and `__` for `/`."""
    writer = _Writer()
    members = {"data.pkl": writer.pickle(value), "byteorder": b"little", "version": b"3\n"}
    members |= {f"data/{no}": tensor.numbers for no, tensor in enumerate(writer.tensors)}
    members |= {name.replace("__", "/").replace("_", "."): data for name, data in extra.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), data)
    return path


def write_legacy(path: Path, value: object, *, little: bool = True, keys: object = None) -> Path:
    """As torch.save wrote before 1.6: pickles in a row, then the storages. `keys` stand in the place of the list of these."""
    writer = _Writer(legacy=True)
    magic, protocol, system = LEGACY_HEAD
    assert isinstance(system, dict)
    head = [_Writer().pickle(part) for part in (magic, protocol, {**system, "little_endian": little})]
    whole = writer.pickle(value)
    told = [writer.key(no) for no in range(len(writer.tensors))] if keys is None else keys
    with path.open("wb") as file:
        file.write(b"".join([*head, whole, _Writer().pickle(told)]))
        for tensor in writer.tensors:
            file.write(struct.pack("<q", min(tensor.numel, 1 << 62)))
            file.write(tensor.numbers)
    return path


@dataclass
class _Writer:
    """One pickle of protocol 2, with memo as torch's pickler keeps one, and the tensors that it met."""

    legacy: bool = False
    tensors: list[Stored] = field(default_factory=list)
    memo: dict[str, int] = field(default_factory=dict)

    def pickle(self, value: object) -> bytes:
        return b"\x80\x02" + self.code(value) + b"."

    def key(self, no: int) -> str:
        return str(94_000_000_000_000 + 64 * no) if self.legacy else str(no)

    def code(self, value: object) -> bytes:
        match value:
            case None | True | False:
                return {None: b"N", True: b"\x88", False: b"\x89"}[value]
            case int() | float():
                return _number(value)
            case str():
                return self._once(value, b"X" + struct.pack("<I", len(value.encode())) + value.encode())
            case Opcodes():
                return value.code
            case Stored():
                return self._tensor(value)
            case tuple():
                return b"(" + b"".join(map(self.code, value)) + b"t"
            case list():
                return b"](" + b"".join(map(self.code, value)) + b"e"
            case OrderedDict():
                state = b"}(" + self.code("_metadata") + self.code({"": {"version": 2}}) + b"ub"
                return self._name("collections", "OrderedDict") + b")R" + self._items(value) + state
            case dict():
                return b"}" + self._items(value)
        raise TypeError(f"no code for {type(value).__name__}")

    def _items(self, values: dict[object, object]) -> bytes:
        return b"(" + b"".join(self.code(part) for pair in values.items() for part in pair) + b"u"

    def _name(self, module: str, name: str) -> bytes:
        return self._once(f"{module} {name}", f"c{module}\n{name}\n".encode())

    def _once(self, told: str, code: bytes) -> bytes:
        if told in self.memo:
            return b"j" + struct.pack("<I", self.memo[told])
        self.memo[told] = len(self.memo)
        return code + b"r" + struct.pack("<I", self.memo[told])

    def _tensor(self, tensor: Stored) -> bytes:
        key = self.key(len(self.tensors))
        self.tensors.append(tensor)
        told = [self.code("storage"), self._name("torch", tensor.kind), *map(self.code, (key, "cpu", tensor.numel))]
        storage = b"(" + b"".join(told) + (b"N" if self.legacy else b"") + b"tQ"
        view = b"".join(map(self.code, (tensor.offset, tensor.shape, tensor.strides, False)))
        hooks = self._name("collections", "OrderedDict") + b")R"
        metadata = b"" if tensor.metadata is None else self.code(tensor.metadata)
        return self._name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + view + hooks + metadata + b"tR"


def _number(value: float) -> bytes:
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return (b"\x8a" + bytes([len(data)]) if len(data) < 256 else b"\x8b" + struct.pack("<i", len(data))) + data
