"""`dinoq compare --selftest`: a stored job once more, and again, by what `dinoq run` works with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.artifacts import Ready
from dinoq.cli.evaluate import see_through
from dinoq.cli.ledger import job_named, open_ledger
from dinoq.cli.settings import Settings
from dinoq.cli.submission import Prepared
from dinoq.db.records import job_record, load_manifest
from dinoq.jobs.compare.comparison import Limits
from dinoq.jobs.compare.selftest import SelfTest, self_test_of
from dinoq.jobs.compare.sides import Side, sides_of
from dinoq.jobs.errors import BadFolder, UsageError

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.record import JobRecord


def self_test(now: Settings, named: str, times: int, limits: Limits) -> SelfTest:
    """Run the job so often, and compare every two of the repeats. Raises: NoSuchJob, UsageError, EnvironmentTrouble."""
    db = open_ledger(now)
    record = job_record(db, job_named(db, named, now))
    prepared = prepared_again(db, now, record)
    jobs = []
    for no in range(1, times + 1):
        console.say(f"selftest of job {record.id}: run {no} of {times}")
        jobs.append(see_through(db, now, prepared))
    return self_test_of(record.id, [_sides(db, job) for job in jobs], replace(limits, flips=0))


def prepared_again(db: Database, now: Settings, record: JobRecord) -> Prepared:
    """The job's spec as it was, under another name. Raises: UsageError, BadFolder when it cannot be run again here."""
    from dinoq.workers.data.store import open_store

    spec = record.spec
    if not spec.model.sha256 or any(run.mode == "imported" for run in spec.runs):
        text = f"job {record.id} has figures that another tool told; there is nothing in it to run again."
        raise UsageError(text, hint="dinoq compare --selftest with a job that dinoq worked")
    model = open_store(now.store).model_path(spec.model.sha256)
    if not model.is_file():
        text = f"the model of job {record.id} (sha256 {spec.model.sha256[:12]}) is not in the store {now.store}."
        raise BadFolder(text, hint="dinoq run with the model, then dinoq compare --selftest last")
    again = replace(spec, name=f"selftest of {record.id}", command=console.typed())
    manifest = load_manifest(db, spec.data.manifest_id)
    return Prepared(spec=again, manifest=manifest, model=model, ready=Ready({}), notes=())


def _sides(db: Database, job: int) -> tuple[Side, ...]:
    record = job_record(db, job)
    return sides_of(record, load_manifest(db, record.spec.data.manifest_id))
