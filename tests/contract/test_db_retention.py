"""What jobs have of a store, on both databases: what is needed, how long the rest lay idle, and how it is let go."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from dinoq.db.carry_in import carry_in
from dinoq.db.engine import Database
from dinoq.db.jobs import cancel, retry
from dinoq.db.records import find_artifact, job_record
from dinoq.db.retention import artifacts_used, let_go, shards_used
from dinoq.db.tables.jobs import Job
from dinoq.db.tables.results import Artifact
from dinoq.jobs.errors import UsageError
from dinoq.jobs.ledger import Kind
from tests.carried import make_carried
from tests.crew import change, crew, item, job_row, run_row, submit_job
from tests.travel import report

DAY_MS = 86_400_000


def place_of(db: Database, job: int) -> str:
    with db.read() as session:
        return session.execute(select(Artifact.uri).where(Artifact.key == run_row(db, job).artifact_key)).scalar_one()


def days_ago(db: Database, job: int, days: int) -> None:
    """Let the job have ended then."""
    change(db, update(Job).where(Job.id == job).values(finished_ms=Job.finished_ms - days * DAY_MS, created_ms=0))


def test_what_an_active_job_works_with_is_needed(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert [use.needed for use in shards_used(db).values()] == [True]
    assert {place: use.needed for place, use in artifacts_used(db).items()} == {place_of(db, job): True}
    host.work_off()
    assert not any(use.needed for use in (*shards_used(db).values(), *artifacts_used(db).values()))


def test_what_two_jobs_share_was_used_when_the_later_one_ended(db: Database) -> None:
    host, jobs = crew(db), [submit_job(db), submit_job(db)]
    host.work_off()
    days_ago(db, jobs[0], 9)
    days_ago(db, jobs[1], 3)
    (shard,), (artifact,) = shards_used(db).values(), artifacts_used(db).values()
    assert (shard.idle_ms // DAY_MS, artifact.idle_ms // DAY_MS) == (3, 3)


def test_one_active_job_of_two_is_enough(db: Database) -> None:
    host, first = crew(db), submit_job(db)
    host.work_off()
    submit_job(db)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert (next(iter(shards_used(db).values())).needed, let_go(db, place_of(db, first))) == (True, False)
    assert place_of(db, first)


def test_an_artifact_that_is_let_go_keeps_all_but_its_place(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off()
    before, key = report(db, job), str(run_row(db, job).artifact_key)
    assert let_go(db, place_of(db, job))
    assert (place_of(db, job), find_artifact(db, key), artifacts_used(db)) == ("", None, {})
    assert report(db, job) == before
    assert job_record(db, job).runs[0].compile_command == ""


def test_an_artifact_that_was_let_go_has_a_place_again_once_it_is_made_anew(db: Database) -> None:
    host, first = crew(db), submit_job(db)
    host.work_off()
    place = place_of(db, first)
    let_go(db, place)
    submit_job(db)
    host.work_off()
    assert place_of(db, first) == place


def test_a_run_that_is_bound_in_between_keeps_its_artifact(db: Database) -> None:
    """The claim was made and the file looked at before, the result comes after."""
    host, first = crew(db), submit_job(db)
    host.work_off()
    place, second = place_of(db, first), submit_job(db)
    assert let_go(db, place)
    host.do(item(db, second, Kind.COMPILE).id, "host-a/cpu:0")
    assert (place_of(db, second), let_go(db, place)) == (place, False)


def test_a_place_that_no_row_names_may_go(db: Database) -> None:
    assert let_go(db, "artifacts/of-another-history.om")


def test_a_cancelled_job_needs_nothing(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    cancel(db, job)
    assert let_go(db, place_of(db, job))


def test_a_job_whose_artifact_was_let_go_is_not_tried_again(db: Database) -> None:
    host, job = crew(db), submit_job(db, 600)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    cancel(db, job)
    let_go(db, place := place_of(db, job))
    with pytest.raises(UsageError, match="the artifact of run 1 of job 1 was removed from the store"):
        retry(db, job)
    assert job_row(db, job).state == "cancelled"
    submit_job(db, 600)
    host.work_off()
    assert place_of(db, job) == place
    assert retry(db, job)
    assert not let_go(db, place)


def test_a_job_that_was_cut_off_before_it_compiled_is_tried_again(db: Database) -> None:
    crew(db)
    job = submit_job(db)
    cancel(db, job)
    assert retry(db, job)


def test_imported_jobs_have_nothing_of_this_store(db: Database) -> None:
    carry_in(db, [make_carried()])
    assert (shards_used(db), artifacts_used(db)) == ({}, {})
