"""CUDA as the T4 device needs it: every status checked in one place, one card pinned, tensors mirrored in pinned memory.

The calls are `cuda.bindings.runtime`'s: each answers `(status, *values)` and never raises. Statuses are numbered as in
the CUDA runtime's `cudaError_t`.
"""

import ctypes
import os
from typing import Any, List, Tuple

import numpy as np

from dinoq.workers.devices.base import DeviceFault, Options, Tensor

INSTALL = (
    "install dinoq[t4] with NVIDIA's own package index as --extra-index-url, or work in NVIDIA's TensorRT container, "
    "or install the deb package python3-libnvinfer"
)
MEMORY_ALLOCATION = 2
NO_DRIVER = (35, 100, 999)
"""cudaErrorInsufficientDriver, cudaErrorNoDevice, cudaErrorUnknown: what a host without a usable card answers."""
STICKY = frozenset([214, 700, 702, 709, 710, *range(714, 720)])
"""After one of these every later call of the process fails: ECC, illegal address, time-out, assert, launch failure."""


def vendor() -> Any:
    """`cuda.bindings.runtime`. Raises: DeviceFault that says how to install it."""
    try:
        import cuda.bindings.runtime as cudart
    except ImportError as error:
        raise DeviceFault("device", "cuda.bindings cannot be imported (%s); %s" % (error, INSTALL)) from None
    return cudart


def check(answer: Tuple[Any, ...], doing: str) -> Any:
    """The value or values behind the status of a CUDA call.

    Raises: DeviceFault `device`, with the status's number and name: another card may be well, and have memory free.
    """
    status = int(answer[0])
    if status == 0:
        return answer[1] if len(answer) == 2 else answer[1:]
    text = "%s: %s (CUDA error %d)" % (doing, getattr(answer[0], "name", "error"), status)
    if status in STICKY:
        text += "; this process can use the card no more"
    elif status in NO_DRIVER:
        text += "; no NVIDIA card that this driver can use is visible"
    raise DeviceFault("device", text)


def pin(options: Options) -> Any:
    """Make the card `options["uuid"]` the only one this process sees, and prove it. Answers the CUDA properties of it.

    Before the first CUDA call of the process; later calls find the card pinned already. Raises: DeviceFault.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = options["uuid"]
    cudart = vendor()
    check(cudart.cudaGetDeviceCount(), "looking for %s" % options["uuid"])
    check(cudart.cudaSetDevice(0), "taking %s" % options["uuid"])
    card = check(cudart.cudaGetDeviceProperties(0), "asking for the card's properties")
    if uuid_text(card.uuid.bytes) != options["uuid"]:
        raise DeviceFault("device", "CUDA opened %s, not %s" % (uuid_text(card.uuid.bytes), options["uuid"]))
    return card


def uuid_text(raw: bytes) -> str:
    """16 bytes as NVIDIA writes them: GPU-8-4-4-4-12."""
    digits = raw.hex()
    return "GPU-" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def too_large(nbytes: int) -> bool:
    """Whether so much is more than all the card's memory, so that no other card of its kind could give it either."""
    cudart = vendor()
    _, total = check(cudart.cudaMemGetInfo(), "asking for the card's memory")
    return nbytes > int(total)


def still_well(doing: str) -> None:
    """Tell a sticky CUDA error from a mere refusal by TensorRT. Raises: DeviceFault."""
    cudart = vendor()
    check(cudart.cudaMemGetInfo(), doing)


class Mirror:
    """A tensor twice: `host`, an array in pinned memory, and `address`, its place on the card."""

    def __init__(self, tensor: Tensor) -> None:
        self._cudart = cudart = vendor()
        dtype = np.dtype(tensor.dtype)
        self.nbytes = int(np.prod(tensor.shape)) * dtype.itemsize
        what = "%d MiB for %s" % (-(-self.nbytes >> 20), tensor.name)
        self._pinned = int(check(cudart.cudaMallocHost(self.nbytes), "pinning " + what))
        given = cudart.cudaMalloc(self.nbytes)
        if int(given[0]) == MEMORY_ALLOCATION and too_large(self.nbytes):
            raise DeviceFault("permanent", "%s is more than all the card's memory" % what)
        self.address = int(check(given, "allocating " + what))
        raw = (ctypes.c_byte * self.nbytes).from_address(self._pinned)
        self.host: np.ndarray = np.ndarray(tensor.shape, dtype, memoryview(raw))

    def upload(self, stream: Any) -> None:
        """Queue the copy from host to card."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        check(
            self._cudart.cudaMemcpyAsync(self.address, self._pinned, self.nbytes, kind, stream), "copying to the card"
        )

    def download(self, stream: Any) -> None:
        """Queue the copy from card to host."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        check(
            self._cudart.cudaMemcpyAsync(self._pinned, self.address, self.nbytes, kind, stream), "copying from the card"
        )

    def free(self) -> None:
        """Give both places back; `host` must not be touched afterwards."""
        check(self._cudart.cudaFree(self.address), "freeing the card's memory")
        check(self._cudart.cudaFreeHost(self._pinned), "freeing pinned memory")


class Stream:
    """A stream of our own (the default one would synchronise the whole card) and four marks on it."""

    MARKS = 4

    def __init__(self) -> None:
        self._cudart = cudart = vendor()
        self.handle = check(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking), "making a stream")
        self._events = [check(cudart.cudaEventCreate(), "making an event") for _ in range(self.MARKS)]

    def mark(self, number: int) -> None:
        """Let the card note the time when it comes here."""
        check(self._cudart.cudaEventRecord(self._events[number], self.handle), "recording an event")

    def wait(self) -> None:
        """Until all that was queued is done."""
        check(self._cudart.cudaStreamSynchronize(self.handle), "waiting for the card")

    def spans_ms(self) -> List[float]:
        """The card's own times between consecutive marks; after `wait`."""
        cudart, events, doing = self._cudart, self._events, "reading the card's clock"
        return [
            float(check(cudart.cudaEventElapsedTime(events[no], events[no + 1]), doing)) for no in range(self.MARKS - 1)
        ]

    def close(self) -> None:
        """Give the stream and its events back."""
        for event in self._events:
            check(self._cudart.cudaEventDestroy(event), "destroying an event")
        check(self._cudart.cudaStreamDestroy(self.handle), "destroying the stream")
