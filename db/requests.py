"""The two sides of a claim as the ledger knows them: the worker that asks, and the item it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from dinoq.db.tables.fleet import Device, Worker
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Run, SliceRow
from dinoq.db.tables.results import Artifact
from dinoq.jobs.ledger import ArtifactRef, Claim, Kind, Origin, Target, Toolchain
from dinoq.jobs.spec import spec_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The worker that asks, and its device, whose values are empty for the others; `toolchains` are what the worker
    compiles with on the host, by vendor."""

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
    toolchains: dict[str, Toolchain]


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

    @property
    def ready_made(self) -> bool:
        """Whether its run's artifact was made elsewhere: a device takes it as it is."""
        return self.run_no > 0 and self.spec["runs"][self.run_no - 1].get("given") is not None


def asker_of(session: Session, worker_id: str) -> Asker | None:
    """None for a worker that is not registered, or was seen dead."""
    facts = (
        select(Worker.host, Worker.kind, Worker.store_id, Worker.only_job, Worker.toolchains)
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
        origin=row.origin or "real",
        toolkit=told.get("toolkit", ""),
        arch=told.get("arch", ""),
        toolchains={vendor: Toolchain(vendor=vendor, **said) for vendor, said in row.toolchains.items()},
    )


def asked_of(session: Session, item_id: int) -> Asked | None:
    """None when there is no such item."""
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


def claim_of(asked: Asked, token: int, target: Target | None) -> Claim:
    """What the worker is told of the item that is now its own; `target` is what a compile item is compiled for."""
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
        target=target,
    )
