"""Runs to be compared: with known answers, and batch times that a test gives or a seed draws."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.compare.sides import Side, side_of
from dinoq.jobs.ledger import Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import plan_parts, plan_slices
from dinoq.jobs.record import JobRecord
from dinoq.jobs.result import ShardResult
from tests.builders import make_device, make_manifest, make_spec
from tests.reports import make_record, make_result, make_results, make_run, make_times

MANIFEST = make_manifest(2048)
BATCH = 16
BATCHES = len(MANIFEST) // BATCH


def make_side(
    ms: Sequence[float] | NDArray[np.float64] | None = None,
    *,
    job: int = 42,
    chip: str = "T4",
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
    manifest: Manifest = MANIFEST,
    origin: Origin = "real",
    fingerprint: str | None = "f1",
    **changes: Any,
) -> Side:
    """One run of one device at batch 16, each batch as long as `ms` says, all right but the samples named. `changes` are
    of its run record."""
    record = job_with(
        {chip: timed_results(manifest, chip, ms, wrong=wrong, unreadable=unreadable, unranked=unranked)},
        job=job,
        manifest=manifest,
        origin=origin,
        **changes,
    )
    return side_of(replace(record, fingerprint=fingerprint), manifest, 1)


def job_with(
    of: dict[str, tuple[ShardResult, ...]],
    *,
    job: int = 42,
    manifest: Manifest = MANIFEST,
    origin: Origin = "real",
    **changes: Any,
) -> JobRecord:
    """A job with a run of batch 16 for each chip."""
    spec = make_spec(manifest, chips=tuple(of), batches=(BATCH,))
    runs = [
        replace(
            make_run(of[run.chip], run_no=run.run_no, origin=origin, devices=[make_device(chip=run.chip)]),
            **changes,
        )
        for run in spec.runs
    ]
    return replace(make_record(manifest, spec, runs), id=job)


def timed_results(
    manifest: Manifest,
    chip: str,
    ms: Sequence[float] | NDArray[np.float64] | None = None,
    *,
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
) -> tuple[ShardResult, ...]:
    """Every part of a run, one after the other."""
    device = f"host-a/{chip}:0"
    if ms is None:
        answers = {"wrong": wrong, "unreadable": unreadable, "unranked": unranked}
        return make_results(manifest, BATCH, devices=[device], **answers)  # type: ignore[arg-type]
    made, used = [], 0
    for part in plan_parts(plan_slices(len(manifest), [BATCH]), BATCH):
        batches = -(-part.count // BATCH)
        times = make_times(list(ms[used : used + batches]), fed_ms=1e6 * part.no)
        used += batches
        named = {"device": device, "wrong": wrong, "unreadable": unreadable, "unranked": unranked, "times": times}
        made.append(make_result(manifest, part.first, part.count, no=part.no, **named))  # type: ignore[arg-type]
    return tuple(made)


def steady_ms(seed: int, mean: float = 5.0, batches: int = BATCHES) -> NDArray[np.float64]:
    """An accelerator's batch times: within 0.5 %, about a mean that itself is off by up to 0.5 % from run to run."""
    rng = np.random.default_rng(seed)
    return np.asarray(mean * (1.0 + rng.uniform(-0.005, 0.005)) * rng.normal(1.0, 0.005, batches))


def restless_ms(seed: int, mean: float = 5.0, batches: int = BATCHES) -> NDArray[np.float64]:
    """A busy cpu's: spells of 20 % more or less that last some dozen batches, and now and then one of three times as long."""
    rng = np.random.default_rng(seed)
    spell, level = np.empty(batches), 0.0
    for at in range(batches):
        level = 0.93 * level + rng.normal(0.0, 0.07)
        spell[at] = level
    jolts = np.where(rng.random(batches) < 0.02, 3.0, 1.0)
    return np.asarray(mean * np.exp(spell) * jolts)
