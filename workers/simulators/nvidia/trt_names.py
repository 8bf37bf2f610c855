"""The enumerations of TensorRT, as the version in use has them."""

from __future__ import annotations

import enum
import math
import os
from typing import Iterable

import numpy as np

VERSIONS = {"8.6.1": "8.6.1", "10.16.1": "10.16.1.11", "11.4.0": "11.4.0.106"}
__version__ = VERSIONS[os.environ.get("DINOQ_SIM_TENSORRT", "10.16.1")]
MAJOR = int(__version__.split(".")[0])


class Named(enum.Enum):
    """pybind11's kind of enumeration: turns into a number only when asked."""

    def __int__(self) -> int:
        return int(self.value)


class DataType(Named):
    """What a tensor is made of."""

    FLOAT = 0
    HALF = 1
    INT8 = 2
    INT32 = 3
    BOOL = 4

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return int(nptype(self)().itemsize)


class TensorIOMode(Named):
    """Which way a tensor goes."""

    NONE = 0
    INPUT = 1
    OUTPUT = 2


class MemoryPoolType(Named):
    """What memory is limited."""

    WORKSPACE = 0


class ProfilingVerbosity(Named):
    """How much an engine tells of its layers."""

    LAYER_NAMES_ONLY = 0
    NONE = 1
    DETAILED = 2


class LayerInformationFormat(Named):
    """How it tells them."""

    ONELINE = 0
    JSON = 1


if MAJOR >= 11:
    # Strongly typed: precision flags and the explicit batch are gone, and numbers have moved.

    class BuilderFlag(Named):
        """What the builder may do."""

        DEBUG = 2
        REFIT = 4
        TF32 = 6

    class NetworkDefinitionCreationFlag(Named):
        """What kind of network."""

        STRONGLY_TYPED = 0

else:

    class BuilderFlag(Named):  # type: ignore[no-redef]
        """What the builder may do."""

        FP16 = 0
        INT8 = 1
        DEBUG = 2
        REFIT = 4
        TF32 = 6

    class NetworkDefinitionCreationFlag(Named):  # type: ignore[no-redef]
        """What kind of network."""

        EXPLICIT_BATCH = 0
        if MAJOR >= 10:
            STRONGLY_TYPED = 1


float32 = DataType.FLOAT
float16 = DataType.HALF
_NUMPY = {
    DataType.FLOAT: np.float32,
    DataType.HALF: np.float16,
    DataType.INT8: np.int8,
    DataType.INT32: np.int32,
    DataType.BOOL: np.bool_,
}


class Dims(tuple):  # type: ignore[type-arg]
    """A shape; -1 where it is open."""


def nptype(trt_type: DataType) -> type[np.generic]:
    """numpy's name for it."""
    return _NUMPY[trt_type]


def data_type(dtype: str) -> DataType:
    """TensorRT's name for a numpy dtype. Raises: ValueError."""
    for name, known in _NUMPY.items():
        if np.dtype(known).name == dtype:
            return name
    raise ValueError(dtype)


def volume(iterable: Iterable[int]) -> int:
    """How many elements a shape has."""
    return math.prod(iterable)
