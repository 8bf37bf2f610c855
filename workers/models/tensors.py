"""Tensors as a checkpoint of torch describes them, before any of their numbers is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.workers.models.pickled import Damaged, Foreign, Grammar, Name

ITEM_BYTES: Mapping[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "bool": 1,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
}
STORAGES: Mapping[Name, str] = {
    Name("torch", f"{kind}Storage"): dtype
    for kind, dtype in (
        *(("Double", "float64"), ("Float", "float32"), ("Half", "float16"), ("BFloat16", "bfloat16")),
        *(("Long", "int64"), ("Int", "int32"), ("Short", "int16"), ("Char", "int8"), ("Byte", "uint8")),
        ("Bool", "bool"),
    )
}
"""torch's classes of storages, by the dtype of their elements."""
MAX_DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Storage:
    """A row of numbers outside the pickle: its key in the file, dtype, and how many there are."""

    key: str
    dtype: str
    numel: int

    @property
    def n_bytes(self) -> int:
        """What it takes in the file."""
        return self.numel * ITEM_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage; strides and offset count elements and never leave it."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """As torch names it."""
        return self.storage.dtype

    def array(self, data: memoryview) -> NDArray[np.float32]:
        """The numbers of a float32 tensor, read-only, without a copy; `data` is the whole storage, little-endian."""
        flat = np.frombuffer(data, "<f4", count=self.storage.numel)[self.offset :]
        strides = [stride * ITEM_BYTES["float32"] for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat, self.shape, strides, writeable=False)


def grammar(storages: dict[str, Storage]) -> Grammar:
    """What a checkpoint's pickle may say; each storage that it mentions is put into `storages`, by key."""

    def persistent(told: object) -> Storage:
        storage = _storage(told)
        if storages.setdefault(storage.key, storage) != storage:
            raise Damaged(f"storage {storage.key} is described twice, and differently")
        return storage

    return Grammar(
        names=frozenset(STORAGES),
        calls={
            Name("collections", "OrderedDict"): _ordered_dict,
            Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
            Name("torch._utils", "_rebuild_parameter"): _parameter,
        },
        persistent=persistent,
    )


def _storage(told: object) -> Storage:
    """`("storage", type, key, location, numel)`, in older files with a view (None) at the end."""
    if not isinstance(told, tuple) or len(told) not in (5, 6) or told[0] != "storage":
        raise Foreign("an object outside the pickle that is no storage")
    _, kind, key, _, numel, *view = told
    if not isinstance(kind, Name) or kind not in STORAGES:
        raise Foreign(f"a storage of {kind if isinstance(kind, Name) else type(kind).__name__}")
    if view not in ([], [None]):
        raise Foreign("a storage that is a view of another")
    if not isinstance(key, str):
        raise Damaged("a storage without key")
    return Storage(key, STORAGES[kind], *_whole((numel,)))


def _tensor(arguments: tuple[object, ...]) -> Tensor:
    """`(storage, offset, shape, strides, requires_grad, hooks)`, in newer files with metadata (none) at the end."""
    if len(arguments) not in (6, 7) or not isinstance(storage := arguments[0], Storage):
        raise Damaged("a tensor without storage")
    if len(arguments) == 7 and arguments[6]:
        raise Foreign("a tensor with metadata, which may be conjugated or negated")
    (offset,), shape, strides = _whole((arguments[1],)), _whole(arguments[2]), _whole(arguments[3])
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=False))
    if len(shape) != len(strides) or (0 not in shape and last >= storage.numel):
        raise Damaged(f"a tensor {list(shape)} reaches beyond its storage of {storage.numel} numbers")
    return Tensor(storage, offset, shape, strides)


def _whole(values: object) -> tuple[int, ...]:
    """Raises: Damaged for what is no tuple of a few whole numbers from 0, as torch has them."""
    if not isinstance(values, tuple) or len(values) > MAX_DIMENSIONS:
        raise Damaged("a tensor without shape or strides")
    if not all(isinstance(value, int) and 0 <= value < 1 << 63 for value in values):
        raise Damaged("a tensor or storage whose sizes are no whole numbers from 0")
    return values


def _parameter(arguments: tuple[object, ...]) -> Tensor:
    if not arguments or not isinstance(arguments[0], Tensor):
        raise Damaged("a parameter without tensor")
    return arguments[0]


def _ordered_dict(arguments: tuple[object, ...]) -> dict[object, object]:
    """Empty, and filled afterwards, as Python 3 writes it. Contents as arguments could be copied without end."""
    if arguments:
        raise Foreign("an OrderedDict that is called with arguments")
    return {}
