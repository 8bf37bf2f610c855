"""The enumerations, handles and properties of `cuda.bindings.runtime`; names and numbers are the CUDA runtime's."""

from __future__ import annotations

import enum
from typing import NamedTuple

from dinoq.workers.simulators.machine import Device

NAME = "Tesla T4"
CAPABILITY = (7, 5)


class cudaError_t(enum.IntEnum):
    """The statuses that this simulator answers."""

    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorInitializationError = 3
    cudaErrorInsufficientDriver = 35
    cudaErrorDevicesUnavailable = 46
    cudaErrorNoDevice = 100
    cudaErrorInvalidDevice = 101
    cudaErrorInvalidResourceHandle = 400
    cudaErrorNotReady = 600
    cudaErrorIllegalAddress = 700
    cudaErrorLaunchFailure = 719
    cudaErrorStreamCaptureUnsupported = 900
    cudaErrorStreamCaptureInvalidated = 901
    cudaErrorIllegalState = 401
    cudaErrorUnknown = 999


class cudaMemcpyKind(enum.IntEnum):
    """Where a copy goes from and to."""

    cudaMemcpyHostToHost = 0
    cudaMemcpyHostToDevice = 1
    cudaMemcpyDeviceToHost = 2
    cudaMemcpyDeviceToDevice = 3


class cudaStreamCaptureMode(enum.IntEnum):
    """Whose unrecordable calls break a capture; there is one thread here."""

    cudaStreamCaptureModeGlobal = 0
    cudaStreamCaptureModeThreadLocal = 1
    cudaStreamCaptureModeRelaxed = 2


class _Handle:
    def __init__(self, number: int = 0) -> None:
        self._number = int(number)

    def __int__(self) -> int:
        return self._number

    def getPtr(self) -> int:
        """As the bindings' own handles have it."""
        return self._number


class cudaStream_t(_Handle):
    """A stream."""


class cudaEvent_t(_Handle):
    """An event."""


class cudaGraph_t(_Handle):
    """A captured graph."""


class cudaGraphExec_t(_Handle):
    """A graph that can be launched."""


class cudaUUID_t(NamedTuple):
    """16 bytes."""

    bytes: bytes


class cudaDeviceProp:
    """What CUDA tells of a card."""

    name = NAME.encode()
    major, minor = CAPABILITY
    multiProcessorCount = 40

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def uuid(self) -> cudaUUID_t:
        """Of this one card."""
        return cudaUUID_t(bytes.fromhex(self._device.serial.replace("-", "")))

    @property
    def totalGlobalMem(self) -> int:
        """Bytes."""
        return self._device.model.memory_mb << 20

    @property
    def pciBusID(self) -> int:
        """Where it is plugged in."""
        return int(self._device.bus_id.split(":")[1], 16)
