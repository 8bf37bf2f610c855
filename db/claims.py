"""Who may take which item. A claim charges nothing: it sets a token and a lease, in one conditional update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.fleet import clock, living
from dinoq.db.hints import pass_on
from dinoq.db.settle import items_of
from dinoq.db.tables import Artifact, Attempt, Device, Item, Job, Run, SliceRow, Worker
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import LEASE_MS, ArtifactRef, Claim, Kind, Origin, Refusal
from dinoq.jobs.spec import spec_from_json

CPU = "cpu"
"""The chip that shares its cores with preparation, so that a host does either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The worker that asks, and its device, whose values are empty for a prep worker."""

    host: str
    worker: str
    kind: str
    store_id: str
    only_job: int | None
    device: str
    device_state: str
    chip: str
    origin: Origin
    toolkit: str
    arch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The item asked for, with its job and run; the run's values are None for a preprocess item."""

    id: int
    kind: str
    state: str
    job_id: int
    run_no: int
    no: int
    slice_no: int
    first: int
    count: int
    attempts: int
    avoid: list[str]
    job_uuid: str
    job_state: str
    store_id: str
    spec: dict[str, Any]
    run_state: str | None
    chip: str | None
    origin: Origin | None
    toolkit: str | None
    arch: str | None
    shard_key: str | None
    artifact_key: str | None
    artifact_uri: str | None
    artifact_sha256: str | None


def claim(db: Database, item_id: int, worker_id: str) -> Claim | Refusal:
    """Take the item for this worker, or say why not: `again` where its host is busy with the other kind of work."""
    return db.write(lambda session: _claim(session, item_id, worker_id))


def _claim(session: Session, item_id: int, worker_id: str) -> Claim | Refusal:
    asker, asked = _asker(session, worker_id), _asked(session, item_id)
    if asked is None:
        return Refusal(f"there is no item {item_id}")
    if reason := _not_to_be_had(asked):
        return Refusal(reason)
    if reason := _not_by(asker, asked):
        pass_on(session, item_id)
        return Refusal(reason)
    assert asker is not None
    if _better_elsewhere(session, asker, asked):
        pass_on(session, item_id)
        return Refusal(f"item {item_id} failed on {asker.device} before, and another device is there")
    if reason := _host_is_busy(session, asker, asked):
        return Refusal(reason, again=True)
    if asked.kind == Kind.COMPILE and not _fix_origin(session, asker, asked):
        return Refusal(f"run {asked.run_no} is not for {asker.origin} devices")
    token = _take(session, asker, asked)
    return Refusal("somebody else took it") if token is None else _as_claim(asked, token)


# -- who asks, and for what -------------------------------------------------------------------------------------------


def _asker(session: Session, worker_id: str) -> Asker | None:
    facts = (
        select(Worker.host, Worker.kind, Worker.store_id, Worker.only_job)
        .add_columns(Device.key, Device.chip, Device.origin, Device.facts, Device.state)
        .outerjoin(Device, Device.key == Worker.device_key)
        .where(Worker.id == worker_id, Worker.gone.is_(False))
    )
    row = session.execute(facts).first()
    if row is None:
        return None
    told = row.facts or {}
    return Asker(
        host=row.host,
        worker=worker_id,
        kind=row.kind,
        store_id=row.store_id,
        only_job=row.only_job,
        device=row.key or "",
        device_state=row.state or "",
        chip=row.chip or "",
        # A host that only compiles has no device to tell of its origin: it works for real ones.
        origin=row.origin or "real",
        toolkit=told.get("toolkit", ""),
        arch=told.get("arch", ""),
    )


def _asked(session: Session, item_id: int) -> Asked | None:
    facts = (
        select(Item.id, Item.kind, Item.state, Item.job_id, Item.run_no, Item.no, Item.slice_no, Item.first)
        .add_columns(Item.count, Item.attempts, Item.avoid)
        .add_columns(Job.uuid.label("job_uuid"), Job.state.label("job_state"), Job.store_id, Job.spec)
        .add_columns(Run.state.label("run_state"), Run.chip, Run.origin, Run.toolkit, Run.arch, SliceRow.shard_key)
        .add_columns(Run.artifact_key, Artifact.uri.label("artifact_uri"), Run.artifact_sha256)
        .join(Job, Job.id == Item.job_id)
        .outerjoin(Run, and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no))
        .outerjoin(SliceRow, and_(SliceRow.job_id == Item.job_id, SliceRow.slice_no == Item.slice_no))
        .outerjoin(Artifact, Artifact.key == Run.artifact_key)
        .where(Item.id == item_id)
    )
    row = session.execute(facts).mappings().first()
    return Asked(**cast("dict[str, Any]", row)) if row else None


def _as_claim(asked: Asked, token: int) -> Claim:
    artifact = None
    if asked.artifact_key is not None and asked.kind == Kind.INFER:
        uri, sha256 = asked.artifact_uri or "", asked.artifact_sha256 or ""
        artifact = ArtifactRef(key=asked.artifact_key, uri=uri, sha256=sha256)
    return Claim(
        item_id=asked.id,
        token=token,
        kind=Kind(asked.kind),
        job_id=asked.job_id,
        job_uuid=asked.job_uuid,
        spec=spec_from_json(asked.spec),
        run_no=asked.run_no,
        no=asked.no,
        slice_no=asked.slice_no,
        first=asked.first,
        count=asked.count,
        attempts=asked.attempts,
        shard_key=asked.shard_key if asked.kind == Kind.INFER else None,
        artifact=artifact,
    )


# -- reasons to refuse ------------------------------------------------------------------------------------------------


def _not_to_be_had(asked: Asked) -> str:
    """Why nobody may have it now; empty for no reason."""
    if asked.state != "queued":
        return f"item {asked.id} is {asked.state}"
    if asked.job_state != "active":
        return f"job {asked.job_id} is {asked.job_state}"
    if asked.kind == Kind.INFER and asked.run_state != "open":
        return f"run {asked.run_no} of job {asked.job_id} is {asked.run_state}"
    return ""


def _not_by(asker: Asker | None, asked: Asked) -> str:
    """Why this worker may not have it, though another may."""
    if asker is None:
        return "the worker is not registered, or was seen dead"
    if asker.only_job not in (None, asked.job_id):
        return f"the worker works for job {asker.only_job} only"
    if asker.store_id != asked.store_id:
        return f"job {asked.job_id} keeps its files in another store than this worker's"
    if asker.kind == "prep":
        return _not_by_prep(asked)
    return _not_by_device(asker, asked) or _not_bound_to(asker, asked)


def _not_by_prep(asked: Asked) -> str:
    if asked.kind == Kind.PREPROCESS:
        return ""
    if asked.kind == Kind.INFER or chip_named(asked.chip or "").compiles_on == "device":
        return f"{asked.kind} for {asked.chip} needs the device"
    return "" if asked.origin in (None, "real") else f"run {asked.run_no} is for {asked.origin} devices"


def _not_by_device(asker: Asker, asked: Asked) -> str:
    if asked.kind == Kind.PREPROCESS:
        return "device workers do not preprocess"
    if asked.chip != asker.chip:
        return f"run {asked.run_no} is for {asked.chip}, not {asker.chip}"
    if asked.kind == Kind.COMPILE and chip_named(asker.chip).compiles_on == "host":
        return f"{asker.chip} artifacts are compiled by hosts that have the toolchain"
    if asked.origin not in (None, asker.origin):
        return f"run {asked.run_no} is for {asked.origin} devices"
    return "" if asker.device_state == "ok" else f"device {asker.device} is {asker.device_state}"


def _not_bound_to(asker: Asker, asked: Asked) -> str:
    """A run is measured with what it was compiled for."""
    if asked.kind == Kind.INFER and (asked.toolkit, asked.arch) != (asker.toolkit, asker.arch):
        return f"run {asked.run_no} is bound to {asked.toolkit} {asked.arch}, not {asker.toolkit} {asker.arch}"
    return ""


def _better_elsewhere(session: Session, asker: Asker, asked: Asked) -> bool:
    """Whether the item is to avoid this device, and a healthy living one that it need not avoid could take it."""
    if asker.device not in asked.avoid:
        return False
    others = select(Device.facts).join(Worker, Worker.device_key == Device.key)
    others = others.where(
        *(Device.chip == asker.chip, Device.origin == asker.origin, Device.state == "ok"),
        *(Device.key.not_in(asked.avoid), living(clock(session)), Worker.store_id == asked.store_id),
        or_(Worker.only_job.is_(None), Worker.only_job == asked.job_id),
    )
    bound = (asked.toolkit, asked.arch)
    fits = ((facts.get("toolkit", ""), facts.get("arch", "")) == bound for facts in session.scalars(others))
    return any(asked.kind == Kind.COMPILE or fit for fit in fits)


# -- one host, one kind of work ---------------------------------------------------------------------------------------


def _host_is_busy(session: Session, asker: Asker, asked: Asked) -> str:
    """Infer items of `cpu` and preparation (preprocess, compile) exclude each other on a host; empty when it is free."""
    if asked.kind == Kind.INFER and asked.chip != CPU:
        return ""
    if session.get_bind().dialect.name == "postgresql":
        # Two claims at once would each not see the other's. SQLite has one writer anyway.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"dinoq-host:{asker.host}"))))
    if session.scalar(_rivals(asker, asked).limit(1)) is not None:
        return f"host {asker.host} is {'preparing' if asked.kind == Kind.INFER else 'measuring on cpu'}"
    if asked.kind == Kind.INFER and _preparation_goes_first(session, asker, asked):
        return f"preparation on host {asker.host} goes before the next cpu run"
    return ""


def _rivals(asker: Asker, asked: Asked) -> Select[int]:
    """Items under way on the asker's host that exclude this one."""
    other = aliased(Item)
    rivals = select(other.id).join(Worker, Worker.id == other.worker_id)
    rivals = rivals.where(other.lease_until_ms.is_not(None), Worker.host == asker.host)
    if asked.kind == Kind.INFER:
        return rivals.where(other.kind != Kind.INFER)
    on_cpu = exists().where(Run.job_id == other.job_id, Run.run_no == other.run_no, Run.chip == CPU)
    return rivals.where(other.kind == Kind.INFER, on_cpu)


def _preparation_goes_first(session: Session, asker: Asker, asked: Asked) -> bool:
    """Whether the run has not begun, and somebody on this host could preprocess instead."""
    begun = select(Attempt.item_id).join(Item, Item.id == Attempt.item_id)
    if session.scalar(begun.where(items_of(asked.job_id, Kind.INFER, asked.run_no)).limit(1)) is not None:
        return False
    waiting = select(Item.id).join(Job, Job.id == Item.job_id)
    waiting = waiting.join(Worker, or_(Worker.only_job.is_(None), Worker.only_job == Job.id))
    waiting = waiting.where(
        *(Job.state == "active", Job.store_id == asker.store_id),
        *(Item.kind == Kind.PREPROCESS, Item.run_no == 0, Item.state == "queued"),
        *(Worker.kind == "prep", Worker.host == asker.host, Worker.store_id == asker.store_id),
        living(clock(session)),
    )
    return session.scalar(waiting.limit(1)) is not None


# -- the one update ---------------------------------------------------------------------------------------------------


def _fix_origin(session: Session, asker: Asker, asked: Asked) -> bool:
    """The first to compile a run decides whether it is for real or simulated devices."""
    run = and_(Run.job_id == asked.job_id, Run.run_no == asked.run_no)
    changed(session, update(Run).where(run, Run.origin.is_(None)).values(origin=asker.origin))
    return session.scalar(select(Run.origin).where(run)) == asker.origin


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
        guards.append(~_rivals(asker, asked).exists())
    return guards
