"""Which NVIDIA cards are there and how they feel, by NVML alone: no CUDA, nothing allocated on a card.

`pynvml` here is the module of the package nvidia-ml-py. NVML ignores CUDA_VISIBLE_DEVICES, so it is read here.
"""

import os
import platform
import subprocess
import sys
from importlib import metadata, util
from typing import Any, Callable, List, Optional, TypeVar

from dinoq.workers.devices.base import DeviceFault, Found, Options, Telemetry
from dinoq.workers.devices.own_process import is_ours

T = TypeVar("T")
T4_CAPABILITY = (7, 5)
POWER_CAP = 0x4
THROTTLES = (
    (0x8, "hardware slowdown"),
    (0x20, "software thermal slowdown"),
    (0x40, "hardware thermal slowdown"),
    (0x80, "power brake"),
)
"""NVML's clock event reasons that make a figure unsound; POWER_CAP is a T4's usual state and told apart."""
DISTRIBUTIONS = ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")
VERSION_S = 60.0
_session: List[Any] = []
"""pynvml once it is initialised; NVML is left open for the life of the process, as opening it takes long."""


def discover(options: Options) -> List[Found]:
    """The T4s of this host in NVML's order, narrowed by an inherited CUDA_VISIBLE_DEVICES, which counts cards of every
    kind; none without a driver.

    Raises: DeviceFault when there is a driver and it refuses us.
    """
    pynvml = _open()
    if pynvml is None:
        return []
    driver = text(pynvml.nvmlSystemGetDriverVersion())
    cards = [_card(pynvml, index, driver) for index in range(pynvml.nvmlDeviceGetCount())]
    found = [card for card in visible(cards, os.environ.get("CUDA_VISIBLE_DEVICES")) if card.chip == "T4"]
    toolkit = tensorrt_version() if found else ""
    return [card._replace(toolkit=toolkit) for card in found]


def sample(options: Options) -> Telemetry:
    """One reading of the card `options["uuid"]`; None for whatever it or the driver does not tell."""
    try:
        pynvml = _open()
        if pynvml is None:
            return Telemetry()
        card = pynvml.nvmlDeviceGetHandleByUUID(options["uuid"])
    except Exception:
        return Telemetry()
    milliwatts = _told(pynvml.nvmlDeviceGetPowerUsage, card)
    usage = _told(pynvml.nvmlDeviceGetUtilizationRates, card)
    reasons, pids = _clock_reasons(pynvml, card), _pids(pynvml, card)
    return Telemetry(
        power_w=None if milliwatts is None else milliwatts / 1000.0,
        temperature_c=_told(pynvml.nvmlDeviceGetTemperature, card, pynvml.NVML_TEMPERATURE_GPU),
        clock_mhz=_told(pynvml.nvmlDeviceGetClockInfo, card, pynvml.NVML_CLOCK_SM),
        utilisation_pct=None if usage is None else usage.gpu,
        processes=None if pids is None else list(map(_words, pids)),
        throttle=None if reasons is None else ", ".join(name for bit, name in THROTTLES if reasons & bit),
        power_cap=None if reasons is None else bool(reasons & POWER_CAP),
    )


def memory_used(options: Options) -> Optional[int]:
    """Bytes in use on the card, by whomever; None where NVML does not tell."""
    try:
        pynvml = _open()
        return None if pynvml is None else int(_memory(pynvml, options["uuid"]))
    except Exception:
        return None


def visible(cards: List[Found], inherited: Optional[str]) -> List[Found]:
    """The cards that CUDA_VISIBLE_DEVICES leaves: numbers or beginnings of UUIDs, cut at the first that fits no card."""
    if inherited is None:
        return cards
    kept: List[Found] = []
    for entry in inherited.split(","):
        name = entry.strip()
        fits = [
            card for card in cards if name == str(card.logic_id) or (name[:4] == "GPU-" and card.key.startswith(name))
        ]
        if len(fits) != 1:
            break
        kept += [card for card in fits if card not in kept]
    return kept


def tensorrt_version() -> str:
    """`tensorrt 10.16.1.11` as installed beside this interpreter, without loading it here; empty where it is not."""
    spec = util.find_spec("tensorrt")
    if spec is None or not spec.origin:
        return ""
    folder = os.path.dirname(os.path.dirname(spec.origin))
    for name in DISTRIBUTIONS:
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if os.path.realpath(str(package.locate_file(""))) == os.path.realpath(folder):
            return "tensorrt " + package.version
    return _asked_version()


def _asked_version() -> str:
    """Containers and debs carry no metadata that fits: the module itself is asked, in a process of its own."""
    code = "import tensorrt; print(tensorrt.__version__)"
    try:
        asked = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=False, text=True, timeout=VERSION_S
        )
    except subprocess.TimeoutExpired:
        return ""
    words = asked.stdout.split()
    return "tensorrt " + words[-1] if asked.returncode == 0 and words else ""


def _open() -> Any:
    """pynvml, initialised; None where neither module nor driver is there. Raises: DeviceFault when it refuses."""
    if _session:
        return _session[0]
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        return None
    except pynvml.NVMLError_NoPermission as error:
        cure = "let this user read and write /dev/nvidiactl and /dev/nvidia0 (group video), or start the container with GPUs"
        raise DeviceFault("device", "NVML refuses this user: %s; %s" % (error, cure)) from None
    except pynvml.NVMLError as error:
        raise DeviceFault("device", "NVML does not start: %s; see whether nvidia-smi works" % error) from None
    _session.append(pynvml)
    return pynvml


def _card(pynvml: Any, index: int, driver: str) -> Found:
    """One card; its chip is empty unless it is a T4. One that fell off its bus tells no name: it is listed, not healthy."""
    try:
        card = pynvml.nvmlDeviceGetHandleByIndex(index)
        name = text(pynvml.nvmlDeviceGetName(card))
        uuid = text(pynvml.nvmlDeviceGetUUID(card))
        if "T4" not in name.split() or tuple(pynvml.nvmlDeviceGetCudaComputeCapability(card)) != T4_CAPABILITY:
            return Found("", index, uuid)
        address = text(pynvml.nvmlDeviceGetPciInfo(card).busId)
    except pynvml.NVMLError as error:
        key = "nvml:%d" % index
        return Found("T4", index, key, healthy=False, busy=str(error), driver=driver, name="unknown NVIDIA card")
    return Found(
        chip="T4",
        logic_id=index,
        key=uuid,
        card=address,
        busy=", ".join(map(_words, (pid for pid in _pids(pynvml, card) or () if not is_ours(pid)))),
        driver=driver,
        arch=platform.machine(),
        name=name,
        options={"uuid": uuid, "index": str(index)},
    )


def _pids(pynvml: Any, card: Any) -> Optional[List[int]]:
    """Who computes there. In a container NVML tells the host's numbers, or nobody."""
    there = _told(pynvml.nvmlDeviceGetComputeRunningProcesses, card)
    return None if there is None else [int(process.pid) for process in there]


def _words(pid: int) -> str:
    return "pid %d" % pid


def _clock_reasons(pynvml: Any, card: Any) -> Optional[int]:
    """Releases and drivers know the call by its old name, its new one, or both."""
    for name in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
        ask = getattr(pynvml, name, None)
        reasons = None if ask is None else _told(ask, card)
        if reasons is not None:
            return int(reasons)
    return None


def _memory(pynvml: Any, uuid: str) -> int:
    return int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByUUID(uuid)).used)


def _told(ask: Callable[..., T], *what: Any) -> Optional[T]:
    """An answer of NVML; None for what this card or driver does not support."""
    try:
        return ask(*what)
    except Exception:
        return None


def text(told: Any) -> str:
    """Old releases of nvidia-ml-py answer bytes."""
    return told.decode() if isinstance(told, bytes) else str(told)
