"""Tensors of the simulated aclruntime: in host or in device memory, and the times of the copies between them."""

from __future__ import annotations

import ctypes
import enum
import math
import operator
import time
from typing import Any, Sequence

import numpy as np

from dinoq.workers.simulators.ascend.acl import ACL, GENERAL, failure, misused


class Code(enum.Enum):
    """An enumeration as pybind makes it: no number, but convertible to one."""

    def __int__(self) -> int:
        return int(self.value)


class DataType(Code):
    """aclDataType."""

    float32 = 0
    float16 = 1
    int8 = 2
    int32 = 3
    uint8 = 4
    int16 = 6
    uint16 = 7
    uint32 = 8
    int64 = 9
    uint64 = 10
    double = 11
    bool = 12


class Place(Code):
    """Where a tensor's memory is."""

    memory_host = 0
    memory_device = 1
    memory_dvpp = 2


def data_type(name: str) -> DataType:
    """The member for numpy's name of a dtype. Raises: KeyError."""
    return DataType[{"float64": "double"}.get(name, name)]


class MemoryTimes:
    """Milliseconds of all copies of the process, in order."""

    def __init__(self) -> None:
        self.H2D_time_list: list[float] = []
        self.D2H_time_list: list[float] = []

    def reset(self) -> None:
        """Forget them."""
        self.H2D_time_list.clear()
        self.D2H_time_list.clear()


MEMORY = MemoryTimes()


class BaseTensor:
    """A raw host address and a number of bytes: nobody checks that they are anyone's, and nobody keeps them alive."""

    def __init__(self, buf: int, size: int) -> None:
        try:
            self.buf, self.size = operator.index(buf), operator.index(size)
        except TypeError:
            raise misused("__init__", ["aclruntime.BaseTensor(buf: int, size: int)"], (buf, size)) from None

    def read(self, dtype: str, shape: Sequence[int]) -> np.ndarray:
        """What lies there, seen as such an array; it is not copied, as nothing outlasts the call that reads it."""
        raw = (ctypes.c_char * self.size).from_address(self.buf)
        seen: np.ndarray = np.frombuffer(memoryview(raw), np.dtype(dtype)).reshape(shape)
        return seen


class Tensor:
    """A copy of a buffer. `np.array(t)` works on the host only (here by `__array__`: no memoryview before Python 3.12)."""

    def __init__(self, buffer: Any) -> None:
        array = np.array(buffer, order="C")
        try:
            self._dtype = data_type(array.dtype.name)
        except KeyError:
            raise misused("__init__", ["aclruntime.Tensor(arg0: buffer)"], (buffer,)) from None
        self._array = array
        self._place = Place.memory_host
        self._device_id = -1

    @classmethod
    def on_device(cls, array: np.ndarray, device_id: int) -> Tensor:
        """What `run` returns; the array is not copied, as only `to_host` gives it out."""
        made = cls.__new__(cls)
        made._array, made._dtype = array, data_type(array.dtype.name)
        made._place, made._device_id = Place.memory_device, device_id
        return made

    @property
    def type(self) -> Place:
        """Where it is."""
        return self._place

    @property
    def device(self) -> int:
        """On which device; -1 on the host."""
        return self._device_id

    @property
    def dtype(self) -> DataType:
        """Of its elements."""
        return self._dtype

    @property
    def shape(self) -> list[int]:
        """Sizes."""
        return list(self._array.shape)

    @property
    def nbytes(self) -> int:
        """Not of the interface: what `run` compares."""
        return int(math.prod(self._array.shape) * self._array.itemsize)

    def to_device(self, device_id: int) -> None:
        """Move to a device that an inference session has opened. Raises: RuntimeError."""
        self._move(Place.memory_device, device_id)

    def to_dvpp(self, device_id: int) -> None:
        """Move to memory for images."""
        self._move(Place.memory_dvpp, device_id)

    def to_host(self) -> None:
        """Move to the host. Raises: RuntimeError when its device is gone, or (build T) in a foreign thread."""
        if self._place is Place.memory_host:
            return
        ACL.need_context(self._device_id)
        begun = time.perf_counter()
        self._array = self._array.copy()
        MEMORY.D2H_time_list.append((time.perf_counter() - begun) * 1000.0)
        self._place, self._device_id = Place.memory_host, -1

    def read(self, dtype: str, shape: Sequence[int]) -> np.ndarray:
        """Not of the interface: the bytes as the model sees them. Raises: RuntimeError on the host."""
        if self._place is Place.memory_host:
            raise failure(GENERAL)
        return self._array.reshape(-1).view(np.uint8).view(dtype).reshape(shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self._place is not Place.memory_host:
            raise RuntimeError("tensor is in npu. can't convert to numpy array")
        array = self._array if dtype is None else self._array.astype(dtype)
        return array.copy() if copy else array

    def _move(self, place: Place, device_id: int) -> None:
        ACL.need_context(device_id)
        begun = time.perf_counter()
        self._array = self._array.copy()
        MEMORY.H2D_time_list.append((time.perf_counter() - begun) * 1000.0)
        self._place, self._device_id = place, device_id


def batch(inputs: list[Tensor], keep_dims: bool = False) -> Tensor:
    """Tensors of the host, one after the other; with a new first dimension when `keep_dims`."""
    arrays = [np.array(tensor) for tensor in inputs]
    return Tensor(np.stack(arrays) if keep_dims else np.concatenate(arrays))
