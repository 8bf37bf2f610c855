"""The devices and artifacts of imported jobs as their own history knew them, apart from `device`, `telemetry` and
`artifact`: nothing that comes from elsewhere is ever given work, waited for, or shown in a report of another job."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import ORIGINS, Base, one_of
from dinoq.db.tables.results import ArtifactFacts


class CarriedDeviceRow(Base):
    """A device of an imported job's chips; `failed_ms` is when one that is set aside failed last."""

    __tablename__ = "carried_device"
    __table_args__ = (one_of("state", ("ok", "faulty", "lost")),)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]]
    state: Mapped[str]
    failed_ms: Mapped[int | None]


class CarriedTelemetryRow(Base):
    """What such a device told of itself over one block of time."""

    __tablename__ = "carried_telemetry"
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    device_key: Mapped[str] = mapped_column(primary_key=True)
    block_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    samples: Mapped[bytes]
    achieved_per_s: Mapped[float | None]


class CarriedArtifactRow(ArtifactFacts, Base):
    """What an imported job's toolchain made and said, whatever this history makes by the same key."""

    __tablename__ = "carried_artifact"
    __table_args__ = (one_of("origin", ORIGINS),)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False, sort_order=-1)
