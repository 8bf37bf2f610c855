"""Whom a job waits for: a device, a compiler, somebody who preprocesses; and whether waiting is in vain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.fleet import clock, device_facts, living
from dinoq.db.settle import UNENDED
from dinoq.db.tables.fleet import Device, Worker
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import ALIVE_MS, DeviceFacts, Toolchain
from dinoq.jobs.left_out import bound_otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A living worker that may work for the job, and its device, whose values are empty for the others."""

    kind: str
    sees_store: bool
    chip: str = ""
    origin: str = ""
    state: str = ""
    device: DeviceFacts | None = None
    toolchains: tuple[Toolchain, ...] = field(default=())

    @property
    def toolkit(self) -> str:
        """Its device's."""
        return self.device.toolkit if self.device else ""

    @property
    def arch(self) -> str:
        """Its device's host's."""
        return self.device.arch if self.device else ""


def fleet_for(session: Session, job_id: int, store_id: str) -> list[Member]:
    """Every living worker that does not work for another job alone."""
    workers = select(Worker.kind, Worker.store_id, Worker.toolchains)
    workers = workers.add_columns(Device.chip, Device.origin, Device.state, Device.facts)
    workers = workers.outerjoin(Device, Device.key == Worker.device_key)
    workers = workers.where(living(clock(session)), or_(Worker.only_job.is_(None), Worker.only_job == job_id))
    return [
        Member(
            kind=row.kind,
            sees_store=row.store_id == store_id,
            chip=row.chip or "",
            origin=row.origin or "",
            state=row.state or "",
            device=device_facts(row.facts) if row.facts else None,
            toolchains=tuple(Toolchain(vendor=vendor, **told) for vendor, told in row.toolchains.items()),
        )
        for row in session.execute(workers.order_by(Worker.id))
    ]


def left_out(run: Run, fleet: Sequence[Member]) -> tuple[str, ...]:
    """A sentence for each device of the run's chip with a living worker that the run goes without."""
    told = []
    for one in fleet:
        if one.device is None or one.chip != run.chip or run.origin not in (None, one.origin):
            continue
        aside = {"ok": "", "faulty": "is set aside as faulty"}.get(one.state, "is ill")
        if why := aside or bound_otherwise(one.device, run.toolkit, run.arch):
            told.append(f"{one.device.label} {why}")
    return tuple(told)


def no_device(run: Run, fleet: Sequence[Member]) -> str:
    """Why no device could take the run's parts; empty when one can."""
    mine = [one for one in fleet if one.chip == run.chip and run.origin in (None, one.origin)]
    seeing = [one for one in mine if one.sees_store]
    if mine and not seeing:
        return f"WAITING: no {run.chip} worker sees this job's store (DINOQ_STORE)"
    if not seeing:
        return f"WAITING: no {'simulated ' if run.origin == 'simulated' else ''}{run.chip} worker"
    well = [one for one in seeing if one.state == "ok"]
    if not well:
        return f"WAITING: every {run.chip} is {'faulty' if any(one.state == 'faulty' for one in seeing) else 'ill'}"
    if run.artifact_key and all((one.toolkit, one.arch) != (run.toolkit, run.arch) for one in well):
        have = ", ".join(sorted({f"{one.toolkit} {one.arch}" for one in well}))
        return f"WAITING: compiled with {run.toolkit} for {run.arch}; the {run.chip} there have {have}"
    return ""


def no_compiler(run: Run, fleet: Sequence[Member]) -> str:
    """Why no host could compile for the run; empty when one can, when the device does it itself, or when its artifact
    was made elsewhere."""
    chip = chip_named(run.chip)
    if chip.compiles_on == "device" or run.ready_made:
        return ""
    offered = {
        chain.toolkit
        for one in fleet
        for chain in one.toolchains
        if one.sees_store and chain.vendor == chip.vendor and run.origin in (None, chain.origin)
    }
    if not offered:
        return f"WAITING: no host compiles for {run.chip}"
    needed = {one.toolkit for one in fleet if one.chip == run.chip and one.sees_store and one.state == "ok"}
    if needed and not offered & needed:
        have, want = ", ".join(sorted(offered)), ", ".join(sorted(needed))
        return f"WAITING: no host compiles for {run.chip} with {want}, only with {have}"
    return ""


def chips_to_compile(db: Database, job_id: int) -> frozenset[str]:
    """Chips of the job with a run whose artifact was not made elsewhere."""
    with db.read() as session:
        return frozenset(session.scalars(select(Run.chip).where(Run.job_id == job_id, Run.ready_made.is_(False))))


def no_prep(fleet: Sequence[Member]) -> str:
    """Why nobody could preprocess; empty when somebody can."""
    mine = [one for one in fleet if one.kind == "prep"]
    if any(one.sees_store for one in mine):
        return ""
    return "WAITING: no prep worker sees this job's store (DINOQ_STORE)" if mine else "WAITING: no prep worker"


def in_vain(db: Database, job_id: int, mine: Collection[str] = ()) -> tuple[str, ...]:
    """The chips of an active job whose devices are all set aside, when nothing else of the job is left; none otherwise.

    Devices are `mine`, by key, and those that had a living worker within the last 15 s: a worker that died may be
    started again. No device at all is no reason, as a host may come: but one that is set aside stays so until a person
    starts its host anew.
    """
    with db.read() as session:
        store_id = select(Job.store_id).where(Job.id == job_id, Job.state == "active").scalar_subquery()
        unended = select(Run.chip, Run.origin).where(
            Run.job_id == job_id, Run.state.in_(UNENDED), store_id.is_not(None)
        )
        lanes = {(chip, origin) for chip, origin in session.execute(unended)}
        busy = select(func.count()).where(Item.job_id == job_id, Item.run_no > 0, Item.state == "running")
        if not lanes or session.scalar(busy):
            return ()
        recent = select(Worker.device_key).where(
            *(Worker.heartbeat_ms >= clock(session) - ALIVE_MS, Worker.store_id == store_id),
            or_(Worker.only_job.is_(None), Worker.only_job == job_id),
        )
        known = select(Device.chip, Device.origin, Device.state).where(
            or_(Device.key.in_(recent), Device.key.in_(list(mine)))
        )
        devices = session.execute(known).all()
    for chip, origin in lanes:
        states = {row.state for row in devices if row.chip == chip and origin in (None, row.origin)}
        if not states or "ok" in states:
            return ()
    return tuple(sorted({chip for chip, _ in lanes}))
