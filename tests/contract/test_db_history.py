"""What the ledger tells people: the fleet, past jobs, how far one is and why it waits, and its whole record."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import (
    register_device,
    register_worker,
    retire_worker,
)
from dinoq.db.history import list_jobs, resolve_job
from dinoq.db.items import finish, progress
from dinoq.db.jobs import cancel, submit
from dinoq.db.log import job_log
from dinoq.db.progress import job_progress
from dinoq.db.records import find_artifact, job_record, load_manifest
from dinoq.db.sweep import worker_lost
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Attempt
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.ledger import Failure, FailureClass, Kind, Phase
from dinoq.jobs.search import Search
from tests.builders import (
    HOST,
    OWNER,
    STORE,
    compiled,
    make_device,
    make_manifest,
    make_spec,
    make_worker,
    shard_result,
)
from tests.crew import Crew, change, crew, item, items, submit_job

T4, CPU = f"{HOST}/T4:0", f"{HOST}/cpu:0"


# -- past jobs --------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first(db: Database) -> None:
    host = crew(db)
    done = submit_job(db, 600, batches=(1, 16), name="first")
    host.work_off()
    active = submit_job(db, chips=("T4", "310P3"), name="second")
    newest, oldest = list_jobs(db)
    assert (newest.id, newest.state, newest.chips, newest.items_done) == (active, "active", ("T4", "310P3"), 0)
    assert (oldest.id, oldest.name, oldest.state, oldest.batches) == (done, "first", "done", (1, 16))
    assert (oldest.samples, oldest.items_done, oldest.items_total, oldest.model) == (600, 9, 9, "tiny.onnx")
    assert oldest.finished_at is not None and oldest.created_at <= oldest.finished_at


def test_jobs_are_narrowed_by_state_owner_and_number(db: Database) -> None:
    jobs = [submit_job(db), submit_job(db, owner="eve@lab"), submit_job(db)]
    cancel(db, jobs[0])
    assert [row.id for row in list_jobs(db, Search(state=("cancelled",)))] == [jobs[0]]
    assert [row.id for row in list_jobs(db, Search(owner=("eve@lab",)))] == [jobs[1]]
    assert [row.id for row in list_jobs(db, limit=2)] == [jobs[2], jobs[1]]


def test_last_is_the_owners_own_last(db: Database) -> None:
    mine = submit_job(db, owner="ada@lab")
    submit_job(db, owner="eve@lab")
    assert (resolve_job(db, "last", "ada@lab"), resolve_job(db, str(mine), "eve@lab")) == (mine, mine)


@pytest.mark.parametrize("text", ["last", "77", "x", "-1", "1 OR 1=1", "9" * 30, ""])
def test_a_job_that_is_not_there_is_no_job(db: Database, text: str) -> None:
    submit_job(db)
    with pytest.raises(NoSuchJob):
        resolve_job(db, text, "nobody@lab")


# -- how far ----------------------------------------------------------------------------------------------------------


def test_progress_counts_samples_under_way(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    host.do(items(db, job, Kind.INFER)[0].id, T4)
    held = host.take(items(db, job, Kind.INFER)[1].id, T4)
    progress(db, held.item_id, held.token, Phase.RUNNING, 100)
    seen = job_progress(db, job)
    assert (seen.preprocess_done, seen.preprocess_total, seen.compile_done, seen.compile_total) == (600, 600, 2, 2)
    assert [(run.state, run.samples_done, run.samples_total) for run in seen.runs] == [
        ("open", 356, 600),
        ("ready", 0, 600),
    ]
    assert (seen.items_done, seen.items_total) == (4, 9)
    assert json.loads(json.dumps(asdict(seen)))["job_id"] == job


def test_a_part_that_is_fed_several_times_counts_as_often(db: Database) -> None:
    host, manifest = crew(db, "T4"), make_manifest(4)
    job = submit(db, replace(make_spec(manifest, chips=("T4",)), loop=100), manifest, owner=OWNER, store_id=STORE)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    progress(db, held.item_id, held.token, Phase.RUNNING, 260)
    seen = job_progress(db, job)
    assert (seen.preprocess_total, seen.runs[0].samples_done, seen.runs[0].samples_total) == (4, 260, 400)


def test_a_run_is_at_work_once_its_program_is_loaded(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    seen = []
    for phase in (Phase.LOADING, Phase.RUNNING):
        progress(db, held.item_id, held.token, phase, 0)
        seen.append(job_progress(db, job).runs[0].at_work)
    assert seen == [False, True]


def waits(db: Database, job: int, run_no: int = 1) -> str:
    """What the run waits for."""
    return job_progress(db, job).runs[run_no - 1].waits_for


def test_a_run_says_what_it_waits_for(db: Database) -> None:
    job = submit_job(db, chips=("T4",))
    host = Crew(db)
    assert waits(db, job) == "WAITING: no T4 worker"
    host.device("T4")
    assert waits(db, job) == "to be compiled"
    held = host.take(item(db, job, Kind.COMPILE).id, T4)
    assert waits(db, job) == "compiling"
    fail(db, held.item_id, held.token, Failure(FailureClass.DRAINED, ""))
    host.work_off(Kind.COMPILE)
    assert waits(db, job) == "WAITING: no prep worker"
    host.prepare()
    assert (waits(db, job), job_progress(db, job).preprocess_waits_for) == ("preprocessing", "")
    host.work_off(Kind.PREPROCESS)
    assert waits(db, job) == ""
    change(db, update(Device).values(state="faulty"))
    assert waits(db, job) == "WAITING: every T4 is faulty"


def test_a_ready_run_says_who_is_before_it(db: Database) -> None:
    host = crew(db, "T4")
    first, second = submit_job(db, chips=("T4",)), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert waits(db, second) == f"WAITING: job {first} T4 bs1 runs"


def test_a_simulated_run_does_not_wait_for_real_devices(db: Database) -> None:
    host = Crew(db)
    simulated = host.device("T4", origin="simulated")
    job = submit_job(db, chips=("T4",))
    host.do(item(db, job, Kind.COMPILE).id, simulated)
    retire_worker(db, simulated)
    host.device("T4")
    assert waits(db, job) == "WAITING: no simulated T4 worker"


def test_progress_names_what_failed_once(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",), batches=(1, 16))
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    fail(db, held.item_id, held.token, Failure(FailureClass.PERMANENT, "/photos is gone"))
    assert job_progress(db, job).errors == (
        "slice 1: /photos is gone",
        "T4 bs1 part 1: slice 1 could not be preprocessed: /photos is gone",
    )


@pytest.mark.parametrize("ask", [job_progress, job_record])
def test_what_is_not_there_is_named(db: Database, ask: object) -> None:
    with pytest.raises(NoSuchJob, match="no job 77"):
        ask(db, 77)  # type: ignore[operator]


# -- the record -------------------------------------------------------------------------------------------------------


def test_the_record_of_a_done_job_is_complete(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",), batches=(16,))
    host.work_off()
    record = job_record(db, job)
    run = record.runs[0]
    manifest = make_manifest(600)
    assert (record.id, record.state, record.owner) == (job, "done", "ada@lab")
    assert record.spec == make_spec(manifest, chips=("T4",), batches=(16,))
    assert [(one.no, one.first, one.count, one.error) for one in record.slices] == [(1, 0, 600, "")]
    assert [(one.no, one.first, one.count) for one in run.results] == [(1, 0, 256), (2, 256, 256), (3, 512, 88)]
    assert (run.origin, run.toolkit, run.arch, run.wall_void) == ("real", "kit 1", "x86_64", "")
    assert run.devices == (make_device(chip="T4"),)
    assert run.first_start_ms is not None and run.last_finish_ms is not None
    assert run.first_start_ms <= run.last_finish_ms
    assert load_manifest(db, record.spec.data.manifest_id) == manifest


def test_a_result_comes_back_as_it_was_handed_in(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    result = shard_result(held, host.facts(T4), unreadable=1)
    assert finish(db, held.item_id, held.token, result)[0]
    assert job_record(db, job).runs[0].results == (result,)


def test_a_worker_that_comes_long_after_the_last_result_lengthens_no_run(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    late = host.take(item(db, job, Kind.INFER).id, T4)
    worker_lost(db, T4)
    register_worker(db, make_worker(T4, device=host.facts(T4)))
    host.work_off()
    before = job_record(db, job).runs[0]
    assert not finish(db, late.item_id, late.token, shard_result(late, host.facts(T4)))[0]
    change(db, update(Attempt).where(Attempt.token == late.token, Attempt.outcome == "fenced").values(ended_ms=2**52))
    after = job_record(db, job).runs[0]
    assert (len(before.fenced), len(after.fenced)) == (0, 1)
    assert (after.first_start_ms, after.last_finish_ms) == (before.first_start_ms, before.last_finish_ms)


def test_a_report_keeps_the_devices_and_artifact_of_its_day(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off()
    before = job_record(db, job)
    register_device(db, replace(make_device(chip="T4"), driver="of tomorrow"))
    later = submit_job(db, chips=("T4",))
    held = host.take(item(db, later, Kind.COMPILE).id, T4)
    assert finish(db, held.item_id, held.token, compiled(held, make_device(chip="T4"), sha="made anew"))[0]
    now = job_record(db, job)
    # Which devices the fleet has is of today; all else is of its day.
    assert replace(now, runs=(replace(now.runs[0], fleet=before.runs[0].fleet),)) == before
    made = before.runs[0].artifact
    assert made is not None
    assert made != find_artifact(db, made.key)


def test_an_artifact_is_found_by_its_content_key(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.COMPILE)
    made = job_record(db, job).runs[0].artifact
    assert made is not None
    assert (find_artifact(db, made.key), find_artifact(db, "other")) == (made, None)


def test_a_dataset_that_no_job_has_is_named(db: Database) -> None:
    with pytest.raises(NoSuchJob, match="dataset abc"):
        load_manifest(db, "abc")


def test_parts_of_a_cancelled_job_are_listed_as_lost(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    cancel(db, job)
    assert [(part.no, part.error) for part in job_record(db, job).runs[0].failed] == [(1, "the job was cancelled")]


def test_the_log_tells_what_was_tried_and_what_the_toolchain_said(db: Database) -> None:
    host, job = crew(db), submit_job(db, batches=(1, 16))
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    fail(db, held.item_id, held.token, Failure(FailureClass.TRANSIENT, "no space"))
    host.work_off()
    lines = job_log(db, job, ("cpu", 16))
    assert len(lines) == 3
    assert "cpu bs16 compile" in lines[0] and f"on {CPU}" in lines[0]
    assert lines[2] == "cpu bs16 artifact, as its toolchain told:\n    made"
    whole = job_log(db, job)
    assert "slice 1" in whole[0] and whole[0].endswith("on host-a/prep: no space")
    assert len(whole) == 2 + 2 + 2 + 2
