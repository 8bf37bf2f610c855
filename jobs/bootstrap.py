"""How far a throughput may lie from what was measured, as the times within the run tell: block bootstrap.

Batch times follow each other: a clock falls, a neighbour works for a while. Single times drawn at random would take
that for noise that averages out, so whole blocks of consecutive batches are drawn. What differs from one run to the
next (another load, another day) no run alone can tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.statistics import Z_95

DRAWS = 1000
SEED = 20_240_611
"""Always the same, so that a report of the same rows is the same report."""
PERCENT_95 = (2.5, 97.5)
Draws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of a 95 % interval."""

    low: float
    high: float


def resampled_rates(blocks: Sequence[NDArray[np.float64]], batch: int) -> Draws | None:
    """Images/s as they might have been measured: `DRAWS` of them, drawn from the times of each device.

    `blocks` has one array [batches] of ms for each device, in order of time; `batch` images each. The draws are of
    1000 * batch / mean over all of them. None where there is no time, or one that is not told (NaN).

    Circular blocks of about the square root of the batches: longer than the cube root that suits short memory best,
    since how long a chip remembers is not known. Sources: H. R. Kuensch, Annals of Statistics 17 (1989), 1217-1241;
    D. N. Politis and J. P. Romano, in Exploring the Limits of Bootstrap (1992), 263-270.
    """
    times = [one for one in blocks if one.size]
    n = sum(one.size for one in times)
    if not n or not all(np.isfinite(one).all() for one in times):
        return None
    random = np.random.default_rng(SEED)
    mean_ms = np.sum([_drawn_means(one, random) * one.size for one in times], axis=0) / n
    return np.asarray(1000.0 * batch / mean_ms) if (mean_ms > 0.0).all() else None


def _drawn_means(times_ms: NDArray[np.float64], random: np.random.Generator) -> Draws:
    """Means of one device's times as they might have been, widened for what few blocks understate."""
    n = times_ms.size
    length = math.isqrt(n)
    mean = float(times_ms.mean())
    apart = times_ms - mean  # small numbers sum up exactly: times that are all the same give the same draws
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([apart, apart[: length - 1]]))])
    of_block = sums[length:] - sums[:-length]
    picked = random.integers(0, n, size=(DRAWS, -(-n // length)))
    off = of_block[picked].sum(axis=1) / (picked.shape[1] * length)
    return np.asarray(np.clip(mean + _widening(n, length) * off, times_ms.min(), times_ms.max()))


def _widening(n: int, length: int) -> float:
    """By how much the spread of drawn means is too small: blocks that are held against their own mean lack 1/blocks of
    the variance, and a variance from few blocks is itself uncertain, so that t takes the place of z.

    Overlapping blocks have 3/2 the degrees of freedom of separate ones: M. S. Meketon and B. Schmeiser, Winter
    Simulation Conference (1984), 227-230. t over z: Abramowitz and Stegun, 26.7.5, first term.
    """
    freedom = 1.5 * n / length - 1.0
    return math.sqrt(n / max(1, n - length)) * (1.0 + (Z_95**2 + 1.0) / (4.0 * freedom))


def interval_of(draws: Draws) -> Interval:
    """The 95 % percentile interval of draws."""
    low, high = np.percentile(draws, PERCENT_95)
    return Interval(float(low), float(high))


def ratio_interval(draws_a: Draws, draws_b: Draws) -> Interval:
    """The 95 % interval of b over a, from the draws of both; of a over b it is the reciprocal, exactly.

    The draws of two runs come from the same random numbers, so they are paired in another order, and in its inverse.
    """
    order = np.random.default_rng(SEED).permutation(draws_a.size)
    log_a, log_b = np.log(draws_a), np.log(draws_b)
    logs = np.concatenate([log_b[order] - log_a, log_b - log_a[order]])
    low, high = np.percentile(logs, PERCENT_95)
    return Interval(math.exp(low), math.exp(high))
