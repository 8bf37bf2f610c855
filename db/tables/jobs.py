"""What was asked for, and how it is cut: datasets, jobs, runs, the lanes they queue in, slices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import ORIGINS, Base, RowId, Words, one_of

JOB_STATES = ("active", "done", "failed", "cancelled")
RUN_STATES = ("waiting", "ready", "open", "done", "failed", "cancelled")


class ManifestRow(Base):
    """Names and labels of a dataset, as `Manifest.to_blob` writes them."""

    __tablename__ = "manifest"
    id: Mapped[str] = mapped_column(primary_key=True)
    samples: Mapped[int]
    body: Mapped[bytes]


class Job(Base):
    """What one submit asked for. `store_id` is the store that holds its model. `imported_ms` is set, and `imported_from`
    says where from, for a job that was worked elsewhere. `model`, `model_sha256` and `recipe` are in `spec` too, and here
    to be searched. `changes` counts what may change the figures of its ended runs; `figured` is the count that those in
    `figures` are of, negative while samplers may still tell of it: they are due to be made anew where the two differ."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("uuid"),
        one_of("state", JOB_STATES),
        Index(None, "state", "id"),
        Index(None, "owner", "id"),
        Index(
            "ix_job_due",
            "id",
            sqlite_where=text("changes != figured"),
            postgresql_where=text("changes != figured"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uuid: Mapped[str]
    name: Mapped[str] = mapped_column(Words)
    owner: Mapped[str] = mapped_column(Words)
    store_id: Mapped[str]
    manifest_id: Mapped[str] = mapped_column(ForeignKey("manifest.id"))
    state: Mapped[str]
    spec: Mapped[dict[str, Any]]
    fingerprint: Mapped[str | None]
    created_ms: Mapped[int]
    finished_ms: Mapped[int | None]
    imported_ms: Mapped[int | None]
    imported_from: Mapped[str] = mapped_column(Words, server_default="")
    model: Mapped[str] = mapped_column(Words, server_default="")
    model_sha256: Mapped[str] = mapped_column(server_default="")
    recipe: Mapped[str] = mapped_column(Words, server_default="")
    changes: Mapped[int] = mapped_column(server_default="0")
    figured: Mapped[int] = mapped_column(server_default="0")


class Run(Base):
    """One cell of a job. `artifact_sha256` stays what this run executed, even when the artifact is made anew later;
    `devices` holds the facts of each device as they were when it gave its first result, and under `program` what its
    loaded program said of itself last."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("run_no >= 1", name="run_no"),
        one_of("state", RUN_STATES),
        one_of("origin", ORIGINS),
        Index(None, "chip", "origin", "state"),
    )
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chip: Mapped[str]
    batch: Mapped[int]
    precision: Mapped[str]
    mode: Mapped[str]
    origin: Mapped[str | None]
    artifact_key: Mapped[str | None] = mapped_column(ForeignKey("artifact.key"))
    artifact_sha256: Mapped[str | None]
    toolkit: Mapped[str]
    arch: Mapped[str]
    state: Mapped[str]
    error: Mapped[str] = mapped_column(Words)
    wall_void: Mapped[str]
    devices: Mapped[dict[str, Any]]
    ready_made: Mapped[bool] = mapped_column(server_default=false())


class Lane(Base):
    """The runs of one chip and origin go one after the other; `open_*` names the last one that was opened."""

    __tablename__ = "lane"
    __table_args__ = (
        ForeignKeyConstraint(["open_job_id", "open_run_no"], ["run.job_id", "run.run_no"]),
        one_of("origin", ORIGINS),
    )
    chip: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    open_job_id: Mapped[int | None]
    open_run_no: Mapped[int | None]


class SliceRow(Base):
    """One slice; the columns from `shard_key` on are null until it is preprocessed. `readable` has a byte per sample."""

    __tablename__ = "slice"
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    slice_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first: Mapped[int]
    count: Mapped[int]
    shard_key: Mapped[str | None]
    readable: Mapped[bytes | None]
    reasons: Mapped[dict[str, Any]]
    sample_sha256s: Mapped[bytes | None]
