"""What work leaves behind: artifacts, and one row per evaluated part of a run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import ORIGINS, Base, Words, one_of


class ArtifactFacts:
    """What a toolchain made, by content key, and what it said."""

    key: Mapped[str] = mapped_column(primary_key=True)
    model_sha256: Mapped[str]
    chip: Mapped[str]
    origin: Mapped[str]
    batch: Mapped[int]
    precision: Mapped[str]
    flags: Mapped[dict[str, Any]]
    toolkit: Mapped[str]
    arch: Mapped[str]
    sha256: Mapped[str]
    vendor_output: Mapped[str] = mapped_column(Words)
    made_ms: Mapped[int]


class Artifact(ArtifactFacts, Base):
    """One that was made for this history; `uri` is its place in the store, empty where only imported jobs have it."""

    __tablename__ = "artifact"
    __table_args__ = (one_of("origin", ORIGINS),)
    uri: Mapped[str]


class ShardResultRow(Base):
    """What one part of a run yielded: at most one, whatever is delivered how often. `logits` is where the store keeps
    what the program gave for it (relative), empty unless the job asked for that; `nonfinite` of its samples were
    answered with a NaN or an Inf somewhere."""

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
    logits: Mapped[str] = mapped_column(server_default="")
    nonfinite: Mapped[int] = mapped_column(server_default="0")


class Imported(Base):
    """What a foreign tool told of a run that dinoq did not work: figures, their scope, the files they came from."""

    __tablename__ = "imported"
    __table_args__ = (ForeignKeyConstraint(["job_id", "run_no"], ["run.job_id", "run.run_no"]),)
    job_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told: Mapped[dict[str, Any]]
