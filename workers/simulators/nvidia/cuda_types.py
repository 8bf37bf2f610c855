"""The enumerations, handles and properties of `cuda.bindings.runtime`; names and numbers are the CUDA runtime's."""

from __future__ import annotations

import enum

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


class cudaUUID_t:
    """16 bytes."""

    def __init__(self, raw: bytes) -> None:
        self.bytes = raw


class cudaDeviceProp:
    """What CUDA tells of a card."""

    def __init__(self, device: Device) -> None:
        self.name = NAME.encode()
        self.uuid = cudaUUID_t(bytes.fromhex(device.serial.replace("-", "")))
        self.major, self.minor = CAPABILITY
        self.totalGlobalMem = device.model.memory_mb << 20
        self.multiProcessorCount = 40
        self.pciDomainID, self.pciBusID, self.pciDeviceID = (
            int(part, 16) for part in device.bus_id.split(".")[0].split(":")
        )
