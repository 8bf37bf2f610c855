"""The devices of a job as its report knows them: those of this history, or, for an imported job, those it came with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dinoq.db.fleet import device_facts
from dinoq.db.run_devices import ChipOrigin, fleet_of
from dinoq.db.tables.carried import CarriedDeviceRow, CarriedTelemetryRow
from dinoq.db.tables.jobs import Job, Run
from dinoq.db.telemetry import blocks_within, telemetry_of
from dinoq.jobs.record import FleetDevice
from dinoq.jobs.telemetry import Block


def fleet_known(session: Session, job: Job, runs: Sequence[Run]) -> dict[ChipOrigin, tuple[FleetDevice, ...]]:
    """By chip and origin of the runs, each group by key."""
    if job.imported_ms is None:
        return fleet_of(session, runs)
    rows = session.scalars(select(CarriedDeviceRow).where(CarriedDeviceRow.job_id == job.id))
    found: defaultdict[ChipOrigin, list[FleetDevice]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.key):
        facts = device_facts(row.facts)
        found[facts.chip, facts.origin].append(FleetDevice(facts=facts, state=row.state, failed_ms=row.failed_ms))
    return {key: tuple(devices) for key, devices in found.items()}


def telemetry_known(
    session: Session, job: Job, devices: Collection[str], first_ms: int | None, last_ms: int | None
) -> tuple[Block, ...]:
    """The blocks of these devices that may hold readings of that time, by device and time."""
    if job.imported_ms is None:
        return telemetry_of(session, devices, first_ms, last_ms)
    return blocks_within(session, CarriedTelemetryRow, devices, first_ms, last_ms, CarriedTelemetryRow.job_id == job.id)
