"""What became of the devices of a job's runs: those that failed, and all that the fleet has of each chip and origin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dinoq.db.fleet import device_facts
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Run
from dinoq.jobs.ledger import FailureClass
from dinoq.jobs.record import DeviceTrouble, FleetDevice

ChipOrigin = tuple[str, str | None]


def fleet_of(session: Session, runs: Iterable[Run]) -> dict[ChipOrigin, tuple[FleetDevice, ...]]:
    """The devices that the ledger knows now, by chip and origin of these runs, each group by key."""
    wanted = {(run.chip, run.origin) for run in runs if run.origin is not None}
    devices = session.scalars(select(Device).where(Device.chip.in_({chip for chip, _ in wanted})).order_by(Device.key))
    mine = [device for device in devices if (device.chip, device.origin) in wanted]
    failed_ms = _last_failures(session, [device.key for device in mine if device.state == "faulty"])
    found: defaultdict[ChipOrigin, list[FleetDevice]] = defaultdict(list)
    for device in mine:
        known = FleetDevice(facts=device_facts(device.facts), state=device.state, failed_ms=failed_ms.get(device.key))
        found[device.chip, device.origin].append(known)
    return {key: tuple(devices) for key, devices in found.items()}


def troubles_of(session: Session, job_id: int) -> dict[int, tuple[DeviceTrouble, ...]]:
    """By run, the devices that failed items of it, in the order of their first failure."""
    failures = (
        select(Item.run_no, Attempt.device_key, Attempt.ended_ms, Attempt.error)
        .join(Attempt, Attempt.item_id == Item.id)
        .where(Item.job_id == job_id, Attempt.error_class == FailureClass.DEVICE, Attempt.device_key.is_not(None))
        .order_by(Attempt.ended_ms, Item.id, Attempt.token)
    )
    of_device: defaultdict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for run_no, key, ended_ms, error in session.execute(failures):
        of_device[run_no, key or ""].append((ended_ms or 0, error))
    done_ms = _last_done(session, job_id) if of_device else {}
    found: defaultdict[int, list[DeviceTrouble]] = defaultdict(list)
    for (run_no, key), failed in of_device.items():
        last_ms, error = failed[-1]
        went_on = done_ms.get((run_no, key), -1) > last_ms
        found[run_no].append(DeviceTrouble(device=key, failures=len(failed), error=error, went_on=went_on))
    return {run_no: tuple(troubles) for run_no, troubles in found.items()}


def _last_done(session: Session, job_id: int) -> dict[tuple[int, str], int]:
    done = (
        select(Item.run_no, Attempt.device_key, func.max(Attempt.ended_ms))
        .join(Attempt, Attempt.item_id == Item.id)
        .where(Item.job_id == job_id, Attempt.outcome == "done", Attempt.device_key.is_not(None))
        .group_by(Item.run_no, Attempt.device_key)
    )
    return {(run_no, key or ""): ended_ms or 0 for run_no, key, ended_ms in session.execute(done)}


def _last_failures(session: Session, keys: list[str]) -> dict[str, int]:
    """When each of these devices failed last, in whatever job."""
    failed = (
        select(Attempt.device_key, func.max(Attempt.ended_ms))
        .where(Attempt.device_key.in_(keys), Attempt.error_class == FailureClass.DEVICE)
        .group_by(Attempt.device_key)
    )
    return {key or "": ended_ms or 0 for key, ended_ms in session.execute(failed)} if keys else {}
