"""Stored jobs, small or large, as a report is made from them; and results with known right answers and times."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import nan
from typing import Any

import numpy as np

from dinoq.jobs.ledger import ArtifactRef, DeviceFacts, Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import plan_parts, plan_slices
from dinoq.jobs.record import FailedPart, FencedRecord, JobRecord, RunRecord, SliceRecord
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.result import NOT_EVALUATED, TOP, UNRANKED, Predictions, ShardResult, Times
from dinoq.jobs.spec import JobSpec
from dinoq.jobs.telemetry import Block
from tests.builders import CLASSES, OWNER, make_device, make_manifest, make_spec, sha256

BEGUN = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def make_predictions(
    manifest: Manifest,
    first: int,
    count: int,
    *,
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
) -> Predictions:
    """The right class first, or second for samples in `wrong`, -1 throughout for those in `unreadable`, -2 for those in
    `unranked`."""
    labels = manifest.label_array[first : first + count, None]
    classes = ((labels + np.arange(TOP)) % CLASSES).astype(np.int16)
    at = np.arange(first, first + count)
    for no in np.flatnonzero(np.isin(at, list(wrong))):
        classes[no, :2] = classes[no, 1::-1]
    classes[np.isin(at, list(unranked))] = UNRANKED
    classes[np.isin(at, list(unreadable))] = NOT_EVALUATED
    return Predictions(classes, np.zeros((count, TOP), np.float16))


def make_times(
    batch_ms: Sequence[float], *, copy_ms: float = nan, fed_ms: float = 0.0, padded: int = 0, loading_ms: float = 0.0
) -> Times:
    """One batch after the other from `fed_ms` on; the last `padded` of them are not timed."""
    compute = np.array(batch_ms, np.float32)
    timed = np.arange(len(compute)) < len(compute) - padded
    copies = np.full(len(compute), copy_ms, np.float32)
    done_ms = fed_ms + float(compute.sum()) + len(compute) * (0.0 if np.isnan(copy_ms) else 2 * copy_ms)
    return Times(compute, copies, copies, timed, fed_ms, done_ms, loading_ms)


def make_result(
    manifest: Manifest,
    first: int,
    count: int,
    *,
    no: int = 1,
    run_no: int = 1,
    device: str = "host-a/cpu:0",
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
    times: Times | None = None,
    overlap: str = "",
) -> ShardResult:
    """Samples [first, first + count), all right but those named; `unranked` were answered with NaN."""
    bad = {sample for sample in unreadable if first <= sample < first + count}
    odd = {sample for sample in unranked if first <= sample < first + count} - bad
    missed = {sample for sample in wrong if first <= sample < first + count} - bad - odd
    return ShardResult(
        run_no=run_no,
        no=no,
        first=first,
        count=count,
        device=device,
        n=count - len(bad),
        top1=count - len(bad) - len(odd) - len(missed),
        top5=count - len(bad) - len(odd),
        unreadable=len(bad),
        predictions=make_predictions(manifest, first, count, wrong=missed, unreadable=bad, unranked=odd).to_blob(),
        times=(times or make_times([1.0] * count)).to_blob(),
        overlap=overlap,
        nonfinite=len(odd),
    )


def make_results(
    manifest: Manifest,
    batch: int,
    *,
    run_no: int = 1,
    ms: float = 2.0,
    copy_ms: float = nan,
    loop: int = 1,
    devices: Sequence[str] = ("host-a/cpu:0",),
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
) -> tuple[ShardResult, ...]:
    """Every part of a run, dealt to the devices in turn, each batch taking about `ms`."""
    results, clock = [], dict.fromkeys(devices, 1000.0)
    for part in plan_parts(plan_slices(len(manifest), [batch]), batch):
        device = devices[(part.no - 1) % len(devices)]
        batches = -(-part.count // batch) * loop
        wave = ms * (1.0 + 0.004 * np.sin(np.arange(batches)))
        padded = 1 if part.count % batch else 0
        times = make_times(list(wave), copy_ms=copy_ms, fed_ms=clock[device], padded=padded)
        clock[device] = times.done_ms
        named = {"device": device, "wrong": wrong, "unreadable": unreadable, "unranked": unranked, "times": times}
        results.append(make_result(manifest, part.first, part.count, no=part.no, run_no=run_no, **named))  # type: ignore[arg-type]
    return tuple(results)


def make_run(
    results: Sequence[ShardResult] = (),
    *,
    run_no: int = 1,
    origin: Origin | None = "real",
    state: str = "done",
    error: str = "",
    toolkit: str = "ONNX Runtime 1.22.0",
    wall_ms: int | None = 10_000,
    wall_void: str = "",
    fenced: Sequence[FencedRecord] = (),
    failed: Sequence[FailedPart] = (),
    devices: Sequence[DeviceFacts] | None = None,
    telemetry: Sequence[Block] = (),
) -> RunRecord:
    """One run as stored."""
    return RunRecord(
        run_no=run_no,
        origin=origin,
        state=state,
        error=error,
        artifact=ArtifactRef(key=sha256("key"), uri="artifacts/key", sha256=sha256("artifact")),
        toolkit=toolkit,
        arch="x86_64",
        wall_void=wall_void,
        first_start_ms=None if wall_ms is None else 5_000,
        last_finish_ms=None if wall_ms is None else 5_000 + wall_ms,
        results=tuple(results),
        fenced=tuple(fenced),
        failed=tuple(failed),
        devices=(make_device(),) if devices is None else tuple(devices),
        telemetry=tuple(telemetry),
    )


def make_slices(
    manifest: Manifest, batches: Sequence[int], unreadable: Collection[int] = ()
) -> tuple[SliceRecord, ...]:
    """Every slice preprocessed; the samples named could not be read."""
    return tuple(
        SliceRecord(
            no=piece.no,
            first=piece.first,
            count=piece.count,
            readable=bytes(int(piece.first + at not in unreadable) for at in range(piece.count)),
            reasons={manifest.names[at]: "truncated" for at in unreadable if 0 <= at - piece.first < piece.count},
        )
        for piece in plan_slices(len(manifest), batches)
    )


def make_record(
    manifest: Manifest,
    spec: JobSpec,
    runs: Sequence[RunRecord],
    *,
    state: str = "done",
    unreadable: Collection[int] = (),
) -> JobRecord:
    """One job as stored; it ended unless it is active."""
    return JobRecord(
        id=42,
        uuid="0f" * 16,
        owner=OWNER,
        state=state,
        spec=spec,
        fingerprint=sha256("fingerprint"),
        created_at=BEGUN,
        finished_at=None if state == "active" else BEGUN,
        slices=make_slices(manifest, spec.slice_batches, unreadable) if spec.slice_batches else (),
        runs=tuple(runs),
    )


def cpu_job(
    samples: int = 400,
    batches: Sequence[int] = (1, 16),
    *,
    wrong: Collection[int] = (),
    unreadable: Collection[int] = (),
    unranked: Collection[int] = (),
    baseline_top1: float | None = None,
    name: str = "a job",
) -> tuple[JobRecord, Manifest]:
    """A finished job of the cpu of one host, all right but the samples named."""
    manifest = make_manifest(samples)
    spec = make_spec(manifest, batches=batches, baseline_top1=baseline_top1, name=name)
    odd: dict[str, Any] = {"wrong": wrong, "unreadable": unreadable, "unranked": unranked}
    runs = [
        make_run(make_results(manifest, run.batch, run_no=run.run_no, ms=2.0 + run.batch, **odd), run_no=run.run_no)
        for run in spec.runs
    ]
    return make_record(manifest, spec, runs, unreadable=unreadable), manifest


def two_chip_job(origins: tuple[Origin, Origin] = ("real", "real"), samples: int = 4096) -> tuple[JobRecord, Manifest]:
    """310 (four chips a card) against T4, batches 1, 16 and 64, three in four right, published 75.3 %."""
    manifest = make_manifest(samples)
    spec = make_spec(
        manifest, chips=("310", "T4"), batches=(1, 16, 64), baseline_top1=0.753, name="dino_resnet50 on imagenet-val"
    )
    spec = replace(spec, model=replace(spec.model, gflop=8.22))
    images_per_s = {("310", 1): 401.6, ("310", 16): 610.3, ("310", 64): 561.0}
    images_per_s |= {("T4", 1): 878.7, ("T4", 16): 1858.2, ("T4", 64): 2090.9}
    kits = {"310": "CANN 8.0.RC2", "T4": "TensorRT 10.16.1"}
    origin_of = dict(zip(("310", "T4"), origins, strict=True))
    runs = []
    for run in spec.runs:
        n = 4 if run.chip == "310" else 1
        devices = [
            make_device("cann-07", run.chip, index, origin=origin_of[run.chip], toolkit=kits[run.chip])
            for index in range(n)
        ]
        ms = 1000.0 * run.batch / images_per_s[run.chip, run.batch]
        results = make_results(
            manifest,
            run.batch,
            run_no=run.run_no,
            ms=ms,
            copy_ms=0.1,
            devices=[one.key for one in devices],
            wrong=range(0, samples, 4),
        )
        record = make_run(
            results, run_no=run.run_no, origin=origin_of[run.chip], toolkit=kits[run.chip], devices=devices
        )
        runs.append(record)
    return make_record(manifest, spec, runs), manifest


def report_of(job: tuple[JobRecord, Manifest], *, strict: bool = False) -> Report:
    """The report of a stored job."""
    return build_report(*job, strict=strict)


def paced(job: tuple[JobRecord, Manifest], chip: str, pace: str = "published") -> tuple[JobRecord, Manifest]:
    """The same job, the devices of one chip paced."""
    record, manifest = job
    runs = [
        replace(run, devices=tuple(replace(one, pace=pace if one.chip == chip else one.pace) for one in run.devices))
        for run in record.runs
    ]
    return replace(record, runs=tuple(runs)), manifest


def beside_cpu(origin: Origin = "simulated", baseline_top1: float | None = None) -> tuple[JobRecord, Manifest]:
    """A 310P3 and the cpu, batches 1 and 4, 400 photos; the chip errs at photo 7, the cpu at 7, 8 and 9."""
    manifest = make_manifest(400)
    spec = make_spec(manifest, chips=("310P3", "cpu"), batches=(1, 4), baseline_top1=baseline_top1, name="both")
    runs = []
    for run in spec.runs:
        of: Origin = origin if run.chip == "310P3" else "real"
        device = make_device("lab", run.chip, origin=of)
        wrong = (7,) if run.chip == "310P3" else (7, 8, 9)
        results = make_results(manifest, run.batch, run_no=run.run_no, devices=[device.key], wrong=wrong)
        runs.append(make_run(results, run_no=run.run_no, origin=of, devices=[device]))
    return make_record(manifest, spec, runs), manifest
