"""A set of photos with its known counts, submitted by the real command and watched in the ledger."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from dinoq.db.engine import Database, open_database
from dinoq.db.fleet import list_workers
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record
from dinoq.db.tables.items import Attempt, Item
from tests.command import Shell

TAKEN_UP_WITHIN_S = 15.0


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate and how, and the counts that must come out whatever happens."""

    model: Path
    images: Path
    labels: Path
    flags: tuple[str, ...]
    samples: int
    top1: int
    top5: int

    def submit(self, shell: Shell) -> int:
        """Store a job for it; its number."""
        given = ("--model", self.model, "--data", self.images, "--labels", self.labels)
        return int(shell.dinoq("submit", "--chip", "cpu", *self.flags, *given, "--json").json["job"])

    def check(self, shell: Shell, job: int) -> None:
        """The known counts in every run, and a proof of coverage without a blemish."""
        runs = shell.dinoq("report", job, "--json").json["runs"]
        assert runs
        for run in runs:
            assert (run["top1"]["correct"], run["top5"]["correct"]) == (self.top1, self.top5)
            assert (run["coverage"]["counted"], run["coverage"]["conflicts"]) == (self.samples, 0)


def ledger(shell: Shell) -> Database:
    """The ledger of this user."""
    return open_database(f"sqlite:///{shell.home / '.dinoq/state/dinoq.sqlite'}")


def device_workers(shell: Shell) -> list[str]:
    """The living workers of devices, once somebody also preprocesses; none before there is a ledger."""
    if not (shell.home / ".dinoq/state/supervisor.json").exists():
        return []
    with contextlib.closing(ledger(shell)) as db:
        alive = [row.facts for row in list_workers(db) if row.alive]
    prepared = any(facts.kind == "prep" for facts in alive)
    return [facts.id for facts in alive if facts.kind == "device" and prepared]


def state_of(shell: Shell, job: int) -> str:
    """The state of a job, read without a command, which would take a core from those who work."""
    with contextlib.closing(ledger(shell)) as db:
        return job_progress(db, job).state


def ended(db: Database, job: int) -> bool:
    """Whether the job is over."""
    return job_progress(db, job).state in ("done", "failed")


def items_done(db: Database, job: int) -> int:
    """How many items are done."""
    return job_progress(db, job).items_done


def begun(db: Database, job: int) -> int:
    """How often an item of the job was begun."""
    with db.read() as session:
        mine = select(func.count()).select_from(Attempt).join(Item, Item.id == Attempt.item_id)
        return session.scalars(mine.where(Item.job_id == job, Attempt.started_ms.is_not(None))).one()


def predictions(db: Database, job: int) -> dict[tuple[int, int], bytes]:
    """The predictions of every part: run, part, and the blob that holds each sample's."""
    record = job_record(db, job)
    return {(run.run_no, result.no): result.predictions for run in record.runs for result in run.results}
