"""Where the figures of a run come from, part by part, so that anybody can add them up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dinoq.jobs.measure import MIN_BATCHES
from dinoq.jobs.result import ShardResult, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWork:
    """How a part came about: how often it was begun, by which worker it was finished, and the shard that it was fed from
    (its key in the store; None for random data, and before it was prepared)."""

    no: int
    attempts: int
    worker: str
    shard: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPart:
    """One part of a run as it was counted: samples [first, first + count) of the manifest, `n` of them evaluated.

    `batches` were timed, `compute_ms` is their sum: None where the vendor does not tell. `images_per_s` follows from both.
    """

    no: int
    first: int
    count: int
    n: int
    top1: int
    top5: int
    unreadable: int
    nonfinite: int
    device: str
    batches: int
    compute_ms: float | None
    images_per_s: float | None
    overlap: str
    attempts: int
    worker: str
    shard: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The parts added up: what the report of the run says. `images_per_s` is None for too few batches, as there."""

    parts: int
    n: int
    top1: int
    top5: int
    unreadable: int
    nonfinite: int
    batches: int
    images_per_s: float | None


def trace_of(
    results: Sequence[ShardResult], works: Mapping[int, PartWork], labels: Mapping[str, str], *, batch: int
) -> tuple[TracedPart, ...]:
    """The parts that count, in the order of their samples; `labels` names devices by key, `works` are by part."""
    return tuple(_part(result, works.get(result.no), labels, batch) for result in results)


def totals(parts: Sequence[TracedPart], *, batch: int) -> Totals:
    """The sum row below the parts."""
    times = [part.compute_ms for part in parts]
    batches = sum(part.batches for part in parts)
    whole = None if None in times else sum(time for time in times if time is not None)
    return Totals(
        parts=len(parts),
        n=sum(part.n for part in parts),
        top1=sum(part.top1 for part in parts),
        top5=sum(part.top5 for part in parts),
        unreadable=sum(part.unreadable for part in parts),
        nonfinite=sum(part.nonfinite for part in parts),
        batches=batches,
        images_per_s=_rate(batches, batch, whole) if batches >= MIN_BATCHES else None,
    )


def _part(result: ShardResult, work: PartWork | None, labels: Mapping[str, str], batch: int) -> TracedPart:
    times = Times.from_blob(result.times)
    timed = times.compute_ms[times.timed].astype(np.float64)
    compute_ms = float(timed.sum()) if np.isfinite(timed).all() else None
    return TracedPart(
        no=result.no,
        first=result.first,
        count=result.count,
        n=result.n,
        top1=result.top1,
        top5=result.top5,
        unreadable=result.unreadable,
        nonfinite=result.nonfinite,
        device=labels.get(result.device, result.device),
        batches=timed.size,
        compute_ms=compute_ms,
        images_per_s=_rate(timed.size, batch, compute_ms),
        overlap=result.overlap,
        attempts=work.attempts if work else 0,
        worker=work.worker if work else "",
        shard=work.shard if work else None,
    )


def _rate(batches: int, batch: int, compute_ms: float | None) -> float | None:
    return 1000.0 * batches * batch / compute_ms if batches and compute_ms else None
