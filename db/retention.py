"""What jobs have of a store, as far as it can be made anew: which shards and artifacts are needed, and when they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.tables.jobs import Job, Run, SliceRow
from dinoq.db.tables.results import Artifact


@dataclass(frozen=True, slots=True)
class Use:
    """Whether an active job counts on it, and how long ago the last job that did was submitted or ended, in ms."""

    needed: bool
    idle_ms: int


LAST_MS = func.coalesce(Job.finished_ms, Job.created_ms)
ACTIVE = case((Job.state == "active", 1), else_=0)


def shards_used(db: Database) -> Mapping[str, Use]:
    """By key, for every shard that a slice of this history names."""
    uses = select(SliceRow.shard_key, func.max(ACTIVE), now_ms() - func.max(LAST_MS))
    uses = uses.join(Job, Job.id == SliceRow.job_id).where(SliceRow.shard_key.is_not(None), Job.imported_ms.is_(None))
    return _uses(db, uses.group_by(SliceRow.shard_key))


def artifacts_used(db: Database) -> Mapping[str, Use]:
    """By place in the store, for every artifact of this history that has one; one without a run was used when it was
    made."""
    last_ms = func.max(func.coalesce(LAST_MS, Artifact.made_ms))
    uses = select(Artifact.uri, func.max(func.coalesce(ACTIVE, 0)), now_ms() - last_ms)
    uses = uses.outerjoin(Run, Run.artifact_key == Artifact.key).outerjoin(Job, Job.id == Run.job_id)
    return _uses(db, uses.where(Artifact.uri != "").group_by(Artifact.uri))


def let_go(db: Database, place: str) -> bool:
    """Forget where an artifact lies, so that whoever needs it next has it made anew; its key, sha256 and what its
    toolchain said stay. False, and nothing is forgotten, while an active job counts on it."""

    def work(session: Session) -> bool:
        here = Artifact.uri == place
        # Kept first, so that a run which is being bound to it is seen by the next statement.
        session.execute(select(Artifact.key).where(here).order_by(Artifact.key).with_for_update()).all()
        bound = select(Run.run_no).join(Artifact, Artifact.key == Run.artifact_key).join(Job, Job.id == Run.job_id)
        if session.execute(bound.where(here, Job.state == "active").limit(1)).first():
            return False
        changed(session, update(Artifact).where(here).values(uri=""))
        return True

    return db.write(work)


def without_artifact(session: Session, job_id: int, run_nos: Collection[int]) -> list[int]:
    """Of these runs, those whose artifact was made and let go; the other artifacts are not let go in this transaction."""
    bound = select(Run.run_no, Artifact.uri).join(Artifact, Artifact.key == Run.artifact_key)
    bound = bound.where(Run.job_id == job_id, Run.run_no.in_(run_nos)).order_by(Artifact.key, Run.run_no)
    return [run_no for run_no, uri in session.execute(bound.with_for_update(of=Artifact)) if not uri]


def _uses(db: Database, wanted: Select[str | None, int, int]) -> Mapping[str, Use]:
    with db.read() as session:
        return {name: Use(bool(needed), int(idle_ms)) for name, needed, idle_ms in session.execute(wanted) if name}
