"""`dinoq compare --selftest`: a stored job once more, and again, by what `dinoq run` works with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.evaluate import see_through
from dinoq.cli.ledger import job_named, open_ledger
from dinoq.cli.settings import Settings
from dinoq.cli.submission import Prepared, Wishes, prepare
from dinoq.db.records import job_record, load_manifest
from dinoq.jobs.compare.comparison import Limits
from dinoq.jobs.compare.selftest import SelfTest, self_test_of
from dinoq.jobs.compare.sides import Side, sides_of

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.record import JobRecord


def self_test(now: Settings, named: str, times: int, limits: Limits) -> SelfTest:
    """Run the job so often, and compare every two of the repeats. Raises: NoSuchJob, UsageError, EnvironmentTrouble."""
    db = open_ledger(now)
    record = job_record(db, job_named(db, named, now))
    prepared = prepared_again(now, record)
    jobs = []
    for no in range(1, times + 1):
        console.say(f"selftest of job {record.id}: run {no} of {times}")
        jobs.append(see_through(db, now, prepared))
    return self_test_of(record.id, [_sides(db, job) for job in jobs], replace(limits, flips=0))


def prepared_again(now: Settings, record: JobRecord) -> Prepared:
    """The job's own spec under another name. Raises: UsageError, as `--like` does, when it cannot be run again here."""
    prepared = prepare(now, Wishes(like=str(record.id)))
    spec = replace(record.spec, name=f"selftest of {record.id}", command=console.typed())
    return replace(prepared, spec=spec)


def _sides(db: Database, job: int) -> tuple[Side, ...]:
    record = job_record(db, job)
    return sides_of(record, load_manifest(db, record.spec.data.manifest_id))
