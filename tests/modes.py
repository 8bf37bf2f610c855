"""Runs on random data, and jobs of each rule, as a report is made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.modes import Rule
from dinoq.jobs.record import JobRecord
from dinoq.jobs.result import ShardResult
from dinoq.jobs.windows import decisive
from tests.builders import make_device, make_manifest, make_spec
from tests.reports import make_record, make_result, make_results, make_run, make_times


def make_random_result(
    means_ms: Sequence[float] = (2.0, 2.0, 2.0), *, run_no: int = 1, device: str = "host-a/cpu:0", late: int = 2
) -> ShardResult:
    """What a run on random data yields: windows of seven batches that take so long, and some batches after them."""
    times = make_times([ms for ms in means_ms for _ in range(7)] + [1.0] * late, copy_ms=0.1)
    sizes = (7,) * len(means_ms)
    windows = replace(times, windows=sizes, timed=decisive(sizes, 7 * len(sizes) + late))
    empty = make_result(make_manifest(0), 0, 0, run_no=run_no, device=device)
    return replace(empty, times=windows.to_blob())


def mode_job(
    rule: Rule = "recipe",
    batches: Sequence[int] = (1, 4, 8, 16),
    *,
    chips: Sequence[str] = ("cpu",),
    samples: int = 400,
    baseline_top1: float | None = None,
) -> tuple[JobRecord, Manifest]:
    """A finished job of that rule; the larger the batch, the more images a second."""
    manifest = make_manifest(samples if rule != "pure" else 0)
    spec = make_spec(manifest, chips=chips, batches=batches, rule=rule, baseline_top1=baseline_top1)
    runs = []
    for run in spec.runs:
        device, ms = make_device(chip=run.chip), 2.0 + run.batch
        results = (
            (make_random_result((ms,) * 3, run_no=run.run_no, device=device.key),)
            if run.mode == "pure"
            else make_results(manifest, run.batch, run_no=run.run_no, ms=ms, devices=[device.key])
        )
        runs.append(make_run(results, run_no=run.run_no, devices=[device]))
    record = make_record(manifest, spec, runs)
    return replace(record, fingerprint=record.fingerprint if manifest.names else None), manifest
