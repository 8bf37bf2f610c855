"""Whole jobs go from one ledger to another, whatever the databases, and change nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dinoq.cli.render.json import render
from dinoq.cli.waiting import report_of
from dinoq.db.carry_in import Taken, carry_in
from dinoq.db.carry_out import carry_out
from dinoq.db.engine import Database, database_url
from dinoq.db.failures import fail
from dinoq.db.history import list_jobs
from dinoq.db.items import finish
from dinoq.db.jobs import cancel, retry
from dinoq.db.log import job_log
from dinoq.db.records import find_artifact
from dinoq.db.sweep import sweep
from dinoq.db.tables.base import Base
from dinoq.db.tables.carried import CarriedDeviceRow, CarriedTelemetryRow
from dinoq.db.tables.fleet import Device, TelemetryRow, Worker
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, Lane, ManifestRow, Run, SliceRow
from dinoq.db.tables.results import Artifact, Imported, ShardResultRow
from dinoq.db.telemetry import store_blocks
from dinoq.jobs.carried import Carried
from dinoq.jobs.carried_checks import check
from dinoq.jobs.carried_text import from_members, to_members
from dinoq.jobs.errors import BadExchange, NoSuchJob, UsageError
from dinoq.jobs.ledger import Failure, FailureClass, Kind
from tests.builders import make_device, shard_result
from tests.carried import make_carried
from tests.contract.test_db_imported import store
from tests.crew import change, crew, expire, item, items, job_row, rows, submit_job
from tests.readings import make_block

OTHERS = (Device, Worker, Lane, TelemetryRow)
"""What no import may touch."""


@pytest.fixture
def elsewhere(sqlite_database: str) -> Iterator[Database]:
    """A second ledger, empty."""
    ledger = Database(database_url(sqlite_database))
    yield ledger
    ledger.close()


def eventful_job(db: Database) -> int:
    """A job with a failed part, a late worker, a device that failed once, and telemetry."""
    host = crew(db, "cpu", "cpu")
    job = submit_job(db, 600, batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    first, second, *_ = items(db, job, Kind.INFER, run_no=1)
    device, other = sorted(host.devices)
    held = host.take(first.id, device)
    fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, "it fell over", "one", "said much"))
    held = host.take(second.id, other)
    fail(db, held.item_id, held.token, Failure(FailureClass.PERMANENT, "cannot be done"))
    late = host.take(first.id, other)
    expire(db, late.item_id)
    sweep(db)
    host.work_off()
    finish(db, late.item_id, late.token, shard_result(late, host.devices[other], answer=3))
    begun_ms = held_ms(db, job)
    store_blocks(db, [make_block(device=other, begun_ms=begun_ms, power_w=(30.0, 31.0))], {other: ""})
    return job


def held_ms(db: Database, job: int) -> int:
    """When the first attempt began."""
    with db.read() as session:
        started = select(Attempt.started_ms).join(Item).where(Item.job_id == job, Item.kind == Kind.INFER)
        return min(ms for ms in session.scalars(started) if ms)


def travelled(job: Carried) -> Carried:
    """As a file gives it back, checked."""
    made = from_members(job.job.uuid, to_members(job))
    check(made)
    return made


def report(db: Database, job: int) -> dict[str, Any]:
    """The JSON report without what differs by design."""
    values: dict[str, Any] = json.loads(render(report_of(db, job, strict=False)))
    return values | {"job": None, "imported": None}


def contents(db: Database, *tables: type[Base]) -> list[Any]:
    """Every row of these tables."""
    with db.read() as session:
        return [tuple(row) for table in tables for row in session.execute(select(*table.__table__.columns))]


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


def empty(session: Session) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))


def test_a_job_from_nowhere_but_a_file_can_be_taken_in(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried(2000, (1, 16))])
    assert carry_out(db, taken.job_id, "here") == make_carried(2000, (1, 16))
    assert report(db, taken.job_id)["runs"][0]["coverage"]["unreadable"] == 1


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


def how(db: Database, *jobs: Carried, **flags: bool) -> list[str]:
    return [taken.how for taken in carry_in(db, jobs, **flags)]


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


# -- told, not worked -------------------------------------------------------------------------------------------------


def test_nothing_but_the_job_itself_changes(db: Database, elsewhere: Database) -> None:
    out = carry_out(elsewhere, eventful_job(elsewhere), "there")
    host = crew(db, "cpu", "T4")
    job = submit_job(db, 600)
    host.work_off()
    before, mine = contents(db, *OTHERS), report(db, job)
    carry_in(db, [travelled(out)])
    assert contents(db, *OTHERS) == before
    assert report(db, job) == mine


def test_nothing_of_an_imported_job_is_ever_scheduled(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried()])
    host = crew(db)
    assert (sweep(db), host.work_off()) == ([], 0)
    assert {row.state for row in items(db, taken.job_id)} == {"done"}


def test_an_imported_job_is_not_tried_again(db: Database, elsewhere: Database) -> None:
    (taken,) = carry_in(db, [travelled(carry_out(elsewhere, eventful_job(elsewhere), "there"))])
    with pytest.raises(UsageError, match="was imported; it can be tried again only where it comes from"):
        retry(db, taken.job_id)


def test_an_imported_artifact_is_never_taken_for_one_of_this_store(db: Database) -> None:
    carry_in(db, [make_carried()])
    key = make_carried().artifacts[0].key
    assert rows(db, Artifact) == 1 and find_artifact(db, key) is None


def test_an_artifact_made_here_after_an_import_gets_its_place(db: Database, elsewhere: Database) -> None:
    there = crew(elsewhere)
    job = submit_job(elsewhere)
    there.work_off()
    carry_in(db, [travelled(carry_out(elsewhere, job, "there"))])
    here = crew(db)
    mine = submit_job(db)
    here.do(item(db, mine, Kind.COMPILE).id, next(iter(here.devices)))
    key = contents(db, Artifact)[0][0]
    assert rows(db, Artifact) == 1
    assert (made := find_artifact(db, key)) and made.uri == f"artifacts/{key}"


def test_what_is_kept_by_content_is_not_doubled(db: Database) -> None:
    carry_in(db, [make_carried(), make_carried(uuid="ab" * 16)])
    assert (rows(db, ManifestRow), rows(db, Artifact), rows(db, Job)) == (1, 1, 2)


def test_the_history_tells_where_a_job_comes_from(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried()])
    row = job_row(db, taken.job_id)
    assert (row.imported_from, row.owner, row.state) == ("host-a", "ada@lab", "done")
    assert row.imported_ms is not None
    assert [one.imported_from for one in list_jobs(db)] == ["host-a"]


def test_every_table_of_a_job_travels() -> None:
    """A table that is added to the ledger is either of a job and travels, or stands here as one that does not."""
    travel = {Job, Run, SliceRow, Item, Attempt, ShardResultRow, Artifact, ManifestRow, Imported}
    carried = {CarriedDeviceRow, CarriedTelemetryRow}
    assert {mapper.class_ for mapper in Base.registry.mappers} == travel | carried | set(OTHERS)


def test_every_column_of_a_job_travels_or_is_of_one_ledger_alone(db: Database, elsewhere: Database) -> None:
    out = carry_out(db, eventful_job(db), "here")
    carry_in(elsewhere, [travelled(out)])
    for table, local in LOCAL.items():
        names = [column.name for column in table.__table__.columns if column.name not in local]
        assert told(db, table, names) == told(elsewhere, table, names), table


LOCAL: dict[type[Base], set[str]] = {
    Job: {"id", "imported_ms", "imported_from"},
    Run: set(),
    SliceRow: set(),
    Item: {"id", "worker_id", "lease_until_ms", "hinted_ms"},
    Attempt: {"item_id"},
    ShardResultRow: set(),
    Artifact: {"uri"},
    Imported: set(),
}


def told(db: Database, table: type[Base], names: list[str]) -> list[str]:
    """The rows, in an order that both databases share; JSON and blobs as text."""
    with db.read() as session:
        wanted = select(*(getattr(table, name) for name in names))
        return sorted(repr([_sorted(value) for value in row]) for row in session.execute(wanted))


def _sorted(value: object) -> object:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def test_a_device_of_the_same_name_here_is_another(db: Database, elsewhere: Database) -> None:
    there = crew(elsewhere)
    job = submit_job(elsewhere)
    there.work_off()
    crew(db).device("cpu", 1)
    out = travelled(carry_out(elsewhere, job, "there"))
    odd = replace(out, devices=[replace(out.devices[0], facts=make_device(toolkit="kit 9"))])
    (taken,) = carry_in(db, [odd])
    assert [known.facts.toolkit for known in carry_out(db, taken.job_id, "here").devices] == ["kit 9"]
