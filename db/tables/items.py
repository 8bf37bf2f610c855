"""The units of work, and what came of each time one was claimed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import Base, RowId, Words, one_of

ITEM_STATES = ("blocked", "queued", "running", "done", "failed", "cancelled")
UNFINISHED = ("blocked", "queued", "running")
OUTCOMES = ("done", "failed", "fenced", "lost", "drained")
KINDS = ("preprocess", "compile", "infer")

# Written into the statement, not bound: SQLite uses an index of queued items only where it can read that word.
QUEUED: ColumnElement[str] = literal_column("'queued'")


class Item(Base):
    """One unit of work. `token` counts claims and fences late words; `attempts` counts beginnings since the last retry,
    `false_starts` failures before the beginning; `avoid` lists device keys."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "run_no", "no"),
        one_of("kind", KINDS),
        one_of("state", ITEM_STATES),
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
    """What came of one claim; never removed. `outcome` is null while it is under way, or when a cancel cut it off;
    `output` is what the vendor's program said before it failed."""

    __tablename__ = "attempt"
    __table_args__ = (one_of("outcome", OUTCOMES), Index(None, "ended_ms"))
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
    output: Mapped[str] = mapped_column(Words, server_default="")
