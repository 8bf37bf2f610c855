"""Runs on random data in the ledger: one item each, of no slice, that waits for nothing but its artifact."""

from __future__ import annotations

import pytest

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.history import list_jobs
from dinoq.db.items import finish, progress
from dinoq.db.jobs import cancel, retry
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record, load_manifest
from dinoq.db.sweep import sweep
from dinoq.jobs.errors import UsageError
from dinoq.jobs.ledger import MAX_ATTEMPTS, Claim, Failure, FailureClass, Hint, Kind, Phase
from dinoq.jobs.report import build_report
from tests.builders import HOST, shard_result
from tests.crew import Crew, attempts, busy, crew, expire, item, items, job_row, run_row, states, submit_job

T4, CPU = f"{HOST}/T4:0", f"{HOST}/cpu:0"


def pure_job(db: Database, *batches: int, chip: str = "T4") -> int:
    """A job of random data alone."""
    return submit_job(db, 0, chips=(chip,), batches=batches or (4,), rule="pure")


def at_work(db: Database, host: Crew, job: int) -> Claim:
    """Its item, begun."""
    host.work_off(Kind.COMPILE)
    return host.take(item(db, job, Kind.INFER).id, T4)


def test_a_job_of_random_data_has_no_slice_and_one_item_for_each_run(db: Database) -> None:
    job = pure_job(db, 4, 8)
    assert items(db, job, Kind.PREPROCESS) == []
    parts = [(row.run_no, row.no, row.slice_no, row.first, row.count) for row in items(db, job, Kind.INFER)]
    assert parts == [(1, 1, 0, 0, 0), (2, 1, 0, 0, 0)]
    assert job_record(db, job).slices == ()
    assert len(load_manifest(db, job_row(db, job).manifest_id)) == 0


def test_a_job_of_the_recipe_without_samples_is_refused(db: Database) -> None:
    with pytest.raises(UsageError, match="nothing to do"):
        submit_job(db, 0, batches=(1, 4), rule="recipe")


def test_a_run_on_random_data_opens_with_its_artifact_while_others_wait_for_photos(db: Database) -> None:
    host = crew(db, "T4")
    job = submit_job(db, chips=("T4",), batches=(1, 4), rule="recipe")
    host.work_off(Kind.COMPILE)
    assert [run_row(db, job, no).state for no in (1, 2)] == ["waiting", "open"]
    assert [states(db, job, Kind.INFER, no) for no in (1, 2)] == [["blocked"], ["queued"]]


def test_runs_on_random_data_go_one_after_the_other_too(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db, 4, 8)
    host.work_off(Kind.COMPILE)
    assert [run_row(db, job, no).state for no in (1, 2)] == ["open", "ready"]
    assert host.work_off() == 2
    assert (job_row(db, job).state, job_row(db, job).fingerprint) == ("done", None)


def test_the_whole_recipe_is_worked_off(db: Database) -> None:
    host = crew(db, "T4")
    job = submit_job(db, 600, chips=("T4",), batches=(1, 4, 16, 64), rule="recipe")
    host.work_off()
    record = job_record(db, job)
    assert (record.state, record.fingerprint is not None) == ("done", True)
    assert [sum(part.n for part in run.results) for run in record.runs] == [600, 0, 600, 0]


def test_a_host_that_prepares_photos_times_nothing_on_its_cpu(db: Database) -> None:
    host, job = crew(db), pure_job(db, chip="cpu")
    host.work_off(Kind.COMPILE)
    preparing = host.take(item(db, submit_job(db), Kind.PREPROCESS).id, host.prep)
    assert busy(db, item(db, job, Kind.INFER).id, CPU)
    fail(db, preparing.item_id, preparing.token, Failure(FailureClass.PERMANENT, "gone"))
    held = host.take(item(db, job, Kind.INFER).id, CPU)
    assert busy(db, item(db, submit_job(db), Kind.PREPROCESS).id, host.prep)
    assert progress(db, held.item_id, held.token, Phase.RUNNING, 640)


def test_images_are_counted_while_it_runs_and_there_is_no_total(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    held = at_work(db, host, job)
    progress(db, held.item_id, held.token, Phase.RUNNING, 4096)
    seen = job_progress(db, job)
    (run,) = seen.runs
    assert (run.samples_done, run.samples_total, run.mode, run.at_work) == (4096, 0, "pure", True)
    assert (seen.preprocess_total, seen.preprocess_waits_for) == (0, "")


def test_a_drained_one_is_given_back_uncharged_and_hinted_at_once(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    held = at_work(db, host, job)
    hints = fail(db, held.item_id, held.token, Failure(FailureClass.DRAINED, "leaving"))
    assert hints == [Hint(held.item_id, Kind.INFER, "T4", "real")]
    assert (item(db, job, Kind.INFER).state, item(db, job, Kind.INFER).attempts) == ("queued", 0)


def test_a_device_fault_charges_the_device_and_the_item_goes_elsewhere(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    held = at_work(db, host, job)
    fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, "it died", "incarnation"))
    row = item(db, job, Kind.INFER)
    assert (row.state, row.attempts, row.avoid) == ("queued", 0, [T4])


def test_a_lost_worker_leaves_it_to_the_next(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    held = at_work(db, host, job)
    expire(db, held.item_id)
    assert held.item_id in [told.item_id for told in sweep(db)]
    host.do(held.item_id, T4)
    assert job_row(db, job).state == "done"


def test_what_came_too_late_is_no_second_evaluation(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    late = at_work(db, host, job)
    expire(db, late.item_id)
    sweep(db)
    host.do(late.item_id, T4)
    assert finish(db, late.item_id, late.token, shard_result(late, host.facts(T4)))[0] is False
    assert [row.outcome for row in attempts(db, late.item_id)] == ["fenced", "done"]
    assert job_record(db, job).runs[0].fenced == ()


def test_one_that_failed_is_tried_afresh_and_no_report_takes_it_for_complete(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    host.work_off(Kind.COMPILE)
    for _ in range(MAX_ATTEMPTS):
        held = host.take(item(db, job, Kind.INFER).id, T4)
        fail(db, held.item_id, held.token, Failure(FailureClass.TRANSIENT, "no luck"))
    made = build_report(record := job_record(db, job), load_manifest(db, record.spec.data.manifest_id))
    assert (job_row(db, job).state, made.exit_code) == ("failed", 6)
    first = made.runs[0].verdicts[0]
    assert (first.kind, first.text) == ("coverage", "random data was not timed; no luck")
    retry(db, job)
    host.work_off()
    assert job_row(db, job).state == "done"


def test_a_cancelled_one_is_over(db: Database) -> None:
    host, job = crew(db, "T4"), pure_job(db)
    held = at_work(db, host, job)
    assert cancel(db, job) == 1
    assert not progress(db, held.item_id, held.token, Phase.RUNNING, 1)
    assert list_jobs(db)[0].samples == 0
