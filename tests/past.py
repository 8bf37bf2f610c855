"""Past runs as rows, with nothing in them that a test does not ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from dinoq.db.engine import Database
from dinoq.db.figures import row_of
from dinoq.db.tables.figures import FiguresRow
from dinoq.jobs.figures import RunFigures
from dinoq.jobs.verdicts import Status
from tests.builders import OWNER, sha256
from tests.crew import submit_job

BEGUN = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def make_figures(job: int = 1, run_no: int = 1, **values: Any) -> RunFigures:
    """A run of a real T4, all right and measured."""
    usual: dict[str, Any] = {
        "chip": "T4",
        "batch": 16,
        "precision": "fp16",
        "mode": "dataset",
        "origin": "real",
        "pace": "",
        "state": "done",
        "verdict": Status.PASS,
        "exit_code": 0,
        "expected": 4,
        "counted": 4,
        "nonfinite": 0,
        "top1_correct": 3,
        "top5_correct": 4,
        "top1": 0.75,
        "top5": 1.0,
        "compute_images_per_s": 1858.2,
        "compute_low_images_per_s": None,
        "compute_high_images_per_s": None,
        "device_images_per_s": None,
        "pipeline_images_per_s": None,
        "job_images_per_s": None,
        "card_images_per_s": 1858.2,
        "p50_ms": 8.6,
        "p99_ms": 8.9,
        "model": "tiny.onnx",
        "model_sha256": sha256("tiny.onnx"),
        "recipe": "dino",
        "source": "/photos",
        "fingerprint": None,
        "artifact_sha256": None,
        "given": "",
        "toolkit": "TensorRT 10.16.1",
        "driver": "",
        "hosts": ("gpu-02",),
        "owner": OWNER,
        "name": "a job",
        "told": "",
        "imported": "",
        "created_at": BEGUN,
        "finished_at": None,
    }
    return RunFigures(job=job, run_no=run_no, **usual | values)


def store_past(db: Database, *runs: dict[str, Any]) -> None:
    """A job for each of these runs, numbered from 1, of which nothing is stored but its figures and itself."""
    for values in runs:
        spec = {name: values[name] for name in ("owner", "name") if name in values}
        job = submit_job(db, chips=(values.get("chip", "T4"),), batches=(values.get("batch", 16),), **spec)
        row = row_of(make_figures(job, **values))
        db.write(lambda session, row=row: session.execute(insert(FiguresRow).values(**row)))  # type: ignore[misc]
