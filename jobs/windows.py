"""When a run on random data has been timed enough: windows of batches, until three in a row agree, within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.result import Times

AGREEING = 3
"""So many windows in a row must agree; the figures are those of their batches."""
ALLOWED_APART = 0.05
"""Their longest mean may lie so much above their shortest, as a fraction."""
WINDOW_MS = 1000.0
"""A window is no shorter: three are the 3 s that NVIDIA's trtexec measures by default."""
WINDOW_BATCHES = 7
"""Nor has it fewer batches, so that three hold the 20 that a figure needs."""
MAX_WINDOWS = 10
MAX_MS = 60_000.0
"""After so many windows, or so long once there are three, it ends whatever they say: a device that is not steady by then
will not be by waiting, and a table of 18 cells is to take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """How far the timing of a run has come, folded from what lands.

    `sizes` and `means_ms` are the batches and the mean compute time of each closed window, `elapsed_ms` is what all of
    them took; `begun_ms`, `batches` and `compute_ms` (a sum) are of the open one.
    """

    begun_ms: float
    sizes: tuple[int, ...] = ()
    means_ms: tuple[float, ...] = ()
    elapsed_ms: float = 0.0
    batches: int = 0
    compute_ms: float = 0.0

    def after(self, compute_ms: NDArray[np.float32], at_ms: float) -> Measuring:
        """Once more batches have landed, at `at_ms` of the clock that `begun_ms` is of.

        A window's length is by that clock or by the reported times, whichever is longer: a paced simulator reports a
        table's times, which nobody waits for.
        """
        batches = self.batches + len(compute_ms)
        total_ms = self.compute_ms + float(compute_ms.sum(dtype=np.float64))
        span_ms = max(at_ms - self.begun_ms, total_ms)
        if batches < WINDOW_BATCHES or span_ms < WINDOW_MS:
            return replace(self, batches=batches, compute_ms=total_ms)
        return Measuring(
            begun_ms=at_ms,
            sizes=(*self.sizes, batches),
            means_ms=(*self.means_ms, total_ms / batches),
            elapsed_ms=self.elapsed_ms + span_ms,
        )

    @property
    def enough(self) -> bool:
        """Whether the last windows agree, or a bound is reached."""
        if len(self.sizes) < AGREEING:
            return False
        bounded = len(self.sizes) >= MAX_WINDOWS or self.elapsed_ms >= MAX_MS
        return bounded or agreed(apart(self.means_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows of a run: batches and mean compute time of each, in order (None where the vendor does not tell);
    `apart` is how far the last three lie apart, a fraction, and `agreed` whether that is little enough."""

    batches: tuple[int, ...]
    mean_ms: tuple[float | None, ...]
    apart: float | None
    agreed: bool

    @property
    def disagreement(self) -> str:
        """Why the timing is not steady; empty when it is."""
        if self.agreed:
            return ""
        last = f"the last {AGREEING} of {len(self.batches)} windows"
        if self.apart is None:
            return f"{last} cannot be compared: their times are not told"
        return f"{last} lie {100 * self.apart:.1f} % apart ({100 * ALLOWED_APART:.0f} % allowed)"


def windows_of(times: Times) -> Windows | None:
    """The windows that the times were taken in; None for a part of a dataset, which has none."""
    if not times.windows:
        return None
    parts = np.split(times.compute_ms.astype(np.float64), np.cumsum(times.windows))[:-1]
    means = [float(part.mean()) for part in parts]
    far = apart(means)
    told = tuple(mean if np.isfinite(mean) else None for mean in means)
    return Windows(batches=times.windows, mean_ms=told, apart=far, agreed=agreed(far))


def apart(means_ms: Sequence[float]) -> float | None:
    """How much the longest of the last three means lies above the shortest, as a fraction; None where that has no
    meaning."""
    last = means_ms[-AGREEING:]
    if len(last) < AGREEING or not np.isfinite(last).all() or min(last) <= 0.0:
        return None
    return max(last) / min(last) - 1.0


def agreed(far: float | None) -> bool:
    """Whether windows so far apart agree."""
    return far is not None and far <= ALLOWED_APART


def decisive(sizes: Sequence[int], batches: int) -> NDArray[np.bool_]:
    """Which of the batches lie in the last three windows, bool [batches]; what landed after them is in no window."""
    end = sum(sizes)
    timed = np.zeros(batches, np.bool_)
    timed[end - sum(sizes[-AGREEING:]) : end] = True
    return timed
