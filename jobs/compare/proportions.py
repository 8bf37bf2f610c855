"""The difference of two shares that were counted over different samples: what is left where nothing can be paired."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dinoq.jobs.score import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The second share less the first, with its 95 % interval; fractions."""

    value: float
    low: float
    high: float


def difference(a: Score, b: Score) -> Difference:
    """Newcombe's hybrid score interval of b - a, from the Wilson interval of each.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.
    """
    value = b.accuracy - a.accuracy
    below = math.hypot(b.accuracy - b.low, a.high - a.accuracy)
    above = math.hypot(b.high - b.accuracy, a.accuracy - a.low)
    return Difference(value=value, low=max(-1.0, value - below), high=min(1.0, value + above))
