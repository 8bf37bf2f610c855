"""What becomes of an item that was not done, and of whoever depends on it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.hints import first_hints
from dinoq.db.items import finish, progress, start
from dinoq.db.records import job_record
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Item
from dinoq.db.tables.results import ShardResultRow
from dinoq.jobs.ledger import MAX_ATTEMPTS, Failure, FailureClass, Hint, Kind, Phase, Refusal
from tests.builders import HOST, result_of, shard_result
from tests.crew import attempts, change, crew, item, items, job_row, rows, run_row, states, submit_job

T4 = f"{HOST}/T4:0"
PERMANENT, TRANSIENT, DEVICE, DRAINED, DAMAGED = FailureClass


def failing(
    db: Database, host: object, item_id: int, worker: str, kind: FailureClass, *, begin: bool = True
) -> list[Hint]:
    """One claim that fails."""
    held = host.take(item_id, worker, begin=begin)  # type: ignore[attr-defined]
    return fail(db, item_id, held.token, Failure(kind, f"{kind} trouble"))


# -- the item ---------------------------------------------------------------------------------------------------------


def test_a_permanent_failure_ends_the_item_at_once(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    slice_item = item(db, job, Kind.PREPROCESS).id
    failing(db, host, slice_item, host.prep, PERMANENT)
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.error) == ("failed", 1, "permanent trouble")
    assert [(a.outcome, a.error_class) for a in attempts(db, slice_item)] == [("failed", "permanent")]


def test_a_transient_failure_is_tried_four_times_in_all(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    slice_item = item(db, job, Kind.PREPROCESS).id
    first_hints(db, job)
    hints = [failing(db, host, slice_item, host.prep, TRANSIENT) for _ in range(MAX_ATTEMPTS)]
    assert hints == [[Hint(slice_item, Kind.PREPROCESS)]] * (MAX_ATTEMPTS - 1) + [[]]
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.error) == ("failed", MAX_ATTEMPTS, "transient trouble")
    assert len(attempts(db, slice_item)) == MAX_ATTEMPTS


def test_failing_before_the_beginning_charges_nothing_but_has_an_end(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    slice_item = item(db, job, Kind.PREPROCESS).id
    for turn in range(MAX_ATTEMPTS):
        assert (item(db, job, Kind.PREPROCESS).state, item(db, job, Kind.PREPROCESS).attempts) == ("queued", 0), turn
        failing(db, host, slice_item, host.prep, TRANSIENT, begin=False)
    assert item(db, job, Kind.PREPROCESS).state == "failed"
    assert [a.started_ms for a in attempts(db, slice_item)] == [None] * MAX_ATTEMPTS


@pytest.mark.parametrize("begin", [True, False])
def test_a_drained_item_is_given_back_uncharged(db: Database, begin: bool) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    part = item(db, job, Kind.INFER).id
    for _ in range(MAX_ATTEMPTS + 1):
        assert failing(db, host, part, T4, DRAINED, begin=begin) == [Hint(part, Kind.INFER, "T4", "real")]
    row = item(db, job, Kind.INFER)
    assert (row.state, row.attempts, row.error, run_row(db, job).wall_void) == ("queued", 0, "", "drained")
    assert attempts(db, part)[0].outcome == "drained"


def test_a_device_failure_charges_the_device_and_not_the_item(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    compiling = item(db, job, Kind.COMPILE).id
    first_hints(db, job)
    assert failing(db, host, compiling, T4, DEVICE) == [Hint(compiling, Kind.COMPILE, "T4", "real")]
    row = item(db, job, Kind.COMPILE)
    assert (row.state, row.attempts, row.avoid) == ("queued", 0, [T4])
    with db.read() as session:
        assert session.get_one(Device, T4).faults == 1


def test_a_device_failure_of_a_worker_without_device_is_a_transient_one(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    failing(db, host, item(db, job, Kind.PREPROCESS).id, host.prep, DEVICE)
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts, row.avoid) == ("queued", 1, [])


def test_an_error_that_no_database_could_hold_is_kept_readable(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    fail(db, held.item_id, held.token, Failure(PERMANENT, "no \udcff.jpg\0"))
    assert item(db, job, Kind.PREPROCESS).error == "no \\udcff.jpg\\0"


# -- who depends on it ------------------------------------------------------------------------------------------------


def test_a_failed_compile_fails_its_run_alone(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",), batches=(1, 16))
    failing(db, host, item(db, job, Kind.COMPILE, run_no=1).id, T4, PERMANENT)
    assert (run_row(db, job, 1).state, run_row(db, job, 1).error) == ("failed", "permanent trouble")
    row = item(db, job, Kind.INFER, run_no=1)
    assert (row.state, row.error) == ("cancelled", "run 1 could not be compiled: permanent trouble")
    assert (run_row(db, job, 2).state, job_row(db, job).state) == ("waiting", "active")
    host.work_off()
    assert (run_row(db, job, 2).state, job_row(db, job).state) == ("done", "failed")


def test_a_job_whose_every_compile_failed_is_over_at_once(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    failing(db, host, item(db, job, Kind.COMPILE).id, T4, PERMANENT)
    assert (job_row(db, job).state, states(db, job, Kind.PREPROCESS)) == ("failed", ["cancelled"])


def test_a_failed_slice_fails_its_parts_in_all_runs_and_no_others(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 1100, chips=("T4",), batches=(1, 16))
    failing(db, host, item(db, job, Kind.PREPROCESS, no=2).id, host.prep, PERMANENT)
    for run_no in (1, 2):
        parts = items(db, job, Kind.INFER, run_no=run_no)
        assert {row.state for row in parts if row.slice_no == 2} == {"failed"}
        assert {row.state for row in parts if row.slice_no == 1} == {"blocked"}
    host.work_off()
    record = job_record(db, job)
    assert (record.state, [run.state for run in record.runs]) == ("failed", ["failed", "failed"])
    assert [sum(result.n for result in run.results) for run in record.runs] == [1024, 1024]
    assert record.runs[0].failed[0].error == "slice 2 could not be preprocessed: permanent trouble"
    assert record.fingerprint is None


def test_a_job_of_which_no_slice_could_be_preprocessed_is_over(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    failing(db, host, item(db, job, Kind.PREPROCESS).id, host.prep, PERMANENT)
    assert (job_row(db, job).state, states(db, job, Kind.COMPILE)) == ("failed", ["cancelled"])


def test_a_failed_part_fails_its_run_once_the_others_have_ended(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    failing(db, host, item(db, job, Kind.INFER, no=2).id, T4, PERMANENT)
    assert run_row(db, job).state == "open"
    host.work_off()
    assert (run_row(db, job).state, run_row(db, job).error, job_row(db, job).state) == (
        "failed",
        "permanent trouble",
        "failed",
    )


def test_the_next_run_opens_when_one_has_failed(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    hints = failing(db, host, item(db, job, Kind.INFER, run_no=1).id, T4, PERMANENT)
    assert hints == [Hint(item(db, job, Kind.INFER, run_no=2).id, Kind.INFER, "T4", "real")]


# -- a damaged shard --------------------------------------------------------------------------------------------------


def test_a_damaged_shard_sends_its_slice_back_and_blocks_its_parts(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 1100, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    hints = failing(db, host, item(db, job, Kind.INFER, run_no=1, no=1).id, T4, DAMAGED)
    assert hints == [Hint(item(db, job, Kind.PREPROCESS, no=1).id, Kind.PREPROCESS)]
    assert states(db, job, Kind.PREPROCESS) == ["queued", "done"]
    assert {row.state for row in items(db, job, Kind.INFER, run_no=1) if row.slice_no == 1} == {"blocked"}
    assert {row.state for row in items(db, job, Kind.INFER, run_no=1) if row.slice_no == 2} == {"queued"}


def test_parts_of_the_open_run_go_on_when_their_slice_is_back(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    part = item(db, job, Kind.INFER, run_no=1, no=1)
    failing(db, host, part.id, T4, DAMAGED)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    stored, hints = finish(db, held.item_id, held.token, result_of(held, host.facts(T4)))
    assert (stored, [told.item_id for told in hints]) == (
        True,
        [row.id for row in items(db, job, Kind.INFER, run_no=1)],
    )
    assert set(states(db, job, Kind.INFER, 2)) == {"blocked"}
    assert item(db, job, Kind.INFER, run_no=1, no=1).attempts == 0
    host.work_off()
    assert job_row(db, job).state == "done"


def test_a_run_that_opens_meanwhile_leaves_the_parts_of_a_damaged_slice_blocked(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 1100, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    parts = items(db, job, Kind.INFER, run_no=1)
    for row in parts[:-1]:
        host.do(row.id, T4)
    failing(db, host, parts[-1].id, T4, DAMAGED)
    change(db, update(Item).where(Item.id == parts[-1].id).values(state="queued"))
    failing(db, host, parts[-1].id, T4, PERMANENT)
    assert run_row(db, job, 2).state == "open"
    assert [row.state for row in items(db, job, Kind.INFER, run_no=2) if row.slice_no == 2] == ["blocked"]
    host.work_off()
    assert run_row(db, job, 2).state == "done"


def test_a_slice_that_is_damaged_again_and_again_fails_for_good(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.COMPILE)
    for _ in range(MAX_ATTEMPTS):
        host.work_off(Kind.PREPROCESS)
        failing(db, host, item(db, job, Kind.INFER).id, T4, DAMAGED)
    row = item(db, job, Kind.PREPROCESS)
    assert (row.state, row.attempts) == ("failed", MAX_ATTEMPTS)
    assert (item(db, job, Kind.INFER).state, job_row(db, job).state) == ("failed", "failed")


def test_a_part_that_fails_while_its_slice_is_prepared_again_waits_for_it(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    other = host.take(item(db, job, Kind.INFER, no=2).id, T4)
    failing(db, host, item(db, job, Kind.INFER, no=1).id, T4, DAMAGED)
    assert fail(db, other.item_id, other.token, Failure(TRANSIENT, "power")) == []
    assert set(states(db, job, Kind.INFER)) == {"blocked"}


# -- late words -------------------------------------------------------------------------------------------------------


def test_a_stale_token_changes_nothing(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    part = item(db, job, Kind.INFER).id
    old = host.take(part, T4)
    fail(db, part, old.token, Failure(TRANSIENT, "power"))
    host.take(part, T4)
    before = vars(item(db, job, Kind.INFER))
    assert not start(db, part, old.token)
    assert not progress(db, part, old.token, Phase.RUNNING, 1)
    assert fail(db, part, old.token, Failure(PERMANENT, "late")) == []
    assert not finish(db, part, old.token, shard_result(old, host.facts(T4)))[0]
    after = vars(item(db, job, Kind.INFER))
    assert {k: v for k, v in before.items() if k[0] != "_"} == {k: v for k, v in after.items() if k[0] != "_"}


@pytest.mark.parametrize(("answer", "agrees"), [(0, True), (1, False)])
def test_a_late_result_is_fenced_and_shown_as_duplicate_or_conflict(db: Database, answer: int, agrees: bool) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    part = item(db, job, Kind.INFER).id
    old = host.take(part, T4)
    fail(db, part, old.token, Failure(TRANSIENT, "power"))
    new = host.do(part, T4)
    late = finish(db, part, old.token, shard_result(old, host.facts(T4), answer=answer))
    assert (late, rows(db, ShardResultRow)) == ((False, []), 1)
    fenced = job_record(db, job).runs[0].fenced
    stored = [a.digest for a in attempts(db, part) if a.token == new.token]
    assert [one.no for one in fenced] == [1]
    assert ([one.digest for one in fenced] == stored) is agrees


def test_telling_the_same_end_twice_is_no_duplicate(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.do(item(db, job, Kind.INFER).id, T4)
    assert finish(db, held.item_id, held.token, shard_result(held, host.facts(T4))) == (True, [])
    assert (job_record(db, job).runs[0].fenced, rows(db, ShardResultRow)) == ((), 1)


def test_a_token_that_was_never_given_out_leaves_no_trace(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    assert finish(db, held.item_id, 99, shard_result(held, host.facts(T4))) == (False, [])
    assert [a.token for a in attempts(db, held.item_id)] == [1]


def test_progress_shows_and_extends_the_lease(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    change(db, update(Item).where(Item.id == held.item_id).values(lease_until_ms=1))
    assert progress(db, held.item_id, held.token, Phase.RUNNING, 3)
    row = item(db, job, Kind.PREPROCESS)
    assert (row.phase, row.n_done, (row.lease_until_ms or 0) > 1) == ("running", 3, True)


def test_a_failed_item_is_not_given_out_again(db: Database) -> None:
    host, job = crew(db), submit_job(db, 2000)
    slice_item = item(db, job, Kind.PREPROCESS).id
    failing(db, host, slice_item, host.prep, PERMANENT)
    assert claim(db, slice_item, host.prep) == Refusal(f"item {slice_item} is failed")
