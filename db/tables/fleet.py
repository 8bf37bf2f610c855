"""Who is there to work: devices, worker processes, and what devices told of themselves over time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import ORIGINS, Base, Words, one_of


class Device(Base):
    """One chip. `last_incarnation` is the device process that was charged last."""

    __tablename__ = "device"
    __table_args__ = (
        one_of("origin", ORIGINS),
        one_of("state", ("ok", "faulty", "lost")),
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
    """One worker process; `gone` once it has left or was seen dead. `toolchains`: by vendor, toolkit and origin."""

    __tablename__ = "worker"
    __table_args__ = (one_of("kind", ("prep", "compile", "device")), Index(None, "gone", "heartbeat_ms"))
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
    toolchains: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class TelemetryRow(Base):
    """Samples of one device over one block of time."""

    __tablename__ = "telemetry"
    device_key: Mapped[str] = mapped_column(ForeignKey("device.key"), primary_key=True)
    block_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    samples: Mapped[bytes]
    achieved_per_s: Mapped[float | None]
