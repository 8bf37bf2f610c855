"""What CUDA is to one process: the cards it may see, the one it has opened, and whether it still works.

CUDA_VISIBLE_DEVICES is read at the first call and never again. A process that was forked after that cannot use CUDA,
and after a sticky error no call succeeds until the process ends.
"""

from __future__ import annotations

import os
from typing import Callable, TypeVar

from dinoq.workers.simulators import faults, machine, opened, telemetry
from dinoq.workers.simulators.nvidia.cuda_types import cudaError_t

T = TypeVar("T")
CONTEXT_MB = 105
"""What a context alone takes of a T4's memory, roughly."""
STICKY = (cudaError_t.cudaErrorIllegalAddress, cudaError_t.cudaErrorLaunchFailure)


class CudaFailure(Exception):
    """A status other than success, on its way to the caller."""

    def __init__(self, status: cudaError_t) -> None:
        super().__init__(status.name)
        self.status = status


class Process:
    """CUDA as this process has it."""

    def __init__(self) -> None:
        self._visible: list[machine.Device] | None = None
        self._opened: opened.OpenDevice | None = None
        self._pid = 0
        self._sticky: cudaError_t | None = None
        self._batches = 0

    def devices(self) -> list[machine.Device]:
        """The cards of this process in its own order, at least one. Raises: CudaFailure."""
        self.check()
        if self._visible is None:
            self._visible = visible(machine.devices("nvidia"), os.environ.get("CUDA_VISIBLE_DEVICES"))
            self._pid = os.getpid()
        if not self._visible:
            none_at_all = not machine.devices("nvidia")
            status = cudaError_t.cudaErrorInsufficientDriver if none_at_all else cudaError_t.cudaErrorNoDevice
            raise CudaFailure(status)
        return self._visible

    def card(self) -> opened.OpenDevice:
        """Card 0, its context made if it was not yet. Raises: CudaFailure."""
        first = self.devices()[0]
        if self._opened is None:
            try:
                self._opened = opened.OpenDevice(first, CONTEXT_MB)
            except opened.DeviceLost:
                raise CudaFailure(cudaError_t.cudaErrorUnknown) from None
        return self._opened

    def check(self) -> None:
        """Raises: CudaFailure where CUDA no longer works in this process."""
        if self._pid and self._pid != os.getpid():
            raise CudaFailure(cudaError_t.cudaErrorInitializationError)
        if self._sticky is not None:
            raise CudaFailure(self._sticky)

    def execute(self, work: Callable[[], T], batch: int) -> tuple[T, float]:
        """Let the card compute one batch: the result, and its time in ms. Raises: CudaFailure, sticky."""
        card = self.card()
        sticky = faults.active("sticky", card.device.chip, card.device.index)
        if sticky is not None and self._batches >= sticky.after:
            raise CudaFailure(cudaError_t.cudaErrorLaunchFailure)
        self._batches += 1
        try:
            return card.execute(work, batch)
        except opened.DeviceLost:
            raise CudaFailure(cudaError_t.cudaErrorLaunchFailure) from None

    def note(self, failure: CudaFailure) -> None:
        """Remember a failure that nothing cures."""
        if failure.status in STICKY:
            self._sticky = failure.status

    def memory(self) -> tuple[int, int]:
        """Free and total bytes of card 0. Raises: CudaFailure."""
        device = self.card().device
        total = device.model.memory_mb << 20
        return max(0, total - (telemetry.read(device).memory_mb << 20)), total


PROCESS = Process()


def uuid_of(device: machine.Device) -> str:
    """As NVIDIA writes it."""
    return "GPU-" + device.serial


def visible(cards: list[machine.Device], setting: str | None) -> list[machine.Device]:
    """What CUDA_VISIBLE_DEVICES leaves: numbers or unique beginnings of UUIDs, cut at the first that names no card."""
    if setting is None:
        return cards
    kept: list[machine.Device] = []
    for entry in (entry.strip() for entry in setting.split(",")):
        named = [c for c in cards if entry == str(c.index) or (entry[:4] == "GPU-" and uuid_of(c).startswith(entry))]
        if len(named) != 1:
            break
        kept += [card for card in named if card not in kept]
    return kept
