"""Jobs that are ended by hand, and begun again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.items import finish, progress
from dinoq.db.jobs import cancel, retry
from dinoq.db.records import job_record
from dinoq.db.sweep import sweep
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.results import ShardResultRow
from dinoq.jobs.errors import NoSuchJob, UsageError
from dinoq.jobs.ledger import Failure, FailureClass, Kind, Phase
from tests.builders import HOST, shard_result
from tests.crew import (
    Crew,
    attempts,
    change,
    crew,
    item,
    items,
    job_row,
    rows,
    run_row,
    states,
    submit_job,
)

T4 = f"{HOST}/T4:0"


def open_job(db: Database, host: Crew, batches: Sequence[int] = (1,)) -> int:
    """A job with three parts per run, the first run open."""
    job = submit_job(db, 600, chips=("T4",), batches=batches)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE, job=job)
    return job


def break_one(db: Database, host: Crew, item_id: int, worker: str = T4) -> None:
    """Fail the item for good."""
    held = host.take(item_id, worker)
    fail(db, item_id, held.token, Failure(FailureClass.PERMANENT, "wrong output"))


# -- cancel -----------------------------------------------------------------------------------------------------------


def test_a_cancel_ends_whatever_has_not_ended(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host, batches=(1, 16))
    host.do(item(db, job, Kind.INFER).id, T4)
    host.take(items(db, job, Kind.INFER)[1].id, T4)
    assert cancel(db, job) == 5
    assert states(db, job, Kind.INFER) == ["done"] + ["cancelled"] * 5
    assert [run_row(db, job, no).state for no in (1, 2)] == ["cancelled", "cancelled"]
    assert job_row(db, job).finished_ms is not None


def test_a_worker_learns_of_a_cancel_at_its_next_progress(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    cancel(db, job)
    assert not progress(db, held.item_id, held.token, Phase.RUNNING, 1)
    assert finish(db, held.item_id, held.token, shard_result(held, host.facts(T4))) == (False, [])
    assert attempts(db, held.item_id)[0].outcome == "fenced"


def test_a_cancel_frees_the_lane_and_the_next_sweep_tells_of_it(db: Database) -> None:
    host = crew(db, "T4")
    job, waiting = open_job(db, host), open_job(db, host)
    cancel(db, job)
    assert run_row(db, waiting).state == "open"
    assert [hint.item_id for hint in sweep(db)] == [row.id for row in items(db, waiting, Kind.INFER)]


def test_a_second_cancel_finds_nothing_to_do(db: Database) -> None:
    job = submit_job(db)
    assert (cancel(db, job), cancel(db, job)) == (3, 0)


def test_what_has_ended_is_not_cancelled(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off()
    with pytest.raises(UsageError, match=f"job {job} is done already"):
        cancel(db, job)


@pytest.mark.parametrize("action", [cancel, retry])
def test_a_job_that_is_not_there_is_named(db: Database, action: object) -> None:
    with pytest.raises(NoSuchJob, match="no job 77"):
        action(db, 77)  # type: ignore[operator]


# -- retry ------------------------------------------------------------------------------------------------------------


def test_retry_begins_failed_parts_afresh_and_keeps_the_results(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    break_one(db, host, item(db, job, Kind.INFER).id)
    host.work_off()
    hints = retry(db, job)
    row = item(db, job, Kind.INFER)
    assert ([hint.item_id for hint in hints], row.state, row.attempts, row.error) == ([row.id], "queued", 0, "")
    assert (job_row(db, job).state, job_row(db, job).finished_ms, run_row(db, job).wall_void) == (
        "active",
        None,
        "retried",
    )
    assert rows(db, ShardResultRow) == 2
    host.work_off()
    assert (job_row(db, job).state, run_row(db, job).error, rows(db, ShardResultRow)) == ("done", "", 3)


def test_retry_keeps_the_tokens_so_that_old_workers_stay_fenced(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    break_one(db, host, item(db, job, Kind.PREPROCESS).id, host.prep)
    retry(db, job)
    assert host.take(item(db, job, Kind.PREPROCESS).id, host.prep).token == 2


def test_retry_of_a_failed_compile_brings_its_parts_back(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",), batches=(1, 16))
    break_one(db, host, item(db, job, Kind.COMPILE, run_no=1).id)
    host.work_off()
    retry(db, job)
    assert (states(db, job, Kind.COMPILE), states(db, job, Kind.INFER)) == (["queued", "done"], ["blocked", "done"])
    host.work_off()
    assert [job_record(db, job).runs[no].state for no in (0, 1)] == ["done", "done"]
    assert [run_row(db, job, no).wall_void for no in (1, 2)] == ["retried", ""]


def test_retry_of_a_failed_slice_brings_its_parts_back_in_all_runs(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 1100, chips=("T4",), batches=(1, 16))
    break_one(db, host, item(db, job, Kind.PREPROCESS, no=2).id, host.prep)
    host.work_off()
    retry(db, job)
    assert {row.state for row in items(db, job, Kind.INFER) if row.slice_no == 2} == {"blocked"}
    host.work_off()
    assert (job_row(db, job).state, job_row(db, job).fingerprint is not None) == ("done", True)


def test_retry_in_an_active_job_reopens_parts_of_the_open_run(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    break_one(db, host, item(db, job, Kind.INFER).id)
    assert [hint.item_id for hint in retry(db, job)] == [item(db, job, Kind.INFER).id]
    assert (run_row(db, job).state, states(db, job, Kind.INFER)) == ("open", ["queued"] * 3)


def test_retry_of_a_cancelled_job_takes_it_up_where_it_was(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host, batches=(1, 16))
    host.do(item(db, job, Kind.INFER).id, T4)
    cancel(db, job)
    retry(db, job)
    assert [run_row(db, job, no).state for no in (1, 2)] == ["open", "ready"]
    assert states(db, job, Kind.INFER) == ["done", "queued", "queued", "blocked", "blocked", "blocked"]
    host.work_off()
    assert job_row(db, job).state == "done"


def test_retry_waits_for_its_turn_on_the_lane(db: Database) -> None:
    host = crew(db, "T4")
    job, other = open_job(db, host), open_job(db, host)
    cancel(db, job)
    assert retry(db, job) == []
    assert (run_row(db, job).state, run_row(db, other).state) == ("ready", "open")


def test_retry_leaves_a_faulty_device_aside(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    break_one(db, host, item(db, job, Kind.INFER).id)
    change(db, update(Device).values(state="faulty"))
    retry(db, job)
    with db.read() as session:
        assert session.get_one(Device, T4).state == "faulty"


def test_retry_of_what_did_not_fail_is_refused(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off()
    with pytest.raises(UsageError, match=f"nothing of job {job} failed; it is done"):
        retry(db, job)
