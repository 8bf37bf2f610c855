"""`dinoq jobs` over 10,000 past jobs, above its imports."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from dinoq.db.engine import open_database
from dinoq.db.history import list_jobs
from dinoq.db.jobs import submit
from dinoq.jobs.chips import parse_chips
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.jobs.spec import DataRef, JobSpec, ModelRef, plan_runs

JOBS = 10_000
ROUNDS = 7


def measure() -> list[Figure]:
    """The query and its values, in seconds."""
    manifest = Manifest(("a.jpg",), (0,))
    model = ModelRef(name="m", sha256="ab" * 32, input_name="i", output_name="o", classes=9, input_hw=(224, 224))
    data = DataRef(source="/nowhere", manifest_id=manifest.id, samples=1)
    runs = plan_runs(parse_chips("310P3,T4"), (1, 16), None)
    spec = JobSpec(name="past", model=model, data=data, recipe=RECIPES["dino"], runs=runs)
    with tempfile.TemporaryDirectory() as scratch:
        db = open_database(f"sqlite:///{Path(scratch, 'db.sqlite')}")
        for _ in range(JOBS):
            submit(db, spec, manifest, owner="bench", store_id="s")
        seconds = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            assert len(list_jobs(db, limit=20)) == 20
            seconds.append(time.perf_counter() - begun)
        db.close()
    return [
        Figure("dinoq jobs over 10,000", statistics.median(seconds), "s", 0.3, None, "upper limit; above its imports")
    ]
