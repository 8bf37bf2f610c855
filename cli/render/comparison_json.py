"""A comparison for machines, version 1 (docs/compare.md). Undefined is null, never NaN."""

from __future__ import annotations

import json
from dataclasses import asdict

from dinoq.jobs.compare.accuracy import AccuracyCompared, Flipped, PairedAccuracy
from dinoq.jobs.compare.comparison import Compared, Comparison
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.compare.speed import SpeedCompared
from dinoq.jobs.paired import Paired

VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""
Values = dict[str, object]


def render(comparison: Comparison) -> str:
    """The comparison as indented JSON; ASCII, so that any terminal and file can hold it."""
    return json.dumps(comparison_values(comparison), indent=2, allow_nan=False)


def comparison_values(comparison: Comparison) -> Values:
    """The comparison as plain values."""
    return {
        "version": VERSION,
        "outcome": comparison.outcome,
        "exit_code": comparison.exit_code,
        "a": _job(comparison.pairs[0].a),
        "b": _job(comparison.pairs[0].b),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "only_a": list(comparison.only_a),
        "only_b": list(comparison.only_b),
        "refused": [asdict(one) for one in comparison.refused],
        "incomplete": list(comparison.gaps),
    }


def _job(side: Side) -> Values:
    report = side.report
    told = {"job": side.job, "uuid": report.uuid, "name": report.name, "owner": report.owner}
    return told | {"created_at": report.created_at.isoformat()}


def _pair(pair: Compared) -> Values:
    return {
        "a": pair.a.name,
        "b": pair.b.name,
        "outcome": pair.outcome,
        "unlike": list(pair.unlike),
        "simulated": [side.run.simulated for side in (pair.a, pair.b)],
        "changes": [asdict(one) for one in pair.changes],
        "accuracy": _accuracy(pair.accuracy) if pair.accuracy else None,
        "throughput": _speed(pair.speed),
    }


def _accuracy(one: AccuracyCompared) -> Values:
    return {
        "outcome": one.outcome,
        "why": one.why,
        "paired": _paired(one.paired) if one.paired else None,
        "unpaired": asdict(one.unpaired) if one.unpaired else None,
    }


def _paired(made: PairedAccuracy) -> Values:
    return {
        "samples": made.samples,
        "same_top1": made.same_top1,
        "top1": _table(made.top1),
        "top5": _table(made.top5),
        "margin": made.margin,
        "no_worse": made.no_worse,
        "how": made.how or None,
        "flipped_total": made.top1.discordant,
        "flipped": [_flip(one) for one in made.flipped],
    }


def _table(pair: Paired) -> Values:
    low, high = pair.interval
    counts = {"both": pair.both, "only_a": pair.only_a, "only_b": pair.only_b, "neither": pair.neither}
    return {**counts, "difference": pair.difference, "low": low, "high": high, "worst": pair.worst, "p": pair.p}


def _flip(one: Flipped) -> Values:
    return {"name": one.name, "label": one.label, "a": one.a, "b": one.b}


def _speed(speed: SpeedCompared) -> Values:
    return {
        "outcome": speed.outcome,
        "why": speed.why,
        "ratio": speed.ratio,
        "interval": {"low": speed.interval.low, "high": speed.interval.high} if speed.interval else None,
        "noise": asdict(speed.noise),
        "images_per_s": {rate.scope: {"a": rate.a, "b": rate.b, "ratio": rate.ratio} for rate in speed.rates},
        "latency_ms": {one.name: {"a": one.a, "b": one.b, "change": one.change} for one in speed.percentiles},
    }
