"""Times of one kind, summed up by the tool that took them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from dinoq.jobs.statistics import variation

_VALUE = re.compile(r"(?:\b(min|max|mean|median)|percentile\(([\d.]+)%\))\s*=\s*([\d.]+(?:[eE][+-]?\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Milliseconds per execution; None where the tool does not tell. `percentiles` are by number, such as 99.0; `count`
    is how many executions they are of, `cv` their coefficient of variation, a fraction."""

    mean: float
    min: float | None = None
    max: float | None = None
    median: float | None = None
    percentiles: Mapping[float, float] = field(default_factory=dict)
    count: int | None = None
    cv: float | None = None

    def to_json(self) -> dict[str, object]:
        """Plain values; `spread_from_json` reads them back."""
        return asdict(self) | {"percentiles": {f"{number:g}": value for number, value in self.percentiles.items()}}


def spread_from_json(values: dict[str, Any]) -> Spread:
    """The spread that `to_json` wrote."""
    return Spread(**values | {"percentiles": {float(number): value for number, value in values["percentiles"].items()}})


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
        cv=variation(values),
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
    return spread_told(told, shares)


def spread_told(told: Mapping[str, float], percentiles: Mapping[float, float], count: int | None = None) -> Spread:
    """The spread from figures by their labels, of which `mean` must be there."""
    return Spread(
        mean=told["mean"],
        min=told.get("min"),
        max=told.get("max"),
        median=told.get("median"),
        percentiles=percentiles,
        count=count,
    )
