"""Runs that another tool worked: stored whole, in one transaction, and never scheduled, for they have no items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.jobs import searched
from dinoq.db.tables.jobs import Job, ManifestRow, Run
from dinoq.db.tables.results import Imported, ShardResultRow
from dinoq.jobs.ledger import Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.result import ShardResult
from dinoq.jobs.spec import JobSpec, RunSpec
from dinoq.jobs.told import Told, told_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What is stored of one run: what its tool told, whether a card or a simulator made it, results by part if any."""

    told: Told
    origin: Origin
    results: Sequence[ShardResult] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """The job's number; `repeated`: the same import had stored it before."""

    job: int
    repeated: bool


def store_imported(
    db: Database, spec: JobSpec, manifest: Manifest, runs: Mapping[int, Foreign], *, owner: str, identity: str
) -> Stored:
    """Store an ended job of imported runs, by run number.

    `identity` is 32 hex digits that follow from what is imported and how: the job's uuid, so that the same import is
    recognised, here and in any history that the job is carried to.
    """
    there = select(Job.id).where(Job.uuid == identity)
    named = {"id": manifest.id, "samples": len(manifest), "body": manifest.to_blob()}

    def work(session: Session) -> Stored:
        # Asked first, for an insert that is not made may still use up a number.
        if (known := session.scalar(there)) is not None:
            return Stored(known, repeated=True)
        changed(session, insert_into(session, ManifestRow).values(**named).on_conflict_do_nothing())
        made = insert_into(session, Job).values(**_job(spec, runs, owner, identity)).on_conflict_do_nothing()
        job_id = session.execute(made.returning(Job.id)).scalar_one_or_none()
        if job_id is None:
            return Stored(session.execute(there).scalar_one(), repeated=True)
        session.execute(insert(Run), [_run(job_id, run, runs[run.run_no]) for run in spec.runs])
        told = [{"job_id": job_id, "run_no": no, "told": one.told.to_json()} for no, one in runs.items()]
        session.execute(insert(Imported), told)
        if results := [_result(job_id, no, result) for no, one in runs.items() for result in one.results]:
            session.execute(insert(ShardResultRow), results)
        return Stored(int(job_id), repeated=False)

    return db.write(work)


def told_of(session: Session, job_id: int) -> dict[int, Told]:
    """What was told of each imported run of a job, by run number."""
    rows = session.execute(select(Imported.run_no, Imported.told).where(Imported.job_id == job_id))
    return {run_no: told_from_json(told) for run_no, told in rows}


def _job(spec: JobSpec, runs: Mapping[int, Foreign], owner: str, identity: str) -> dict[str, Any]:
    now = now_ms()
    tools = dict.fromkeys(one.told.tool for one in runs.values())
    first, *more = dict.fromkeys(file.name for one in runs.values() for file in one.told.files)
    return {
        "uuid": identity,
        "name": spec.name,
        "owner": owner,
        "store_id": "",
        "manifest_id": spec.data.manifest_id,
        "state": "done",
        "spec": spec.to_json(),
        "created_ms": now,
        "finished_ms": now,
        "imported_ms": now,
        "imported_from": f"{', '.join(tools)}: {first}" + (f" and {len(more)} more" if more else ""),
        "changes": 1,
        **searched(spec),
    }


def _run(job_id: int, run: RunSpec, told: Foreign) -> dict[str, Any]:
    toolkit = told.told.facts["toolkit"]
    return {
        "job_id": job_id,
        "run_no": run.run_no,
        "chip": run.chip,
        "batch": run.batch,
        "precision": run.precision,
        "mode": run.mode,
        "origin": told.origin,
        "toolkit": "" if "toolkit" in told.told.unknown else toolkit,
        "arch": "",
        "state": "done",
        "error": "",
        "wall_void": "",
        "devices": {},
        "ready_made": False,
    }


def _result(job_id: int, run_no: int, result: ShardResult) -> dict[str, Any]:
    values = asdict(result) | {"run_no": run_no}
    return {"job_id": job_id, "token": 0, "device_key": values.pop("device"), **values}
