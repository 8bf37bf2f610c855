"""What is taken back, told again and opened, when messages, workers or supervisors were lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import beat, list_workers, retire_worker
from dinoq.db.hints import first_hints, mark_unhinted
from dinoq.db.items import finish
from dinoq.db.lanes import open_next
from dinoq.db.sweep import note_absence, predecessors_lost, sweep, worker_lost
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.jobs.ledger import MAX_ATTEMPTS, REHINT_MS, Failure, FailureClass, Hint, Kind
from tests.builders import HOST, shard_result
from tests.crew import (
    Crew,
    attempts,
    change,
    crew,
    expire,
    hinted_ago,
    item,
    items,
    job_row,
    run_row,
    silence,
    states,
    submit_job,
)

T4 = f"{HOST}/T4:0"


def told(hints: list[Hint]) -> list[int]:
    """The items hinted at."""
    return [hint.item_id for hint in hints]


def open_job(db: Database, host: Crew, batches: Sequence[int] = (1,)) -> int:
    """A job with three parts per run, the first run open."""
    job = submit_job(db, 600, chips=("T4",), batches=batches)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE, job=job)
    return job


# -- leases -----------------------------------------------------------------------------------------------------------


def test_an_expired_item_is_queued_again_and_told_of(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    first_hints(db, job)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    expire(db, held.item_id)
    assert sweep(db) == [Hint(held.item_id, Kind.PREPROCESS)]
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.error, row.worker_id) == ("queued", 1, "worker lost", None)
    assert [attempt.outcome for attempt in attempts(db, held.item_id)] == ["lost"]


def test_an_expired_item_that_never_began_is_not_charged(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    for _ in range(MAX_ATTEMPTS + 1):
        expire(db, host.take(item(db, job, Kind.PREPROCESS).id, host.prep, begin=False).item_id)
        sweep(db)
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.false_starts) == ("queued", 0, 0)


def test_an_item_that_was_lost_four_times_fails(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    for _ in range(MAX_ATTEMPTS):
        expire(db, host.take(item(db, job, Kind.PREPROCESS).id, host.prep).item_id)
        sweep(db)
    assert (states(db, job, Kind.PREPROCESS), job_row(db, job).state) == (["failed"], "failed")


def test_a_lease_that_runs_is_left_alone(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    sweep(db)
    assert states(db, job, Kind.PREPROCESS) == ["running"]


def test_a_late_result_after_the_sweep_is_fenced_with_its_digest(db: Database) -> None:
    host = crew(db, "T4")
    held = host.take(items(db, open_job(db, host), Kind.INFER)[0].id, T4)
    expire(db, held.item_id)
    sweep(db)
    assert finish(db, held.item_id, held.token, shard_result(held, host.facts(T4))) == (False, [])
    late = attempts(db, held.item_id)[0]
    assert (late.outcome, late.digest is not None, late.device_key) == ("fenced", True, T4)


def test_what_a_dead_worker_held_is_taken_back_at_once(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    held = [host.take(row.id, T4, begin=row.no == 1) for row in items(db, job, Kind.INFER)[:2]]
    assert told(worker_lost(db, T4)) == [one.item_id for one in held]
    assert [(row.state, row.attempts) for row in items(db, job, Kind.INFER)[:2]] == [("queued", 1), ("queued", 0)]


def test_what_a_worker_held_that_was_killed_on_request_is_not_charged(db: Database) -> None:
    host = crew(db, "T4")
    held = host.take(item(db, open_job(db, host), Kind.INFER).id, T4)
    worker_lost(db, T4, Failure(FailureClass.DRAINED, "killed on request"))
    (attempt,) = attempts(db, held.item_id)
    (row,) = items(db, held.job_id, Kind.INFER)[:1]
    assert (row.state, row.attempts, row.error, attempt.outcome) == ("queued", 0, "", "drained")


def test_a_dead_worker_takes_nothing_from_the_living(db: Database) -> None:
    host = crew(db, "T4", "T4")
    job = open_job(db, host)
    host.take(item(db, job, Kind.INFER).id, f"{HOST}/T4:1")
    assert worker_lost(db, T4) == []
    assert states(db, job, Kind.INFER)[0] == "running"


# -- hints ------------------------------------------------------------------------------------------------------------


def test_what_nobody_was_told_of_is_told(db: Database) -> None:
    job = submit_job(db)
    assert told(sweep(db)) == [row.id for row in items(db, job, state="queued")]
    assert sweep(db) == []


def test_a_hint_that_could_not_be_sent_is_sent_by_the_next_sweep(db: Database) -> None:
    job = submit_job(db)
    hints = first_hints(db, job)
    mark_unhinted(db, [hints[0].item_id])
    assert sweep(db) == hints[:1]


def test_an_old_hint_is_repeated_twice_per_living_worker_of_its_queue(db: Database) -> None:
    host = crew(db, "T4")
    job = submit_job(db, 5000, chips=("T4", "310"), batches=(1, 4, 16))
    first_hints(db, job)
    hinted_ago(db, REHINT_MS + 1000)
    again = sweep(db)
    assert [hint.kind for hint in again] == [Kind.PREPROCESS] * 2 + [Kind.COMPILE] * 2
    assert {hint.chip for hint in again[2:]} == {"T4"}
    host.device("T4", 1)
    silence(db, host.prep)
    assert [hint.kind for hint in sweep(db)] == [Kind.COMPILE]


def test_a_young_hint_is_not_repeated(db: Database) -> None:
    crew(db)
    first_hints(db, submit_job(db))
    hinted_ago(db, REHINT_MS - 5000)
    assert sweep(db) == []


@pytest.mark.parametrize("trouble", ["silent", "left", "faulty"])
def test_nothing_is_repeated_for_workers_that_cannot_work(db: Database, trouble: str) -> None:
    host = crew(db, "T4")
    open_job(db, host)
    hinted_ago(db, REHINT_MS + 1000)
    if trouble == "faulty":
        change(db, update(Device).values(state="faulty"))
    else:
        (silence if trouble == "silent" else retire_worker)(db, T4)
    assert sweep(db) == []


def test_a_broker_that_forgot_everything_is_told_everything(db: Database) -> None:
    host = crew(db, "T4")
    job, waiting = open_job(db, host), submit_job(db, 5000)
    expected = [row.id for row in items(db, state="queued")]
    assert told(sweep(db, all_hints=True)) == expected
    assert told(sweep(db, all_hints=True)) == expected
    assert {row.job_id for row in items(db, state="queued")} == {job, waiting}


def test_a_supervisor_of_one_job_tells_of_that_one_only(db: Database) -> None:
    submit_job(db)
    mine = submit_job(db)
    assert told(sweep(db, only_job=mine, all_hints=True)) == [row.id for row in items(db, mine, state="queued")]


# -- lanes ------------------------------------------------------------------------------------------------------------


def test_a_sweep_opens_what_is_ready(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    for row in items(db, job, Kind.INFER):
        fail(db, row.id, host.take(row.id, T4).token, Failure(FailureClass.DRAINED, ""))
    change(db, update(Run).values(state="ready"))
    change(db, update(Item).where(Item.state == "queued").values(state="blocked"))
    assert told(sweep(db)) == [row.id for row in items(db, job, Kind.INFER)]
    assert run_row(db, job).state == "open"


def test_a_sweep_draws_conclusions_that_somebody_died_before(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off()
    change(db, update(Job).values(state="active"))
    change(db, update(Run).values(state="open"))
    sweep(db)
    assert (job_row(db, job).state, run_row(db, job).state) == ("done", "done")


def test_an_idle_run_of_another_job_makes_room_for_the_only_job(db: Database) -> None:
    host = crew(db, "T4")
    other, mine = open_job(db, host), open_job(db, host)
    assert told(sweep(db, only_job=mine)) == [row.id for row in items(db, mine, Kind.INFER)]
    assert (run_row(db, other).state, run_row(db, other).wall_void) == ("ready", "paused")
    assert set(states(db, other, Kind.INFER)) == {"blocked"}
    host.work_off(job=mine)
    assert (run_row(db, mine).state, run_row(db, other).state) == ("done", "open")


def test_a_run_with_a_part_under_way_makes_no_room(db: Database) -> None:
    host = crew(db, "T4")
    other, mine = open_job(db, host), open_job(db, host)
    host.take(item(db, other, Kind.INFER).id, T4)
    assert sweep(db, only_job=mine) == []
    assert (run_row(db, other).state, states(db, other, Kind.INFER)) == ("open", ["running", "queued", "queued"])


def test_a_run_that_has_workers_of_its_own_makes_no_room(db: Database) -> None:
    host = crew(db, "T4")
    other, mine = open_job(db, host), open_job(db, host)
    host.device("T4", 1, only_job=other)
    assert open_next(db, "T4", "real", mine) == []
    assert run_row(db, other).state == "open"


# -- absence ----------------------------------------------------------------------------------------------------------


def begun_job(db: Database, host: Crew) -> int:
    """A job with one part done."""
    job = open_job(db, host)
    host.do(item(db, job, Kind.INFER).id, T4)
    return job


def test_a_begun_run_that_nobody_worked_on_has_no_wall_time(db: Database) -> None:
    host = crew(db, "T4")
    job = begun_job(db, host)
    retire_worker(db, T4)
    note_absence(db)
    assert run_row(db, job).wall_void == "the supervisor was away"


@pytest.mark.parametrize("case", ["a worker lives", "nothing has begun", "another job is meant"])
def test_the_wall_time_of_a_run_is_not_voided_when(db: Database, case: str) -> None:
    host = crew(db, "T4")
    job = open_job(db, host) if case == "nothing has begun" else begun_job(db, host)
    if case == "a worker lives":
        beat(db, T4)
    else:
        retire_worker(db, T4)
    note_absence(db, job + 1 if case == "another job is meant" else None)
    assert run_row(db, job).wall_void == ""


def test_a_new_supervisor_takes_back_what_its_predecessors_workers_held(db: Database) -> None:
    host, other = crew(db, "T4"), crew(db, "T4", host="host-b")
    job = submit_job(db, 1200, chips=("T4",))
    first, second = (row.id for row in items(db, job, Kind.PREPROCESS))
    host.take(first, host.prep)
    other.take(second, other.prep)
    assert told(predecessors_lost(db, f"state-of-{HOST}")) == [first]
    assert states(db, job, Kind.PREPROCESS) == ["queued", "running"]
    assert {row.facts.id for row in list_workers(db)} == {other.prep, *other.devices}


def test_workers_that_died_with_their_supervisor_a_moment_ago_keep_no_wall_time(db: Database) -> None:
    job = begun_job(db, crew(db, "T4"))
    predecessors_lost(db, f"state-of-{HOST}")
    note_absence(db)
    assert run_row(db, job).wall_void == "the supervisor was away"
