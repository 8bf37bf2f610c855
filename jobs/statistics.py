"""Intervals, percentiles and spread, with their sources. Undefined values are None, never NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: both tails of 2.5 % are left out."""
MIN_DRIFT_VALUES = 20
"""Below this, the first and last quarters are too few to tell a trend from chance."""
STEADY_BLOCKS = 20
STEADY_VALUES = 5
"""A block has no fewer values, so that its median is no single one."""
STEADY_WITHIN = 0.02
"""A level is held within 2 %: what two runs of the same thing differ by."""


def wilson(successes: int, n: int, z: float = Z_95) -> tuple[float, float] | None:
    """The 95 % score interval of a proportion, as fractions; None for n = 0.

    Source: E. B. Wilson, JASA 22 (1927), 209-212; recommended for any n by Brown, Cai and DasGupta, Statistical
    Science 16 (2001), 101-133. It stays within [0, 1], and 0 of n does not pretend to be certain.
    """
    if n == 0:
        return None
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # At the ends one bound is exact; rounding would leave it a little beside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def percentiles(values: NDArray[np.float64], percents: Sequence[float]) -> list[float | None]:
    """The values below which so many percent lie; None for no values.

    Linear between the two nearest ranks: type 7 of Hyndman and Fan, The American Statistician 50 (1996), 361-365,
    numpy's default, and what ais_bench prints.
    """
    if values.size == 0:
        return [None] * len(percents)
    return [float(value) for value in np.percentile(values, percents, method="linear")]


def variation(values: NDArray[np.float64]) -> float | None:
    """The coefficient of variation as a fraction: sample standard deviation (n - 1) over the mean.

    None for fewer than two values or a mean that is not above zero.
    """
    if values.size < 2 or (mean := float(values.mean())) <= 0.0:
        return None
    return float(values.std(ddof=1)) / mean


def drift(values: NDArray[np.float64]) -> float | None:
    """How much the last quarter lies above the first, as a fraction of it; `values` in order of time.

    Medians of the quarters, so that single outliers count as variation and not as a trend. None for fewer than 20.
    """
    if values.size < MIN_DRIFT_VALUES:
        return None
    quarter = values.size // 4
    begin = float(np.median(values[:quarter]))
    return float(np.median(values[-quarter:])) / begin - 1.0 if begin > 0.0 else None


def spread(values: Sequence[float]) -> float | None:
    """(max - min) / mean, as a fraction; None for fewer than two values."""
    if len(values) < 2 or (mean := math.fsum(values) / len(values)) <= 0.0:
        return None
    return (max(values) - min(values)) / mean


def steady_from(values: NDArray[np.float64]) -> int | None:
    """The place from which on `values`, in order of time, stay at one level: 0 where they always did.

    They are cut into up to 20 equal blocks of at least five; steady is the first block from which the median of every
    later one lies within 2 % of the mean of those medians. None where less than half of them would be left, and for
    fewer than 20 values, or such as are not told.
    """
    if values.size < MIN_DRIFT_VALUES or not np.isfinite(values).all():
        return None
    blocks = min(STEADY_BLOCKS, values.size // STEADY_VALUES)
    length = values.size // blocks
    first = values.size - blocks * length  # what is left over is before the first block: the end counts most
    backwards = np.median(values[first:].reshape(blocks, length), axis=1)[::-1]
    level = np.cumsum(backwards) / np.arange(1, blocks + 1)
    high, low = np.maximum.accumulate(backwards), np.minimum.accumulate(backwards)
    steady = (high <= (1.0 + STEADY_WITHIN) * level) & (low >= (1.0 - STEADY_WITHIN) * level)
    left = int(np.flatnonzero(steady).max()) + 1
    if 2 * left < blocks:
        return None
    return first + (blocks - left) * length if left < blocks else 0
