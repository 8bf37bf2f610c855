"""Who is there to work: worker processes with their heartbeats, and devices with their faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.tables.fleet import Device, Worker
from dinoq.db.tables.jobs import Job
from dinoq.jobs.ledger import ALIVE_MS, DEVICE_FAULTS, DeviceFacts, Origin, Toolchain, WorkerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A device as the ledger knows it. `state` is `ok`, `faulty` (two faults) or `lost` (its vendor calls it ill);
    `worker` is its living worker, empty for none."""

    facts: DeviceFacts
    state: str
    faults: int
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A worker as the ledger knows it; `silent_ms` since its last heartbeat, by the database's clock."""

    facts: WorkerFacts
    alive: bool
    silent_ms: int


def living(now: int) -> ColumnElement[bool]:
    """The worker has neither left nor fallen silent; `now` is the database's."""
    return and_(Worker.gone.is_(False), Worker.heartbeat_ms >= now - ALIVE_MS)


def clock(session: Session) -> int:
    """The database's time as a plain number, where one statement compares many rows with it."""
    return int(session.execute(select(now_ms())).scalar_one())


def register_worker(db: Database, facts: WorkerFacts) -> None:
    """A worker process has begun; its device, if any, is registered before."""
    toolchains = {one.vendor: {"toolkit": one.toolkit, "origin": one.origin} for one in facts.toolchains}
    values = {**asdict(facts), "toolchains": toolchains, "heartbeat_ms": now_ms(), "gone": False}
    db.write(
        lambda session: changed(
            session,
            insert_into(session, Worker)
            .values(values)
            .on_conflict_do_update(index_elements=["id"], set_={k: v for k, v in values.items() if k != "id"}),
        )
    )


def beat(db: Database, worker_id: str) -> None:
    """The worker is alive. One that was seen dead stays dead."""
    db.write(
        lambda session: changed(session, update(Worker).where(Worker.id == worker_id).values(heartbeat_ms=now_ms()))
    )


def retire_worker(db: Database, worker_id: str) -> None:
    """The worker has left by itself, with nothing in hand."""
    db.write(lambda session: mark_gone(session, worker_id))


def mark_gone(session: Session, worker_id: str) -> None:
    """It counts as living no longer."""
    changed(session, update(Worker).where(Worker.id == worker_id).values(gone=True))


def register_device(db: Database, facts: DeviceFacts) -> None:
    """A device as its vendor tells of it now. One that is set aside as faulty stays so."""
    state = "ok" if facts.healthy else "lost"
    described = {"host": facts.host, "card": facts.card, "chip": facts.chip, "origin": facts.origin}
    described_all: dict[str, Any] = {**described, "facts": asdict(facts)}

    def work(session: Session) -> None:
        insert = insert_into(session, Device).values(
            key=facts.key, **described_all, state=state, faults=0, last_incarnation=""
        )
        kept = case((Device.state == "faulty", "faulty"), else_=state)
        changed(session, insert.on_conflict_do_update(index_elements=["key"], set_={**described_all, "state": kept}))

    db.write(work)


def trust_again(db: Database, keys: Iterable[str]) -> None:
    """A person started these devices' supervisor anew: their faults are forgotten."""
    wanted = list(keys)
    db.write(
        lambda session: changed(
            session,
            update(Device)
            .where(Device.key.in_(wanted), or_(Device.faults > 0, Device.state == "faulty"))
            .values(state="ok", faults=0, last_incarnation=""),
        )
    )


def charge(session: Session, key: str, incarnation: str) -> None:
    """One fault, once per device process however many items it had in flight; the second sets the device aside."""
    faulty = Device.faults + 1 >= DEVICE_FAULTS
    changed(
        session,
        update(Device)
        .where(Device.key == key, or_(Device.last_incarnation != incarnation, Device.last_incarnation == ""))
        .values(
            faults=Device.faults + 1,
            last_incarnation=incarnation,
            state=case((faulty, "faulty"), else_=Device.state),
        ),
    )


def list_devices(db: Database) -> list[DeviceRow]:
    """Every device that ever registered, by key."""
    with db.read() as session:
        alive = living(clock(session))
        found = select(Worker.device_key, Worker.id).where(alive, Worker.device_key.is_not(None))
        workers = {row.device_key: row.id for row in session.execute(found)}
        rows = session.execute(select(Device.key, Device.facts, Device.state, Device.faults).order_by(Device.key)).all()
    return [
        DeviceRow(facts=device_facts(facts), state=state, faults=faults, worker=workers.get(key, ""))
        for key, facts, state, faults in rows
    ]


def list_workers(db: Database) -> list[WorkerRow]:
    """Every worker that has not left, by id."""
    with db.read() as session:
        now = clock(session)
        rows = session.scalars(select(Worker).where(Worker.gone.is_(False)).order_by(Worker.id)).all()
    names = [field.name for field in fields(WorkerFacts) if field.name != "toolchains"]
    return [
        WorkerRow(
            facts=WorkerFacts(
                **{name: getattr(row, name) for name in names},
                toolchains=tuple(Toolchain(vendor=vendor, **told) for vendor, told in row.toolchains.items()),
            ),
            alive=row.heartbeat_ms >= now - ALIVE_MS,
            silent_ms=max(0, now - row.heartbeat_ms),
        )
        for row in rows
    ]


def living_chips(db: Database, job_id: int) -> frozenset[str]:
    """Chips of which some device, not set aside, has a living worker that sees the job's store and may work for it."""
    with db.read() as session:
        found = select(Device.chip).join(Worker, Worker.device_key == Device.key)
        found = found.join(Job, and_(Job.id == job_id, Job.store_id == Worker.store_id))
        found = found.where(or_(Worker.only_job.is_(None), Worker.only_job == job_id))
        return frozenset(session.scalars(found.where(living(clock(session)), Device.state == "ok")))


def living_toolchains(db: Database, origin: Origin | None = None) -> frozenset[str]:
    """Vendors for whose chips, of this origin if one is given, a living worker compiles that is nobody's alone."""
    with db.read() as session:
        found = select(Worker.toolchains).where(living(clock(session)), Worker.only_job.is_(None))
        told = [offered for offered in session.scalars(found) if offered]
    return frozenset(
        vendor for offered in told for vendor, chain in offered.items() if origin in (None, chain["origin"])
    )


def device_facts(values: dict[str, Any]) -> DeviceFacts:
    """Facts as they were stored; what a newer dinoq added is left out."""
    known = {field.name for field in fields(DeviceFacts)}
    return DeviceFacts(**{name: value for name, value in values.items() if name in known})
