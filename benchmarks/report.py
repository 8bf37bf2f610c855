"""How long a report takes, from stored rows to text."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np

from benchmarks.figure import Figure
from dinoq.cli.render import text
from dinoq.jobs.gates import parse_gate
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import plan_parts, plan_slices
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import build_report
from dinoq.jobs.result import Predictions, ShardResult, Times, hits
from tests.builders import make_manifest, make_spec
from tests.reports import make_record, make_run

SAMPLES = 50_000
CHIPS = ("310P3", "T4", "cpu")
BATCHES = (1, 8, 16, 64)
GATES = ("310P3/T4 >= 0.9", "310P3@16/T4@16 >= 0.9", "T4@16 >= 100 img/s")
ROUNDS = 7


def measure() -> list[Figure]:
    """12 runs of 50,000 samples on three chips, each held against the others with all statistics: merged, judged against
    gates and a latency budget, and rendered."""
    manifest = make_manifest(SAMPLES)
    record = stored(manifest)
    seconds = statistics.median(_once(record, manifest) for _ in range(ROUNDS))
    return [Figure("report, 12 x 50,000 samples", seconds, "s", 1.0, None, "upper limit; merge to text, median of 7")]


def _once(record: JobRecord, manifest: Manifest) -> float:
    fresh = replace(manifest)  # without its cached array
    begun = time.perf_counter()
    text.render(build_report(record, fresh, gates=[parse_gate(one) for one in GATES], latency_budget_ms=20.0))
    return time.perf_counter() - begun


def stored(manifest: Manifest) -> JobRecord:
    """12 runs of all samples, on two chips."""
    spec = make_spec(manifest, chips=CHIPS, batches=BATCHES, baseline_top1=0.1)
    rng = np.random.default_rng(0)
    runs = []
    for run in spec.runs:
        parts = plan_parts(plan_slices(SAMPLES, BATCHES), run.batch)
        results = [_result(manifest, rng, run.run_no, run.batch, part.no, part.first, part.count) for part in parts]
        runs.append(make_run(results, run_no=run.run_no))
    return make_record(manifest, spec, runs)


def _result(
    manifest: Manifest, rng: np.random.Generator, run_no: int, batch: int, no: int, first: int, count: int
) -> ShardResult:
    predictions = Predictions(
        rng.permuted(np.tile(np.arange(10, dtype=np.int16), (count, 1)), axis=1)[:, :5],
        np.zeros((count, 5), np.float16),
    )
    batches = -(-count // batch)
    ms = ((1.0 + 0.1 * batch) * rng.normal(1.0, 0.01, batches)).astype(np.float32)
    times = Times(ms, ms, ms, np.ones(batches, np.bool_), no * 1e6, no * 1e6 + 3 * float(ms.sum()))
    top1, top5 = hits(predictions, manifest.label_array[first : first + count])
    return ShardResult(
        run_no=run_no,
        no=no,
        first=first,
        count=count,
        device="host-a/cpu:0",
        n=count,
        top1=top1,
        top5=top5,
        unreadable=0,
        predictions=predictions.to_blob(),
        times=times.to_blob(),
    )
