"""A long history made of rows: 100,000 ended runs of eight models, as years of work leave it."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.jobs import searched
from dinoq.db.tables.base import Base
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.jobs import Job, ManifestRow, Run
from dinoq.jobs.chips import parse_chips
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.jobs.spec import DataRef, JobSpec, ModelRef, plan_runs

RUNS = 100_000
MODELS = 8
BATCHES = (1, 4, 16, 64)
AT_ONCE = 1_000
"""Jobs that are stored in one transaction."""
FIRST_MS, BETWEEN_MS = 1_735_689_600_000, 5_000_000
VERDICTS = ("PASS", "PASS", "PASS", "UNSTABLE", "UNDECIDED", "INCOMPLETE", "IMPLAUSIBLE", "FAIL")
SCOPES = ("compute", "compute_low", "compute_high", "device", "pipeline", "job", "card")
Values = dict[str, Any]


def store_past(db: Database) -> int:
    """Store them, all summed up; how many jobs they are of."""
    manifest = Manifest(("a.jpg",), (0,))
    specs = [_spec(no, manifest) for no in range(MODELS)]
    jobs = RUNS // len(specs[0].runs)
    rng = random.Random(0)
    db.write(lambda session: _manifest(session, manifest))
    for first in range(1, jobs + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, jobs + 1))
        rows = [(no, specs[no % MODELS]) for no in numbers]
        tables: dict[type[Base], list[Values]] = {
            Job: [_job(no, spec) for no, spec in rows],
            Run: [_run(no, run.run_no, run.chip, run.batch) for no, spec in rows for run in spec.runs],
            FiguresRow: [
                _figures(rng, no, spec, run_no) for no, spec in rows for run_no in range(1, len(spec.runs) + 1)
            ],
        }
        db.write(lambda session, tables=tables: _insert(session, tables))  # type: ignore[misc]
    return jobs


def _manifest(session: Session, manifest: Manifest) -> None:
    session.execute(insert(ManifestRow).values(id=manifest.id, samples=1, body=manifest.to_blob()))


def _insert(session: Session, tables: dict[type[Base], list[Values]]) -> None:
    for table, rows in tables.items():
        session.execute(insert(table), rows)


def _spec(no: int, manifest: Manifest) -> JobSpec:
    sha256 = f"{no:x}" * 64
    model = ModelRef(name=f"net-{no}", sha256=sha256, input_name="i", output_name="o", classes=9, input_hw=(224, 224))
    data = DataRef(source="/nowhere", manifest_id=manifest.id, samples=1)
    runs = plan_runs(parse_chips("310P3,T4"), BATCHES, None)
    return JobSpec(name=f"past {no}", model=model, data=data, recipe=RECIPES["dino"], runs=runs)


def _job(no: int, spec: JobSpec) -> Values:
    created = FIRST_MS + no * BETWEEN_MS
    where = {"manifest_id": spec.data.manifest_id, "store_id": "s", "owner": f"user{no % 9}@host-{no % 20}"}
    times = {"created_ms": created, "finished_ms": created + 1_000, "changes": 1, "figured": 1}
    return (
        {"uuid": f"{no:032x}", "name": spec.name, "state": "done", "spec": spec.to_json()}
        | where
        | times
        | searched(spec)
    )


def _run(job_id: int, run_no: int, chip: str, batch: int) -> Values:
    cell = {"chip": chip, "batch": batch, "precision": "fp16", "mode": "dataset", "origin": "real"}
    told = dict.fromkeys(("toolkit", "arch", "error", "wall_void"), "")
    return {"job_id": job_id, "run_no": run_no, "state": "done", "devices": {}, **cell, **told}


def _figures(rng: random.Random, job_id: int, spec: JobSpec, run_no: int) -> Values:
    run, job = spec.run(run_no), _job(job_id, spec)
    rate = rng.uniform(100.0, 4000.0)
    rates = dict.fromkeys((f"{scope}_images_per_s" for scope in SCOPES), rate)
    texts = {"given": "", "told": "", "imported": "", "pace": "", "toolkit": "CANN 8.0.RC2", "driver": "24.1.rc2"}
    return {
        **{
            name: job[name]
            for name in ("name", "owner", "created_ms", "finished_ms", "model", "model_sha256", "recipe")
        },
        "job_id": job_id,
        "run_no": run_no,
        "chip": run.chip,
        "batch": run.batch,
        "precision": run.precision,
        "mode": "dataset",
        "origin": rng.choice(("real", "real", "simulated")),
        "state": "done",
        "exit_code": 0,
        "verdict": rng.choice(VERDICTS),
        "expected": 50_000,
        "counted": 50_000,
        "nonfinite": 0,
        "top1_correct": 37_640,
        "top5_correct": 46_285,
        "top1": 0.7528,
        "top5": 0.9257,
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        **rates,
        **texts,
        "source": spec.data.source,
        "fingerprint": "0f" * 32,
        "artifact_sha256": "ab" * 32,
        "hosts": f"host-{job_id % 20}",
    }
