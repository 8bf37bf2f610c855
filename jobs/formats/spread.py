"""Times of one kind, summed up by the tool that took them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

_VALUE = re.compile(r"(?:\b(min|max|mean|median)|percentile\(([\d.]+)%\))\s*=\s*([\d.]+(?:[eE][+-]?\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Milliseconds per execution; None where the tool does not tell. `percentiles` are by number, such as 99.0; `count`
    is how many executions they are of."""

    mean: float
    min: float | None = None
    max: float | None = None
    median: float | None = None
    percentiles: Mapping[float, float] = field(default_factory=dict)
    count: int | None = None

    def to_json(self) -> dict[str, object]:
        """Plain values, without what is not told."""
        named = {"mean": self.mean, "min": self.min, "max": self.max, "median": self.median, "count": self.count}
        shares = {f"p{number:g}": value for number, value in self.percentiles.items()}
        return {name: value for name, value in (named | shares).items() if value is not None}


def spread_of(values_ms: Iterable[float], percentiles: Iterable[float] = (99.0,)) -> Spread | None:
    """The spread of the times themselves, percentiles interpolated as numpy does; None for none at all."""
    values = np.fromiter(values_ms, np.float64)
    if not values.size:
        return None
    return Spread(
        mean=float(values.mean()),
        min=float(values.min()),
        max=float(values.max()),
        median=float(np.median(values)),
        percentiles={number: float(np.percentile(values, number)) for number in percentiles},
        count=int(values.size),
    )


def spread_in(line: str) -> Spread | None:
    """The spread that a line such as `min = 1.1 ms, max = 2 ms, mean = 1.2 ms, percentile(99%) = 1.9 ms` tells, by its
    labels, never by their order; None for a line without a mean above 0."""
    told: dict[str, float] = {}
    shares: dict[float, float] = {}
    for label, share, value in _VALUE.findall(line):
        if share:
            shares[float(share)] = float(value)
        else:
            told[label] = float(value)
    if not 0.0 < told.get("mean", 0.0) < math.inf:
        return None
    return Spread(percentiles=shares, **told)
