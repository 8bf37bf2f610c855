"""The simulator of `pynvml` from nvidia-ml-py: what NVML tells of the simulated T4s."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from dinoq.workers.simulators import faults, machine, occupancy, telemetry
from dinoq.workers.simulators.nvidia.card import uuid_of
from dinoq.workers.simulators.nvidia.cuda_types import CAPABILITY, NAME

__simulated__ = True

NVML_ERROR_UNINITIALIZED = 1
NVML_ERROR_INVALID_ARGUMENT = 2
NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_NO_PERMISSION = 4
NVML_ERROR_NOT_FOUND = 6
NVML_ERROR_DRIVER_NOT_LOADED = 9
NVML_ERROR_LIBRARY_NOT_FOUND = 12
NVML_ERROR_GPU_IS_LOST = 15
NVML_TEMPERATURE_GPU = 0
NVML_CLOCK_SM = 1
NVML_CLOCK_MEM = 2

GPU_IDLE, SW_POWER_CAP, SW_THERMAL_SLOWDOWN = 0x1, 0x4, 0x20
POWER_LIMIT_W = 70
MAX_CLOCK_MHZ = {NVML_CLOCK_SM: 1590, NVML_CLOCK_MEM: 5001}
DRIVER = "535.288.01"

_TEXTS = {
    NVML_ERROR_UNINITIALIZED: "Uninitialized",
    NVML_ERROR_INVALID_ARGUMENT: "Invalid Argument",
    NVML_ERROR_NOT_SUPPORTED: "Not Supported",
    NVML_ERROR_NO_PERMISSION: "Insufficient Permissions",
    NVML_ERROR_NOT_FOUND: "Not Found",
    NVML_ERROR_DRIVER_NOT_LOADED: "Driver Not Loaded",
    NVML_ERROR_LIBRARY_NOT_FOUND: "NVML Shared Library Not Found",
    NVML_ERROR_GPU_IS_LOST: "GPU is lost",
}
_open = [0]


class NVMLError(Exception):
    """What went wrong; the number in `value`, each with a class of its own."""

    value = 0

    def __init__(self, value: int = 0) -> None:
        super().__init__(value)
        self.value = value or self.value

    def __str__(self) -> str:
        return _TEXTS.get(self.value, "NVML Error with code %d" % self.value)


class NVMLError_Uninitialized(NVMLError):
    """nvmlInit comes first."""

    value = NVML_ERROR_UNINITIALIZED


class NVMLError_InvalidArgument(NVMLError):
    """No card of that number."""

    value = NVML_ERROR_INVALID_ARGUMENT


class NVMLError_NotSupported(NVMLError):
    """This card or driver does not tell it."""

    value = NVML_ERROR_NOT_SUPPORTED


class NVMLError_NoPermission(NVMLError):
    """The driver refuses this user."""

    value = NVML_ERROR_NO_PERMISSION


class NVMLError_NotFound(NVMLError):
    """No card of that UUID."""

    value = NVML_ERROR_NOT_FOUND


class NVMLError_DriverNotLoaded(NVMLError):
    """The kernel has no driver."""

    value = NVML_ERROR_DRIVER_NOT_LOADED


class NVMLError_LibraryNotFound(NVMLError):
    """No driver is installed."""

    value = NVML_ERROR_LIBRARY_NOT_FOUND


class NVMLError_GpuIsLost(NVMLError):
    """The card has fallen off its bus."""

    value = NVML_ERROR_GPU_IS_LOST


def nvmlInit() -> None:
    """Open NVML; as often as it is closed."""
    if faults.active("denied", "T4"):
        raise NVMLError_NoPermission()
    if not machine.devices("nvidia"):
        raise NVMLError_LibraryNotFound()
    _open[0] += 1


def nvmlShutdown() -> None:
    """Close it once."""
    _cards()
    _open[0] -= 1


def nvmlSystemGetDriverVersion() -> str:
    """Of the kernel's driver."""
    _cards()
    return DRIVER


def nvmlSystemGetCudaDriverVersion_v2() -> int:
    """The newest CUDA that the driver knows."""
    _cards()
    return 12020


def nvmlDeviceGetCount() -> int:
    """All cards, whatever CUDA_VISIBLE_DEVICES says."""
    return len(_cards())


def nvmlDeviceGetHandleByIndex(index: int) -> machine.Device:
    """The card of that number."""
    cards = _cards()
    if not 0 <= index < len(cards):
        raise NVMLError_InvalidArgument()
    return _alive(cards[index])


def nvmlDeviceGetHandleByUUID(uuid: str) -> machine.Device:
    """The card of that UUID, written in full."""
    for card in _cards():
        if uuid_of(card) == uuid:
            return _alive(card)
    raise NVMLError_NotFound()


def nvmlDeviceGetName(handle: machine.Device) -> str:
    """As sold."""
    _alive(handle)
    return NAME


def nvmlDeviceGetUUID(handle: machine.Device) -> str:
    """GPU- and 32 digits."""
    return uuid_of(_alive(handle))


def nvmlDeviceGetPciInfo(handle: machine.Device) -> Any:
    """Where it is plugged in; NVML writes eight digits of domain."""
    return SimpleNamespace(busId="0000" + _alive(handle).bus_id)


def nvmlDeviceGetCudaComputeCapability(handle: machine.Device) -> tuple[int, int]:
    """Major and minor."""
    _alive(handle)
    return CAPABILITY


def nvmlDeviceGetMemoryInfo(handle: machine.Device, version: int | None = None) -> Any:
    """Bytes: total, used, free."""
    total, used = handle.model.memory_mb << 20, telemetry.read(_alive(handle)).memory_mb << 20
    return SimpleNamespace(total=total, used=used, free=total - used)


def nvmlDeviceGetUtilizationRates(handle: machine.Device) -> Any:
    """Percent of the last second or less."""
    busy = telemetry.read(_alive(handle)).utilisation_pct
    return SimpleNamespace(gpu=busy, memory=busy // 2)


def nvmlDeviceGetComputeRunningProcesses(handle: machine.Device) -> list[Any]:
    """Who has a context there."""
    there = occupancy.occupants(_alive(handle))
    return [SimpleNamespace(pid=one.pid, usedGpuMemory=one.memory_mb << 20) for one in there]


def nvmlDeviceGetClockInfo(handle: machine.Device, type: int) -> int:
    """MHz, now."""
    return telemetry.read(_alive(handle)).clock_mhz if type == NVML_CLOCK_SM else MAX_CLOCK_MHZ[NVML_CLOCK_MEM]


def nvmlDeviceGetMaxClockInfo(handle: machine.Device, type: int) -> int:
    """MHz, at most."""
    _alive(handle)
    return MAX_CLOCK_MHZ[type]


def nvmlDeviceGetCurrentClocksEventReasons(handle: machine.Device) -> int:
    """Why the clock is what it is, as bits."""
    now = telemetry.read(_alive(handle))
    if not now.utilisation_pct:
        return GPU_IDLE | (SW_THERMAL_SLOWDOWN if now.throttled else 0)
    return SW_POWER_CAP | (SW_THERMAL_SLOWDOWN if now.throttled else 0)


nvmlDeviceGetCurrentClocksThrottleReasons = nvmlDeviceGetCurrentClocksEventReasons


def nvmlDeviceGetPowerUsage(handle: machine.Device) -> int:
    """Milliwatts."""
    return int(telemetry.read(_alive(handle)).power_w * 1000)


def nvmlDeviceGetEnforcedPowerLimit(handle: machine.Device) -> int:
    """Milliwatts."""
    _alive(handle)
    return POWER_LIMIT_W * 1000


def nvmlDeviceGetTemperature(handle: machine.Device, sensor: int) -> int:
    """Degrees Celsius."""
    return telemetry.read(_alive(handle)).temperature_c


def _cards() -> list[machine.Device]:
    if not _open[0]:
        raise NVMLError_Uninitialized()
    return machine.devices("nvidia")


def _alive(card: machine.Device) -> machine.Device:
    _cards()
    if occupancy.is_lost(card):
        raise NVMLError_GpuIsLost()
    return card
