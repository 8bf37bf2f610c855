"""Two at once: each race of the ledger is forced, by holding every writer at the items until all have come that far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.items import finish, start
from dinoq.db.jobs import cancel
from dinoq.db.lanes import open_next
from dinoq.db.sweep import sweep, worker_lost
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Run
from dinoq.db.tables.results import ShardResultRow
from dinoq.jobs.errors import UsageError
from dinoq.jobs.ledger import Claim, Failure, FailureClass, Kind, Refusal
from tests.builders import HOST, result_of, shard_result
from tests.crew import (
    Crew,
    attempts,
    change,
    crew,
    expire,
    item,
    items,
    job_row,
    lanes,
    rows,
    run_row,
    states,
    submit_job,
)

T = TypeVar("T")
T4, OTHER_T4, CPU = f"{HOST}/T4:0", f"{HOST}/T4:1", f"{HOST}/cpu:0"
CLEAR = text("SELECT pg_stat_clear_snapshot()")
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@contextmanager
def gate(db: Database, waiting: int) -> Iterator[None]:
    """Nobody gets past reading an item in here; it opens once so many are at it."""

    def work(session: Session) -> None:
        if db.dialect == "postgresql":
            session.execute(text("LOCK TABLE item IN EXCLUSIVE MODE"))
        closed.set()
        begun.wait(20)
        if db.dialect == "postgresql":
            _wait_until_at_it(session, waiting)

    closed, begun = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        keeper = pool.submit(db.write, work)
        closed.wait(20)
        try:
            yield
        finally:
            begun.set()
            keeper.result(30)


def _wait_until_at_it(session: Session, waiting: int) -> None:
    deadline = time.monotonic() + 10
    while session.execute(WAITING).scalar_one() < waiting:
        assert time.monotonic() < deadline, "they did not all come to the gate"
        time.sleep(0.002)
        session.execute(CLEAR)


def together(db: Database, *calls: Callable[[], T]) -> list[T]:
    """Make the calls at once; what each returned."""
    barrier = threading.Barrier(len(calls) + 1)

    def run(call: Callable[[], T]) -> T:
        barrier.wait(20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        with gate(db, len(calls)):
            futures = [pool.submit(run, call) for call in calls]
            barrier.wait(20)
        return [future.result(60) for future in futures]


def open_job(db: Database, host: Crew, samples: int = 500, chip: str = "T4", batches: tuple[int, ...] = (1,)) -> int:
    """A job of two parts per run, the first run open."""
    job = submit_job(db, samples, chips=(chip,), batches=batches)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE, job=job)
    return job


def finishing(db: Database, host: Crew, held: Claim, worker: str) -> Callable[[], tuple[bool, list[object]]]:
    """A call that hands in the right result."""
    return lambda: finish(db, held.item_id, held.token, result_of(held, host.facts(worker)))  # type: ignore[return-value]


def test_two_last_parts_at_once_end_the_job_once(db: Database) -> None:
    host = crew(db, "T4", "T4")
    job = open_job(db, host)
    first, second = items(db, job, Kind.INFER)
    calls = [finishing(db, host, host.take(row.id, T4), T4) for row in (first, second)]
    assert [stored for stored, _ in together(db, *calls)] == [True, True]
    assert (job_row(db, job).state, run_row(db, job).state, rows(db, ShardResultRow)) == ("done", "done", 2)


def test_two_last_parts_at_once_open_the_next_run_once(db: Database) -> None:
    host = crew(db, "T4", "T4")
    job = open_job(db, host, batches=(1, 16))
    calls = [finishing(db, host, host.take(row.id, T4), T4) for row in items(db, job, Kind.INFER, run_no=1)]
    hints = sorted(len(hints) for _, hints in together(db, *calls))
    assert (hints, run_row(db, job, 2).state) == ([0, 2], "open")


def test_two_last_slices_at_once_make_the_run_ready_once(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 2000, chips=("T4",))
    host.work_off(Kind.COMPILE)
    calls = [finishing(db, host, host.take(row.id, host.prep), host.prep) for row in items(db, job, Kind.PREPROCESS)]
    hints = sorted(len(hints) for _, hints in together(db, *calls))
    assert (hints, run_row(db, job).state) == ([0, 8], "open")
    assert job_row(db, job).fingerprint is not None


def test_the_last_slice_and_the_artifact_at_once_make_the_run_ready(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    slice_held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    compile_held = host.take(item(db, job, Kind.COMPILE).id, T4)
    together(db, finishing(db, host, slice_held, host.prep), finishing(db, host, compile_held, T4))
    assert (run_row(db, job).state, states(db, job, Kind.INFER)) == ("open", ["queued"])


def test_two_lanes_of_one_job_end_it_once(db: Database) -> None:
    host = crew(db, "T4", "310P3")
    job = submit_job(db, chips=("T4", "310P3"))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    workers = (T4, f"{HOST}/310P3:1")
    held = [host.take(row.id, worker) for row, worker in zip(items(db, job, Kind.INFER), workers, strict=True)]
    together(db, *(finishing(db, host, one, worker) for one, worker in zip(held, workers, strict=True)))
    assert (job_row(db, job).state, rows(db, ShardResultRow)) == ("done", 2)


def test_two_that_open_a_lane_open_one_run(db: Database) -> None:
    host = crew(db, "T4")
    jobs = [open_job(db, host), open_job(db, host)]
    change(db, update(Run).where(Run.job_id == jobs[0]).values(state="ready"))
    change(db, update(Item).where(Item.state == "queued").values(state="blocked"))
    hints = together(db, *[partial(open_next, db, "T4", "real")] * 2)
    assert sorted(map(len, hints)) == [0, 2]
    assert [run_row(db, job).state for job in jobs] == ["open", "ready"]
    assert [(lane.open_job_id, lane.open_run_no) for lane in lanes(db)] == [(jobs[0], 1)]


def test_two_claims_of_one_item_at_once_give_it_to_one(db: Database) -> None:
    host = crew(db, "T4", "T4")
    part = items(db, open_job(db, host), Kind.INFER)[0].id
    answers = together(db, partial(claim, db, part, T4), partial(claim, db, part, OTHER_T4))
    assert [isinstance(answer, Claim) for answer in answers].count(True) == 1
    assert items(db, kind=Kind.INFER)[0].token == 1


def test_preparation_and_a_cpu_part_at_once_do_not_both_get_the_host(db: Database) -> None:
    host = crew(db)
    job = open_job(db, host, chip="cpu")
    first, second = items(db, job, Kind.INFER)
    host.do(first.id, CPU)
    slice_item = item(db, submit_job(db), Kind.PREPROCESS).id
    answers = together(db, partial(claim, db, second.id, CPU), partial(claim, db, slice_item, host.prep))
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.again for refusal in refusals] == [True]


def test_finish_against_cancel_leaves_either_whole(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    held = host.take(items(db, job, Kind.INFER)[0].id, T4)
    (stored, _), _ = together(db, finishing(db, host, held, T4), lambda: (cancel(db, job), []))
    outcome = attempts(db, held.item_id)[0].outcome
    assert (stored, rows(db, ShardResultRow), outcome) in [(True, 1, "done"), (False, 0, "fenced")]
    assert states(db, job, Kind.INFER) == ["done" if stored else "cancelled", "cancelled"]
    assert (job_row(db, job).state, run_row(db, job).state) == ("cancelled", "cancelled")


def test_the_last_finish_against_cancel_ends_the_job_one_way(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host, samples=4)
    held = host.take(items(db, job, Kind.INFER)[0].id, T4)

    def try_to_cancel() -> tuple[bool, list[object]]:
        try:
            return cancel(db, job) == 1, []
        except UsageError:
            return False, []

    (stored, _), (cancelled, _) = together(db, finishing(db, host, held, T4), try_to_cancel)
    assert (stored, cancelled, job_row(db, job).state) in [(True, False, "done"), (False, True, "cancelled")]


def test_claim_against_cancel_leaves_nothing_running(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    part = items(db, job, Kind.INFER)[0].id
    together(db, lambda: str(claim(db, part, T4)), lambda: str(cancel(db, job)))
    assert set(states(db, job, Kind.INFER)) == {"cancelled"}


def test_finish_against_the_sweep_of_its_expired_lease_counts_it_once(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host, samples=4)
    held = host.take(items(db, job, Kind.INFER)[0].id, T4)
    expire(db, held.item_id)
    (stored, _), _ = together(db, finishing(db, host, held, T4), lambda: (True, sweep(db)))
    if not stored:
        assert [attempt.outcome for attempt in attempts(db, held.item_id)] == ["fenced"]
        host.work_off()
    assert (job_row(db, job).state, rows(db, ShardResultRow)) == ("done", 1)


def test_two_sweeps_take_an_expired_item_back_once(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    expire(db, held.item_id)
    together(db, partial(sweep, db), partial(worker_lost, db, host.prep))
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.token) == ("queued", 1, 1)
    assert [attempt.outcome for attempt in attempts(db, held.item_id)] == ["lost"]


def test_two_failures_of_one_item_at_once_count_once(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    trouble = Failure(FailureClass.TRANSIENT, "power")
    hints = together(db, *[partial(fail, db, held.item_id, held.token, trouble)] * 2)
    assert sorted(len(told) > 0 for told in hints) == [False, True]
    assert len(attempts(db, held.item_id)) == 1


def test_a_beginning_and_a_failure_at_once_agree_on_what_is_charged(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep, begin=False)
    trouble = Failure(FailureClass.TRANSIENT, "power")
    began, _ = together(
        db, lambda: start(db, held.item_id, held.token), lambda: bool(fail(db, held.item_id, held.token, trouble))
    )
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.false_starts) == ("queued", int(began), int(not began))


def test_a_claim_and_a_pause_at_once_do_not_leave_a_part_running_in_a_closed_run(db: Database) -> None:
    host = crew(db, "T4")
    holder, wanted = open_job(db, host), open_job(db, host)
    part = items(db, holder, Kind.INFER)[0].id
    answer, _ = together(db, lambda: claim(db, part, T4), lambda: open_next(db, "T4", "real", wanted))
    expected = ("open", "ready") if isinstance(answer, Claim) else ("ready", "open")
    assert (run_row(db, holder).state, run_row(db, wanted).state) == expected


def test_a_second_result_of_one_part_raises_instead_of_hiding(db: Database) -> None:
    host = crew(db, "T4")
    held = host.do(items(db, open_job(db, host), Kind.INFER)[0].id, T4)
    change(db, update(Item).where(Item.id == held.item_id).values(state="queued"))
    again = host.take(held.item_id, T4)
    with pytest.raises(Exception, match=r"(?i)unique"):
        finish(db, again.item_id, again.token, shard_result(again, host.facts(T4)))
