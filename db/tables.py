"""The tables of the ledger. What may happen to them stands in jobs, items, lanes and sweep, nowhere else.

Times named `_ms` are whole epoch milliseconds of the database's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JOB_STATES = ("active", "done", "failed", "cancelled")
RUN_STATES = ("waiting", "ready", "open", "done", "failed", "cancelled")
ITEM_STATES = ("blocked", "queued", "running", "done", "failed", "cancelled")
UNFINISHED = ("blocked", "queued", "running")
OUTCOMES = ("done", "failed", "fenced", "lost", "drained")
ORIGINS = ("real", "simulated")
KINDS = ("preprocess", "compile", "infer")


class Words(TypeDecorator[str]):
    """Text from outside: whatever UTF-8 cannot hold (undecodable file names, NUL) is escaped, never an error."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is stored."""
        return value if value is None else value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


# Written into the statement, not bound: SQLite uses an index of queued items only where it can read that word.
QUEUED: ColumnElement[str] = literal_column("'queued'")

# SQLite numbers rows by itself only where the key is exactly INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def _one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Base(DeclarativeBase):
    """Constraints have names, so that migrations can change them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        # Not JSONB: names of files may hold what it refuses.
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


class ManifestRow(Base):
    """Names and labels of a dataset, as `Manifest.to_blob` writes them."""

    __tablename__ = "manifest"
    id: Mapped[str] = mapped_column(primary_key=True)
    samples: Mapped[int]
    body: Mapped[bytes]


class Job(Base):
    """What one submit asked for. `store_id` is the store that holds its model."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("uuid"),
        _one_of("state", JOB_STATES),
        Index(None, "state", "id"),
        Index(None, "owner", "id"),
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


class Artifact(Base):
    """What a toolchain made, by content key."""

    __tablename__ = "artifact"
    __table_args__ = (_one_of("origin", ORIGINS),)
    key: Mapped[str] = mapped_column(primary_key=True)
    model_sha256: Mapped[str]
    chip: Mapped[str]
    origin: Mapped[str]
    batch: Mapped[int]
    precision: Mapped[str]
    flags: Mapped[dict[str, Any]]
    toolkit: Mapped[str]
    arch: Mapped[str]
    uri: Mapped[str]
    sha256: Mapped[str]
    vendor_output: Mapped[str] = mapped_column(Words)
    made_ms: Mapped[int]


class Run(Base):
    """One cell of a job. `artifact_sha256` stays what this run executed, even when the artifact is made anew later;
    `devices` holds the facts of each device as they were when it gave its first result."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("run_no >= 1", name="run_no"),
        _one_of("state", RUN_STATES),
        _one_of("origin", ORIGINS),
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


class Lane(Base):
    """The runs of one chip and origin go one after the other; `open_*` names the last one that was opened."""

    __tablename__ = "lane"
    __table_args__ = (
        ForeignKeyConstraint(["open_job_id", "open_run_no"], ["run.job_id", "run.run_no"]),
        _one_of("origin", ORIGINS),
    )
    chip: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    open_job_id: Mapped[int | None]
    open_run_no: Mapped[int | None]


class Device(Base):
    """One chip. `last_incarnation` is the device process that was charged last."""

    __tablename__ = "device"
    __table_args__ = (
        _one_of("origin", ORIGINS),
        _one_of("state", ("ok", "faulty", "lost")),
        Index(None, "chip", "origin"),
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(Words)
    card: Mapped[str] = mapped_column(Words)
    chip: Mapped[str]
    origin: Mapped[str]
    facts: Mapped[dict[str, Any]]
    state: Mapped[str]
    faults: Mapped[int]
    last_incarnation: Mapped[str]


class Worker(Base):
    """One worker process; `gone` once it has left or was seen dead."""

    __tablename__ = "worker"
    __table_args__ = (_one_of("kind", ("prep", "device")), Index(None, "gone", "heartbeat_ms"))
    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(Words)
    kind: Mapped[str]
    pid: Mapped[int]
    device_key: Mapped[str | None] = mapped_column(ForeignKey("device.key"))
    store_id: Mapped[str]
    state_id: Mapped[str]
    version: Mapped[str]
    only_job: Mapped[int | None]
    heartbeat_ms: Mapped[int]
    gone: Mapped[bool]


class Item(Base):
    """One unit of work. `token` counts claims and fences late words; `attempts` counts beginnings since the last retry,
    `false_starts` failures before the beginning; `avoid` lists device keys."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "run_no", "no"),
        _one_of("kind", KINDS),
        _one_of("state", ITEM_STATES),
        CheckConstraint("(state = 'running') = (lease_until_ms IS NOT NULL)", name="leased_iff_running"),
        CheckConstraint("count >= 0 AND first >= 0", name="range"),
        Index(None, "job_id", "kind", "run_no", "state"),
        Index(
            "ix_item_leased",
            "lease_until_ms",
            sqlite_where=text("lease_until_ms IS NOT NULL"),
            postgresql_where=text("lease_until_ms IS NOT NULL"),
        ),
        Index(
            "ix_item_queued",
            "job_id",
            "hinted_ms",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    kind: Mapped[str]
    run_no: Mapped[int]
    no: Mapped[int]
    slice_no: Mapped[int]
    first: Mapped[int]
    count: Mapped[int]
    state: Mapped[str]
    attempts: Mapped[int]
    false_starts: Mapped[int]
    token: Mapped[int]
    lease_until_ms: Mapped[int | None]
    worker_id: Mapped[str | None] = mapped_column(ForeignKey("worker.id"))
    phase: Mapped[str]
    n_done: Mapped[int]
    avoid: Mapped[list[str]]
    error: Mapped[str] = mapped_column(Words)
    hinted_ms: Mapped[int | None]


class Attempt(Base):
    """What came of one claim; never removed. `outcome` is null while it is under way, or when a cancel cut it off."""

    __tablename__ = "attempt"
    __table_args__ = (_one_of("outcome", OUTCOMES),)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True, autoincrement=False)
    token: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    worker_id: Mapped[str | None]
    device_key: Mapped[str | None]
    started_ms: Mapped[int | None]
    ended_ms: Mapped[int | None]
    outcome: Mapped[str | None]
    digest: Mapped[str | None]
    error_class: Mapped[str | None]
    error: Mapped[str] = mapped_column(Words)


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


class ShardResultRow(Base):
    """What one part of a run yielded: at most one, whatever is delivered how often."""

    __tablename__ = "shard_result"
    __table_args__ = (ForeignKeyConstraint(["job_id", "run_no"], ["run.job_id", "run.run_no"]),)
    job_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first: Mapped[int]
    count: Mapped[int]
    token: Mapped[int]
    device_key: Mapped[str]
    n: Mapped[int]
    top1: Mapped[int]
    top5: Mapped[int]
    unreadable: Mapped[int]
    predictions: Mapped[bytes]
    times: Mapped[bytes]
    overlap: Mapped[str] = mapped_column(Words)


class TelemetryRow(Base):
    """Samples of one device over one block of time."""

    __tablename__ = "telemetry"
    device_key: Mapped[str] = mapped_column(ForeignKey("device.key"), primary_key=True)
    block_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    samples: Mapped[bytes]
    achieved_per_s: Mapped[float | None]
