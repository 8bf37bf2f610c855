"""What past results are listed from: one row per ended run, made of its report (`db/figures.py`), never the truth."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import Base, Words


class FiguresRow(Base):
    """The values of `jobs/figures.py`; `hosts` has one a line. Whatever names the job stands here too, so that no other
    table is read to find, sort and list past results."""

    __tablename__ = "figures"
    __table_args__ = (
        Index(None, "chip", "batch", "job_id"),
        Index(None, "model_sha256"),
        Index(None, "recipe"),
        Index(None, "created_ms"),
    )
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chip: Mapped[str]
    batch: Mapped[int]
    precision: Mapped[str]
    mode: Mapped[str]
    origin: Mapped[str | None]
    pace: Mapped[str] = mapped_column(Words)
    state: Mapped[str]
    verdict: Mapped[str | None]
    exit_code: Mapped[int]
    expected: Mapped[int]
    counted: Mapped[int]
    nonfinite: Mapped[int]
    top1_correct: Mapped[int | None]
    top5_correct: Mapped[int | None]
    top1: Mapped[float | None]
    top5: Mapped[float | None]
    compute_images_per_s: Mapped[float | None]
    compute_low_images_per_s: Mapped[float | None]
    compute_high_images_per_s: Mapped[float | None]
    device_images_per_s: Mapped[float | None]
    pipeline_images_per_s: Mapped[float | None]
    job_images_per_s: Mapped[float | None]
    card_images_per_s: Mapped[float | None]
    p50_ms: Mapped[float | None]
    p99_ms: Mapped[float | None]
    model: Mapped[str] = mapped_column(Words)
    model_sha256: Mapped[str]
    recipe: Mapped[str] = mapped_column(Words)
    source: Mapped[str] = mapped_column(Words)
    fingerprint: Mapped[str | None]
    artifact_sha256: Mapped[str | None]
    given: Mapped[str] = mapped_column(Words)
    toolkit: Mapped[str] = mapped_column(Words)
    driver: Mapped[str] = mapped_column(Words)
    hosts: Mapped[str] = mapped_column(Words)
    owner: Mapped[str] = mapped_column(Words)
    name: Mapped[str] = mapped_column(Words)
    told: Mapped[str] = mapped_column(Words)
    imported: Mapped[str] = mapped_column(Words)
    created_ms: Mapped[int]
    finished_ms: Mapped[int | None]
