"""What a doctor finds of NVIDIA's software on this host: the driver as NVML tells it, TensorRT, CUDA's bindings."""

import importlib
import sys
from typing import List

from dinoq.workers.devices import nvml
from dinoq.workers.devices.base import DeviceFault, Options, Piece, Status
from dinoq.workers.devices.cuda_calls import INSTALL

DRIVER_FLOOR = {"": 535, "13": 580}
"""The oldest driver for TensorRT's wheels, and for CUDA 13 (by the major version of cuda-bindings)."""
UPGRADE = "upgrade the NVIDIA driver"


def pieces(options: Options) -> List[Piece]:
    """Each piece, whether or not this host needs it: what is absent on a host without a T4 is no fault."""
    driver = _driver(options)
    needed = driver.status in ("found", "warning")
    tensorrt, bindings = _module("tensorrt", "tensorrt", needed), _module("cuda-bindings", "cuda.bindings", needed)
    return [driver, tensorrt, _fits(bindings, driver.text)]


def _driver(options: Options) -> Piece:
    try:
        cards = nvml.discover(options)
    except DeviceFault as fault:
        text, _, cure = str(fault).partition("; ")
        return Piece("NVML", "broken", text, cure)
    try:
        pynvml = importlib.import_module("pynvml")
    except ImportError:
        return Piece("NVML", "missing", "%s has no module pynvml" % sys.executable, "pip install 'dinoq[t4]'")
    try:
        version = nvml.text(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return Piece("NVML", "missing", "no NVIDIA driver on this host, or not in this container", "see docs/t4.md")
    if not cards:
        text = "driver %s, and no T4 that may be used" % version
        return Piece("NVML", "missing", text, "see nvidia-smi, and CUDA_VISIBLE_DEVICES")
    text = "driver %s, %d T4" % (version, len(cards))
    if _major(version) < DRIVER_FLOOR[""]:
        return Piece("NVML", "warning", "%s; TensorRT's wheels need %d" % (text, DRIVER_FLOOR[""]), UPGRADE)
    return Piece("NVML", "found", text)


def _module(title: str, name: str, needed: bool) -> Piece:
    """A package that is absent is a fault only where there is a card to use."""
    status: Status = "broken" if needed else "missing"
    try:
        module = importlib.import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and name.startswith(str(error.name)):
            return Piece(title, status, "%s has no module %s" % (sys.executable, name), INSTALL)
        return Piece(title, status, "it cannot be imported: %s" % error, INSTALL)
    return Piece(title, "found", str(getattr(module, "__version__", "of unknown version")))


def _fits(bindings: Piece, driver: str) -> Piece:
    """CUDA 13 wants a newer driver than TensorRT does."""
    floor = DRIVER_FLOOR.get(bindings.text.split(".")[0])
    if bindings.status != "found" or floor is None or not driver.startswith("driver "):
        return bindings
    if _major(driver.split()[1]) >= floor:
        return bindings
    return Piece(bindings.name, "warning", "%s needs a driver from %d" % (bindings.text, floor), UPGRADE)


def _major(version: str) -> int:
    digits = version.split(".")[0]
    return int(digits) if digits.isdigit() else 0
