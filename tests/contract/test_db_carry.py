"""Whole jobs go from one ledger to another, whatever the databases, and change nothing else there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from dinoq.db.carry_in import Taken, carry_in
from dinoq.db.carry_out import carry_out
from dinoq.db.engine import Database
from dinoq.db.jobs import cancel, retry
from dinoq.db.log import job_log
from dinoq.db.tables.base import Base
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.jobs import Job
from dinoq.db.tables.results import Artifact
from dinoq.jobs.errors import BadExchange, NoSuchJob, UsageError
from dinoq.jobs.ledger import Kind
from tests.carried import make_carried
from tests.contract.test_db_imported import store
from tests.crew import change, crew, job_row, rows, submit_job
from tests.travel import contents, empty, eventful_job, how, report, travelled

# -- there and back ---------------------------------------------------------------------------------------------------


def test_a_job_in_another_ledger_gives_the_same_report_and_log(db: Database, elsewhere: Database) -> None:
    job = eventful_job(db)
    submit_job(elsewhere)
    (taken,) = carry_in(elsewhere, [travelled(carry_out(db, job, "here"))])
    assert taken.job_id == 2
    assert report(elsewhere, taken.job_id) == report(db, job)
    first, *rest = job_log(elsewhere, taken.job_id)
    assert first.endswith("imported from here") and rest == job_log(db, job)


def test_the_report_that_travels_has_something_to_lose(db: Database) -> None:
    told = report(db, eventful_job(db))
    run = told["runs"][0]
    assert run["failed_parts"] and run["coverage"]["duplicates"] and run["notes"] and run["coverage"]["missing"]
    assert [device for device in run["devices"] if device["telemetry"]]


def test_a_job_comes_back_from_any_database_as_it_went(db: Database, elsewhere: Database) -> None:
    out = carry_out(db, eventful_job(db), "here")
    (there,) = carry_in(elsewhere, [travelled(out)])
    back = carry_out(elsewhere, there.job_id, "there")
    assert back == out
    db.write(empty)
    (again,) = carry_in(db, [travelled(back)])
    assert carry_out(db, again.job_id, "here") == out


def test_a_job_from_nowhere_but_a_file_can_be_taken_in(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried(2000, (1, 16))])
    assert carry_out(db, taken.job_id, "here") == make_carried(2000, (1, 16))
    assert report(db, taken.job_id)["runs"][0]["coverage"]["unreadable"] == 1


def test_a_name_that_is_no_utf8_travels(db: Database, elsewhere: Database) -> None:
    job = submit_job(db, name="caf\udce9 on photos")
    crew(db).work_off()
    (taken,) = carry_in(elsewhere, [travelled(carry_out(db, job, "h\udce9re"))])
    assert report(elsewhere, taken.job_id) == report(db, job)


def test_only_jobs_that_have_ended_travel(db: Database) -> None:
    with pytest.raises(UsageError, match="job 1 is active; only jobs that have ended travel"):
        carry_out(db, submit_job(db), "here")
    with pytest.raises(NoSuchJob):
        carry_out(db, 9, "here")


def test_a_cancelled_job_travels(db: Database, elsewhere: Database) -> None:
    job = submit_job(db, 600)
    crew(db).work_off(Kind.PREPROCESS)
    cancel(db, job)
    (taken,) = carry_in(elsewhere, [travelled(carry_out(db, job, "here"))])
    assert report(elsewhere, taken.job_id) == report(db, job)


def test_figures_of_a_foreign_tool_travel_on(db: Database, elsewhere: Database) -> None:
    stored = store(db, "310P3", {16: "180.5", 32: "182.75"})
    out = travelled(carry_out(db, stored.job, "here"))
    (taken,) = carry_in(elsewhere, [out])
    assert report(elsewhere, taken.job_id) == report(db, stored.job)
    assert how(db, out) == ["known"]


def test_a_job_on_random_data_travels(db: Database, elsewhere: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 0, chips=("T4",), batches=(4, 8), rule="pure")
    host.work_off()
    (taken,) = carry_in(elsewhere, [travelled(carry_out(db, job, "here"))])
    assert report(elsewhere, taken.job_id) == report(db, job)
    assert job_row(elsewhere, taken.job_id).state == "done"


# -- repeated ---------------------------------------------------------------------------------------------------------


def test_a_job_that_is_here_is_recognised(db: Database) -> None:
    assert how(db, make_carried()) == ["new"]
    before = contents(db, *(mapper.class_ for mapper in Base.registry.mappers))
    assert how(db, make_carried()) == how(db, make_carried(), update=True) == ["known"]
    assert contents(db, *(mapper.class_ for mapper in Base.registry.mappers)) == before


def test_the_original_is_recognised_though_its_devices_have_changed(db: Database) -> None:
    job = eventful_job(db)
    out = carry_out(db, job, "here")
    change(db, update(Device).values(state="lost"))
    assert carry_in(db, [out]) == [Taken(job_id=job, name="a job", how="known")]


def test_a_job_is_recognised_though_its_artifact_was_made_here_too(db: Database) -> None:
    carry_in(db, [make_carried()])
    change(db, update(Artifact).values(vendor_output="made here", made_ms=1))
    assert how(db, make_carried()) == ["known"]


def test_a_job_that_differs_is_put_in_the_place_of_the_imported_one_on_request(db: Database) -> None:
    carry_in(db, [make_carried()])
    other = replace(make_carried(), telemetry=[], job=replace(make_carried().job, state="failed"))
    with pytest.raises(BadExchange, match="job 1 was imported before and differs"):
        carry_in(db, [other])
    assert carry_in(db, [other], update=True) == [Taken(job_id=1, name="a job", how="updated")]
    assert carry_out(db, 1, "here") == other


def test_an_original_that_has_gone_on_is_never_replaced(db: Database) -> None:
    job = eventful_job(db)
    out = carry_out(db, job, "here")
    retry(db, job)
    for update_too in (False, True):
        with pytest.raises(BadExchange, match=f"job {job} of this history is the original"):
            carry_in(db, [out], update=update_too)


def test_of_several_jobs_all_come_or_none(db: Database) -> None:
    carry_in(db, [make_carried()])
    new, other = make_carried(uuid="ab" * 16), make_carried()
    with pytest.raises(BadExchange):
        carry_in(db, [new, replace(other, job=replace(other.job, state="failed"))])
    assert rows(db, Job) == 1


def test_logits_come_later_on_request(db: Database) -> None:
    carry_in(db, [make_carried()])
    first, *others = make_carried().results
    more = replace(make_carried(), results=[replace(first, logits="logits/x"), *others])
    assert (how(db, more), how(db, more, update=True), how(db, more, update=True)) == (
        ["known"],
        ["updated"],
        ["known"],
    )
    assert carry_out(db, 1, "here").logits == ["logits/x"]
