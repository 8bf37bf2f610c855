"""How long a page takes, from stored rows to HTML, and how large it is."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.figure import Figure
from benchmarks.report import SAMPLES, stored
from dinoq.jobs.record import JobRecord, RunRecord
from dinoq.jobs.report import build_report
from tests.builders import make_manifest
from tests.readings import make_block

READINGS = 600
"""Ten minutes of every run, once a second."""


def measure() -> list[Figure]:
    """12 runs of 50,000 samples with sensors. The first time counts: a command draws one page, and imports what draws."""
    manifest = make_manifest(SAMPLES)
    record = _with_sensors(stored(manifest))
    begun = time.perf_counter()
    from dinoq.cli.render.html import render

    page = render(build_report(record, replace(manifest)))  # without its cached array
    seconds = time.perf_counter() - begun
    size = len(page.encode()) / 1e6
    name = "html, 12 x 50,000 samples"
    return [
        Figure(name, seconds, "s", 5.0, None, "upper limit; merge to page with its imports, once"),
        Figure(f"{name}, size", size, "MB", 5.0, None, "upper limit"),
    ]


def _with_sensors(record: JobRecord) -> JobRecord:
    return replace(record, runs=tuple(map(_sampled, record.runs)))


def _sampled(run: RunRecord) -> RunRecord:
    """Its readings come from noise, so that no line is short."""
    rng = np.random.default_rng(run.run_no)
    begun_ms = run.first_start_ms or 0
    noise = rng.normal(60.0, 2.0, (4, READINGS)).tolist()
    block = make_block(
        begun_ms=begun_ms,
        device="host-a/cpu:0",
        power_w=noise[0],
        temperature_c=noise[1],
        clock_mhz=noise[2],
        utilisation_pct=noise[3],
    )
    return replace(run, last_finish_ms=begun_ms + 1000 * READINGS, telemetry=(block,))
