"""Accuracy as it is printed: right answers, their interval, and how they compare with the published figure."""

from __future__ import annotations

from dataclasses import dataclass

from dinoq.jobs.merge import Coverage
from dinoq.jobs.statistics import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Right answers over the samples of the dataset; `low` and `high` are the Wilson 95 % interval, as fractions."""

    correct: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Top-1 beside the published figure: the `difference` of the fractions, and the one as a fraction of the other
    (None where the published figure is 0)."""

    baseline: float
    difference: float
    relative: float | None


def score_of(correct: int, coverage: Coverage) -> Score | None:
    """Over the samples of the dataset, so that what is missing never improves it; None when nothing was evaluated."""
    interval = wilson(correct, coverage.expected)
    if coverage.counted == 0 or interval is None:
        return None
    return Score(correct=correct, accuracy=correct / coverage.expected, low=interval[0], high=interval[1])


def against(top1: Score | None, baseline: float | None) -> Against | None:
    """None without a score or a published figure, a fraction."""
    if top1 is None or baseline is None:
        return None
    relative = top1.accuracy / baseline if baseline > 0.0 else None
    return Against(baseline=baseline, difference=top1.accuracy - baseline, relative=relative)
