"""Who may take which item. A claim charges nothing: it sets a token and a lease, in one conditional update."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.hints import pass_on
from dinoq.db.hosts import CPU, host_is_busy, rivals
from dinoq.db.refusals import better_elsewhere, not_by, not_to_be_had
from dinoq.db.requests import Asked, Asker, asked_of, asker_of, claim_of
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.db.targets import target_of
from dinoq.jobs.ledger import LEASE_MS, Claim, Kind, Refusal, Target


def claim(db: Database, item_id: int, worker_id: str) -> Claim | Refusal:
    """Take the item for this worker, or say why not: `again` where its host is busy with the other kind of work."""
    return db.write(lambda session: _claim(session, item_id, worker_id))


def _claim(session: Session, item_id: int, worker_id: str) -> Claim | Refusal:
    asker, asked = asker_of(session, worker_id), asked_of(session, item_id)
    if asked is None:
        return Refusal(f"there is no item {item_id}")
    if reason := not_to_be_had(asked):
        return Refusal(reason)
    if reason := not_by(asker, asked):
        pass_on(session, item_id)
        return Refusal(reason, set_aside=asker is not None and asker.device_state not in ("", "ok"))
    assert asker is not None
    if better_elsewhere(session, asker, asked):
        pass_on(session, item_id)
        return Refusal(f"item {item_id} failed on {asker.device} before, and another device is there")
    if reason := host_is_busy(session, asker, asked):
        if asked.kind == Kind.COMPILE and asker.device:
            # A thread that waits to compile for the next run is one that does not feed this one.
            pass_on(session, item_id)
            return Refusal(reason)
        return Refusal(reason, again=True)
    target = target_of(session, asker, asked) if asked.kind == Kind.COMPILE else None
    if asked.kind == Kind.COMPILE:
        if target is None:
            pass_on(session, item_id)
            return Refusal(f"no {asked.chip} is known that host {asker.host} could compile for")
        if not _fix_origin(session, target, asked):
            return Refusal(f"run {asked.run_no} is not for {target.origin} devices")
    token = _take(session, asker, asked)
    return Refusal("somebody else took it") if token is None else claim_of(asked, token, target)


def _fix_origin(session: Session, target: Target, asked: Asked) -> bool:
    """The first to compile a run decides whether it is for real or simulated devices."""
    run = and_(Run.job_id == asked.job_id, Run.run_no == asked.run_no)
    changed(session, update(Run).where(run, Run.origin.is_(None)).values(origin=target.origin))
    return session.scalar(select(Run.origin).where(run)) == target.origin


def _take(session: Session, asker: Asker, asked: Asked) -> int | None:
    """The new token; None when a guard no longer holds."""
    taken = (
        update(Item)
        .where(Item.id == asked.id, Item.state == "queued", *_guards(asker, asked))
        .values(
            state="running",
            token=Item.token + 1,
            lease_until_ms=now_ms() + LEASE_MS,
            worker_id=asker.worker,
            phase="waiting",
            n_done=0,
        )
        .returning(Item.token)
    )
    row = session.execute(taken, execution_options={"synchronize_session": False}).first()
    return None if row is None else int(row[0])


def _guards(asker: Asker, asked: Asked) -> list[ColumnElement[bool]]:
    """What was found true, asked once more in the statement that decides."""
    guards: list[ColumnElement[bool]] = [exists().where(Job.id == Item.job_id, Job.state == "active")]
    if asker.device:
        guards.append(exists().where(Device.key == asker.device, Device.state == "ok"))
    if asked.kind == Kind.INFER:
        run = and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no)
        guards.append(exists().where(run, Run.state == "open", Run.origin == asker.origin))
    if asked.kind != Kind.INFER or asked.chip == CPU:
        guards.append(~rivals(asker, asked).exists())
    return guards
