"""The door to NVIDIA's `tensorrt`: loading it, hearing what it says, and reading its refusals.

TensorRT answers None or False where it fails and writes why to its logger, so every such answer goes through `made`.
The one exception: where there is no usable card, its factories raise TypeError.
"""

import re
from collections import deque
from typing import Any, Callable, Deque

from dinoq.workers.devices import cuda_calls
from dinoq.workers.devices.base import DeviceFault

KEPT_LINES = 1000
KEPT_CHARACTERS = 20000
"""Of the vendor's words; an answer of the device process must stay below 64 KiB."""

OUT_OF_MEMORY = re.compile(r"out ?of ?memory|cudaErrorMemoryAllocation", re.IGNORECASE)
"""`Error Code 2: OutOfMemory (Requested size was 3450470400 bytes.)`, `Cuda Runtime (out of memory)`."""
REQUESTED = re.compile(r"Requested size was (\d+) bytes")


def vendor() -> Any:
    """The module `tensorrt`. Raises: DeviceFault that says how to install it."""
    try:
        import tensorrt
    except ImportError as error:
        raise DeviceFault("device", "TensorRT cannot be imported (%s); %s" % (error, cuda_calls.INSTALL)) from None
    return tensorrt


class Heard:
    """What TensorRT said from INFO up, oldest first. `logger` is what it is told to say it to; keep both alive."""

    def __init__(self, trt: Any) -> None:
        self.lines: Deque[str] = deque(maxlen=KEPT_LINES)
        self.last_error = ""
        self.logger = _logger(trt, self)

    def text(self) -> str:
        """The last of it, whole lines."""
        said = "\n".join(self.lines)
        return said if len(said) <= KEPT_CHARACTERS else "...\n" + said[-KEPT_CHARACTERS:].partition("\n")[2]


def _logger(trt: Any, heard: Heard) -> Any:
    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, msg: str) -> None:
            if severity == trt.ILogger.Severity.VERBOSE:
                return
            heard.lines.append("[%s] %s" % (severity.name, msg))
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                heard.last_error = msg

    return Logger()


def opened(factory: Callable[[Any], Any], heard: Heard) -> Any:
    """A `Builder` or `Runtime`. Raises: DeviceFault where there is no usable card."""
    try:
        return factory(heard.logger)
    except TypeError as error:
        why = heard.last_error or str(error)
        text = "TensorRT finds no usable NVIDIA card or driver (%s); see whether nvidia-smi works" % why
        raise DeviceFault("device", text) from None


def made(answer: Any, heard: Heard, doing: str, kind: str = "permanent") -> Any:
    """The answer, unless it is a refusal (None or False): then a DeviceFault with TensorRT's last error.

    A card that is beyond use refuses everything: CUDA is asked first, and its word counts.
    """
    if answer is None or answer is False:
        cuda_calls.still_well(doing)
        why = heard.last_error or "TensorRT gives no reason"
        raise DeviceFault(_kind(why, kind), "%s: %s" % (doing, why))
    return answer


def _kind(why: str, otherwise: str) -> str:
    """A card whose memory somebody holds is the device's matter; a size beyond all of its memory never fits."""
    if not OUT_OF_MEMORY.search(why):
        return otherwise
    size = REQUESTED.search(why)
    return "permanent" if size and cuda_calls.too_large(int(size.group(1))) else "device"
