"""Two classifiers over the same samples: what the difference of their accuracy is, and whether chance alone makes it.

Pairing is worth it: samples that both answer alike tell nothing of the difference, so that with 0.5 % of 50,000 answered
differently it is known to 0.06 points, where two separate intervals of 0.38 points would overlap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.statistics import Z_95
from dinoq.jobs.verdicts import Status

Z_ONE_SIDED = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution: one tail of 5 % is left out."""
STEPS = 60
"""Halvings of [-1, 1]: more than a double can tell apart."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The 2x2 table of right answers of `a` and of `b` over the same n >= 1 samples. Differences are b - a, fractions."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """All samples."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def discordant(self) -> int:
        """Samples that one of the two alone answers right."""
        return self.only_a + self.only_b

    @property
    def difference(self) -> float:
        """How much more of the samples `b` answers right."""
        return (self.only_b - self.only_a) / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The two-sided 95 % score interval of the difference.

        Source: T. Tango, Statistics in Medicine 17 (1998), 891-908. Unlike Wald's it has a width where no two answers
        differ, and keeps its level with few that do (Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014),
        2850-2875).
        """
        low = _root(lambda delta: _score(self, delta) - Z_95)
        return low, _root(lambda delta: _score(self, delta) + Z_95)

    @property
    def worst(self) -> float:
        """The one-sided 95 % lower bound: `b` is no worse than that. Tango's score with a continuity correction of half
        a sample, so that few samples never pass more often than they should; for many it makes no difference."""
        return _root(lambda delta: _score(self, delta, -0.5) - Z_ONE_SIDED)

    @property
    def best(self) -> float:
        """The one-sided 95 % upper bound, likewise."""
        return _root(lambda delta: _score(self, delta, 0.5) + Z_ONE_SIDED)

    @property
    def p(self) -> float:
        """How likely chance alone gives so lopsided a table: the exact two-sided test of McNemar, the binomial of the
        discordant samples. 1 where there are none.

        Source: Q. McNemar, Psychometrika 12 (1947), 153-157.
        """
        n, fewer = self.discordant, min(self.only_a, self.only_b)
        log_all = math.lgamma(n + 1) - n * math.log(2.0)
        tail = (math.exp(log_all - math.lgamma(k + 1) - math.lgamma(n - k + 1)) for k in range(fewer + 1))
        return min(1.0, 2.0 * math.fsum(tail))


def paired(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> Paired:
    """The table of two bool arrays [n] that say which of the same samples were answered right. Raises: ValueError for
    none, or for two lengths."""
    if right_a.shape != right_b.shape or not right_a.size:
        raise ValueError(f"not the same samples: {right_a.size} and {right_b.size}")
    both, a, b = int((right_a & right_b).sum()), int(right_a.sum()), int(right_b.sum())
    return Paired(both=both, only_a=a - both, only_b=b - both, neither=right_a.size - a - b + both)


def non_inferiority(pair: Paired, margin: float) -> Status:
    """Whether `b` is worse than `a` by less than `margin`, a fraction above 0: PASS when the one-sided 95 % bound says so
    (a wrong PASS in at most 5 % of cases), FAIL when the other bound says the contrary, else UNDECIDED."""
    if pair.worst > -margin:
        return Status.PASS
    return Status.FAIL if pair.best < -margin else Status.UNDECIDED


def p_text(p: float) -> str:
    """`0.64`, `2.4e-05`, `1`: two digits, however small."""
    return f"{p:.2g}"


def _score(pair: Paired, delta: float, correction: float = 0.0) -> float:
    """How many standard errors the difference lies above `delta`, in (-1, 1), with the share of `only_a` that is likeliest
    if `delta` is true; falls as `delta` grows. `correction` is added to the difference, in samples."""
    n = pair.n
    quadratic = 2.0 * n
    linear = (quadratic - pair.only_b + pair.only_a) * delta - pair.discordant
    constant = -pair.only_a * delta * (1.0 - delta)
    likeliest = (math.sqrt(max(0.0, linear * linear - 4.0 * quadratic * constant)) - linear) / (2.0 * quadratic)
    variance = n * max(0.0, 2.0 * likeliest + delta * (1.0 - delta))
    above = pair.only_b - pair.only_a + correction - n * delta
    if variance > 0.0:
        return above / math.sqrt(variance)
    return math.copysign(math.inf, above) if above else 0.0


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function on [-1, 1] crosses 0; an end where it does not."""
    low, high = -1.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if falling(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0
