"""The figures of ended runs: what reports say of them, out of date after every change, and made anew on either database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text, update

from dinoq.db.carry_in import carry_in
from dinoq.db.engine import Database, database_url
from dinoq.db.figures import DUE, SETTLED_MS, due_jobs, figures_from, missing_jobs, next_past_job, summarise
from dinoq.db.history import list_jobs
from dinoq.db.items import finish
from dinoq.db.jobs import cancel, retry, submit
from dinoq.db.records import job_record, load_manifest
from dinoq.db.schema import upgrade
from dinoq.db.settle import note_change
from dinoq.db.sweep import worker_lost
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.items import Attempt
from dinoq.db.tables.jobs import Job
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.figures import RunFigures, figures_of
from dinoq.jobs.ledger import Kind
from dinoq.jobs.report import build_report
from dinoq.jobs.search import Search
from tests.builders import OWNER, STORE, make_manifest, make_spec, shard_result
from tests.carried import make_carried
from tests.contract.test_db_schema import downgrade
from tests.crew import Crew, change, crew, item, items, job_row, submit_job

LONG_AGO = 1_700_000_000_000


def stored(db: Database) -> list[RunFigures]:
    """Every row, by job and run."""
    with db.read() as session:
        rows = session.execute(select(*FiguresRow.__table__.c).order_by(FiguresRow.job_id, FiguresRow.run_no))
        return [figures_from(row) for row in rows]


def long_ago(db: Database, job: int) -> None:
    """The job was worked and has ended long ago."""
    change(db, update(Attempt).values(started_ms=LONG_AGO, ended_ms=LONG_AGO + 1_000))
    change(db, update(Job).where(Job.id == job).values(finished_ms=LONG_AGO + 1_000))


def past_job(db: Database, **spec: Any) -> tuple[Crew, int]:
    """One that has ended long ago, and the crew that worked it."""
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",), **spec)
    host.work_off()
    long_ago(db, job)
    return host, job


def test_the_figures_are_those_of_the_report(db: Database) -> None:
    _, job = past_job(db, batches=(1, 16), name="two\nlines")
    assert summarise(db, job)
    record = job_record(db, job)
    report = build_report(record, load_manifest(db, record.spec.data.manifest_id))
    assert stored(db) == list(figures_of(record, report))
    assert [one.hosts for one in stored(db)] == [("host-a",), ("host-a",)]


def test_a_job_is_due_from_when_its_first_run_ends_until_it_is_summed_up(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",), batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert due_jobs(db) == []
    host.do(items(db, job, Kind.INFER)[0].id, "host-a/T4:0")
    assert due_jobs(db) == [job]
    change(db, update(Attempt).values(started_ms=LONG_AGO, ended_ms=LONG_AGO))
    summarise(db, job)
    assert (due_jobs(db), [one.batch for one in stored(db)]) == ([], [1])
    host.work_off()
    assert due_jobs(db) == [job]


def test_what_samplers_may_still_tell_of_keeps_a_job_due(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off()
    assert missing_jobs(db) == [job]
    assert summarise(db, job)
    assert (len(stored(db)), due_jobs(db), missing_jobs(db)) == (1, [job], [])
    change(db, update(Attempt).values(ended_ms=Attempt.ended_ms - SETTLED_MS))
    assert summarise(db, job)
    assert (len(stored(db)), due_jobs(db)) == (1, [])


def test_a_retry_takes_the_figures_of_what_it_begins_again_away(db: Database) -> None:
    job = submit_job(db, chips=("T4",))
    cancel(db, job)
    assert due_jobs(db) == [job]
    summarise(db, job)
    assert [(one.state, one.verdict, one.exit_code) for one in stored(db)] == [("cancelled", "INCOMPLETE", 6)]
    retry(db, job)
    assert due_jobs(db) == [job]
    summarise(db, job)
    assert (stored(db), due_jobs(db)) == ([], [])


def test_a_worker_that_comes_too_late_makes_the_job_due(db: Database) -> None:
    host, job = crew(db, "T4", "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    slow, quick = host.devices
    late = host.take(item(db, job, Kind.INFER).id, slow)
    worker_lost(db, slow)
    host.do(late.item_id, quick)
    long_ago(db, job)
    summarise(db, job)
    assert due_jobs(db) == []
    assert not finish(db, late.item_id, late.token, shard_result(late, host.facts(slow), answer=3))[0]
    assert due_jobs(db) == [job]
    summarise(db, job)
    assert [one.verdict for one in stored(db)] == ["UNSTABLE"]


def test_an_imported_job_is_due_and_says_where_it_is_from(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried()])
    assert due_jobs(db) == [taken.job_id]
    summarise(db, taken.job_id)
    assert [(one.imported, one.owner) for one in stored(db)] == [("host-a", "ada@lab")]
    job = make_carried()
    again = replace(job, job=replace(job.job, name="another name", spec=replace(job.job.spec, name="another name")))
    carry_in(db, [again], update=True)
    assert (stored(db), due_jobs(db), missing_jobs(db)) == ([], [taken.job_id], [taken.job_id])


def test_a_job_that_changes_while_it_is_summed_up_stays_due(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, job = past_job(db)

    def meanwhile(*args: object) -> object:
        db.write(lambda session: note_change(session, job))
        return job_record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("dinoq.db.figures.job_record", meanwhile)
    assert not summarise(db, job)
    assert (stored(db), due_jobs(db)) == ([], [job])


def test_two_may_sum_up_the_same_job_at_once(db: Database) -> None:
    _, job = past_job(db, batches=(1, 16))
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(lambda _: summarise(db, job), range(4))) == [True] * 4
    assert (len(stored(db)), due_jobs(db)) == (2, [])


def test_nothing_is_locked_while_a_report_is_made(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, job = past_job(db)

    def meanwhile(*args: object) -> object:
        submit_job(db)  # would wait for ever
        return build_report(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("dinoq.db.figures.build_report", meanwhile)
    assert summarise(db, job)


def test_a_supervisor_sums_up_past_jobs_while_nothing_is_under_way(db: Database) -> None:
    host, job = past_job(db)
    assert next_past_job(db) == job
    assert next_past_job(db, [job]) is None
    other = submit_job(db)
    host.take(item(db, other, Kind.PREPROCESS).id, host.prep)
    assert next_past_job(db) is None
    worker_lost(db, host.prep)
    assert next_past_job(db) == job
    summarise(db, job)
    assert next_past_job(db) is None


def test_a_job_that_has_just_ended_is_left_to_settle(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off()
    assert next_past_job(db) is None
    change(db, update(Job).where(Job.id == job).values(finished_ms=Job.finished_ms - SETTLED_MS - 1))
    assert next_past_job(db) == job


def test_a_job_that_is_not_there_is_named(db: Database) -> None:
    with pytest.raises(NoSuchJob, match="no job 77"):
        summarise(db, 77)


def test_what_jobs_are_found_by_is_taken_out_of_their_specs(db: Database) -> None:
    row = job_row(db, submit_job(db))
    assert (row.model, row.model_sha256, row.recipe) == ("tiny.onnx", row.spec["model"]["sha256"], "dino")


def test_every_figure_has_a_column() -> None:
    """Which `figures_from` relies on."""
    columns = {column.name for column in FiguresRow.__table__.c}
    fields = set(RunFigures.__dataclass_fields__)
    assert fields - columns == {"job", "created_at", "finished_at"}
    assert columns - fields == {"job_id", "created_ms", "finished_ms"}


def test_the_jobs_of_an_older_ledger_are_due_and_can_be_found(url: str) -> None:
    db, manifest = Database(database_url(url)), make_manifest()
    host, ended = crew(db), submit_job(db)
    host.work_off()
    spec = make_spec(manifest)
    odd = replace(spec, model=replace(spec.model, name="t\udce9ny \0"))
    active = submit(db, odd, manifest, owner=OWNER, store_id=STORE)
    db.close()
    downgrade(url, "0005")
    upgrade(url)
    assert due_jobs(db) == [ended]
    assert [one.id for one in list_jobs(db, Search(recipe=("dino",)))] == [active, ended]
    assert [one.model for one in list_jobs(db)] == ["t\\udce9ny \\0", "tiny.onnx"]
    db.close()


def test_what_is_due_is_found_by_its_index(sqlite_ledger: Database) -> None:
    """Asked after every sweep, of however long a history."""
    with sqlite_ledger.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {select(Job.id).where(DUE)}")).all()
    assert "ix_job_due" in str(plan)
