"""How long a comparison takes, from stored rows to text and JSON."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np

from benchmarks.figure import Figure
from dinoq.cli.render.comparison import render
from dinoq.jobs.compare.comparison import Limits, compare_runs
from dinoq.jobs.compare.sides import side_of
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord
from tests.builders import make_manifest, make_spec
from tests.reports import make_record, make_results, make_run

SAMPLES = 50_000
ROUNDS = 7


def measure() -> list[Figure]:
    """Two runs of 50,000 samples at batch 1, of which 10,000 flip: merged, paired, judged and rendered."""
    manifest = make_manifest(SAMPLES)
    a, b = (_stored(manifest, offset) for offset in (0, 1))
    found = []
    for format in ("text", "json"):
        seconds = statistics.median(_once(a, b, manifest, format) for _ in range(ROUNDS))
        name = f"compare, 2 x 50,000 samples, {format}"
        found.append(Figure(name, seconds, "s", 1.0, None, "upper limit; merge to output, median of 7"))
    return found


def _once(a: JobRecord, b: JobRecord, manifest: Manifest, format: str) -> float:
    here, there = replace(manifest), replace(manifest)  # without what they remember
    begun = time.perf_counter()
    render(compare_runs(side_of(a, here, 1), side_of(b, there, 1), Limits()), format)
    return time.perf_counter() - begun


def _stored(manifest: Manifest, offset: int) -> JobRecord:
    wrong = np.arange(offset, SAMPLES, 10).tolist()
    results = make_results(manifest, 1, wrong=wrong, copy_ms=0.1)
    return replace(make_record(manifest, make_spec(manifest, batches=(1,)), [make_run(results)]), id=offset + 1)
