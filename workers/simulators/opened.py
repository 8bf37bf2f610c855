"""A simulated device held open by this process: who sees it, what goes wrong with it, how long its batches take."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from dinoq.workers.simulators import faults, occupancy, pace
from dinoq.workers.simulators.machine import Device

T = TypeVar("T")
THROTTLED = 1.7
"""How much longer a batch takes when the chip is hot."""


class DeviceLost(Exception):
    """The device does not answer, now or ever again; each vendor's module says so in its own way."""


class OpenDevice:
    """One device, opened. Raises: DeviceLost when it is gone already."""

    def __init__(self, device: Device, memory_mb: int) -> None:
        if occupancy.is_lost(device):
            raise DeviceLost(f"{device.chip}:{device.index}")
        self.device = device
        self.throttled = False
        self._batches = 0
        self._memory_mb = memory_mb
        self._entry = occupancy.Entry(device, memory_mb)
        self._jitter = pace.Jitter(f"{device.chip}:{device.index}")
        self._nominal_ms: dict[int, float | None] = {}
        self._waits = pace.waits()
        self._lost = self._fault("lost")
        self._hang = self._fault("hang")
        self._throttle = self._fault("throttle")
        slow = self._fault("slow")
        self._factor = slow.factor if slow else 1.0

    def take_memory(self, mb: int) -> None:
        """Use so much more of the device's memory; less when negative."""
        self._memory_mb += mb
        self._entry.tell(memory_mb=self._memory_mb)

    def execute(self, work: Callable[[], T], batch: int, called: float | None = None) -> tuple[T, float]:
        """Do one batch's work: what it gives, and its time in ms on the device's clock. Raises: DeviceLost.

        A wait ends so long after `called`, when the vendor's function was entered: what the simulator itself costs is
        hidden in it.
        """
        self._meet_faults()
        self._entry.computing(True)
        begun = time.perf_counter()
        result = work()
        took_ms = (time.perf_counter() - begun) * 1000.0
        reported_ms = self._reported_ms(batch, took_ms)
        if reported_ms > took_ms and (self._waits or self._nominal_ms[batch] is None):
            pace.hold_until((called or begun) + reported_ms / 1000.0)
        self._entry.computing(False)
        return result, reported_ms

    def close(self) -> None:
        """Let go of the device."""
        self._entry.close()

    def _fault(self, kind: str) -> faults.Fault | None:
        return faults.active(kind, self.device.chip, self.device.index)

    def _meet_faults(self) -> None:
        if self._lost and self._batches >= self._lost.after:
            occupancy.mark_lost(self.device)
        if self._lost and occupancy.is_lost(self.device):
            raise DeviceLost(f"{self.device.chip}:{self.device.index}")
        if self._hang and self._batches >= self._hang.after:
            pace.hang()
        if self._throttle and not self.throttled and self._batches >= self._throttle.after:
            self.throttled = True
            self._entry.tell(throttled=1)
        self._batches += 1

    def _reported_ms(self, batch: int, took_ms: float) -> float:
        """The table's time where it has one, else what it took; longer for a slow or hot device."""
        if batch not in self._nominal_ms:
            self._nominal_ms[batch] = pace.batch_ms(self.device.chip, batch)
        nominal_ms = self._nominal_ms[batch]
        base_ms = took_ms if nominal_ms is None else self._jitter.around(nominal_ms)
        return base_ms * self._factor * (THROTTLED if self.throttled else 1.0)
