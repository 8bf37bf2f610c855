"""What came from another ledger is told, not worked: it changes nothing else, and is never scheduled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dinoq.cli.asked import Asked
from dinoq.cli.render import markdown, modelzoo, text
from dinoq.cli.render.json import render
from dinoq.cli.waiting import report_of
from dinoq.db.carry_in import carry_in
from dinoq.db.carry_out import carry_out
from dinoq.db.engine import Database
from dinoq.db.history import list_jobs
from dinoq.db.jobs import retry
from dinoq.db.log import job_log
from dinoq.db.records import find_artifact, job_record
from dinoq.db.sweep import sweep
from dinoq.db.tables.base import Base
from dinoq.db.tables.carried import CarriedArtifactRow, CarriedDeviceRow, CarriedTelemetryRow
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.fleet import Device, TelemetryRow, Worker
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, Lane, ManifestRow, Run, SliceRow
from dinoq.db.tables.remarks import Note, Tag
from dinoq.db.tables.results import Artifact, Imported, ShardResultRow
from dinoq.jobs.carried_checks import check
from dinoq.jobs.carried_text import from_members, to_members
from dinoq.jobs.errors import UsageError
from dinoq.jobs.ledger import Kind
from dinoq.jobs.typed import Malformed
from tests.builders import make_device
from tests.carried import UUID, make_carried, with_figures
from tests.crew import crew, item, items, job_row, rows, submit_job
from tests.travel import contents, empty, eventful_job, report, travelled

OTHERS = (Device, Worker, Lane, TelemetryRow)
"""What no import may touch."""


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
    out = travelled(carry_out(elsewhere, job, "there"))
    carry_in(db, [out])
    here = crew(db)
    mine = submit_job(db)
    here.do(item(db, mine, Kind.COMPILE).id, next(iter(here.devices)))
    key = out.artifacts[0].key
    assert rows(db, Artifact) == 1
    assert (made := find_artifact(db, key)) and made.uri == f"artifacts/{key}"


@pytest.mark.parametrize("first", ["made here", "imported"])
def test_what_a_toolchain_said_elsewhere_stays_with_the_imported_job(
    db: Database, elsewhere: Database, first: str
) -> None:
    there = submit_job(elsewhere)
    crew(elsewhere).work_off()
    out = travelled(carry_out(elsewhere, there, "there"))
    out = replace(out, artifacts=[replace(out.artifacts[0], vendor_output="$ atc --there\nmade", made_ms=1)])
    here = crew(db)
    if first == "imported":
        carry_in(db, [out])
    mine = submit_job(db)
    here.do(item(db, mine, Kind.COMPILE).id, next(iter(here.devices)))
    (taken,) = carry_in(db, [out])
    assert carry_out(db, taken.job_id, "here").artifacts == out.artifacts
    assert job_record(db, taken.job_id).runs[0].compile_command == "atc --there"
    assert "atc --there" in job_log(db, taken.job_id)[-1] and "atc --there" not in "".join(job_log(db, mine))


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
    stay = {Tag, Note}  # what people here say of it
    travel = {Job, Run, SliceRow, Item, Attempt, ShardResultRow, Artifact, ManifestRow, Imported}
    carried = {CarriedArtifactRow, CarriedDeviceRow, CarriedTelemetryRow}
    carried |= {FiguresRow}  # made anew of all the others
    assert {mapper.class_ for mapper in Base.registry.mappers} == travel | carried | stay | set(OTHERS)


def test_every_column_of_a_job_travels_or_is_of_one_ledger_alone(db: Database, elsewhere: Database) -> None:
    out = carry_out(db, eventful_job(db), "here")
    carry_in(elsewhere, [travelled(out)])
    for table, local in LOCAL.items():
        names = [column.name for column in table.__table__.columns if column.name not in local]
        assert told(db, table, names) == told(elsewhere, table, names), table


LOCAL: dict[type[Base], set[str]] = {
    Job: {"id", "imported_ms", "imported_from", "changes", "figured"},
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


JUNK = [0, 1, -1, 300, 2**62, "", "x", "pure", "imported", "failed", "fenced", None, [], {}, [0, 0], True, 0.5, 1e300]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_passes_the_checks_can_be_reported(elsewhere: Database, data: st.DataObject) -> None:
    members = to_members(data.draw(st.sampled_from([make_carried(20, (1, 16)), with_figures()])))
    name = data.draw(st.sampled_from(sorted(name for name in members if name.endswith(("job.json", "s.jsonl")))))
    lines = members[name].splitlines() or [b"{}"]
    row = json.loads(lines[0])
    field = data.draw(st.sampled_from(sorted(row) or ["x"]))
    changed = json.dumps(row | {field: data.draw(st.sampled_from(JUNK))}).encode()
    report_if_sound(elsewhere, members | {name: b"\n".join([changed, *lines[1:]])})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_figures_that_lack_something_are_refused_or_reported(elsewhere: Database, data: st.DataObject) -> None:
    job = with_figures(latency={"mean": 1.0, "percentiles": {"99": 2.0}}, top_k=[0.5] * 5, images=300)
    told = data.draw(less(job.imported[0].told))
    report_if_sound(elsewhere, to_members(replace(job, imported=[replace(job.imported[0], told=told)])))


@st.composite
def less(draw: st.DrawFn, values: dict[str, Any]) -> dict[str, Any]:
    """The same without one field, here or further in."""
    name = draw(st.sampled_from(sorted(values)))
    inner = values[name]
    if isinstance(inner, dict) and inner and draw(st.booleans()):
        return values | {name: draw(less(inner))}
    return {key: value for key, value in values.items() if key != name}


def report_if_sound(ledger: Database, members: dict[str, bytes]) -> None:
    """What passes the checks gives a report in each form, and a log."""
    try:
        odd = from_members(UUID, members)
        check(odd)
    except Malformed:
        return
    ledger.write(empty)
    (taken,) = carry_in(ledger, [odd])
    made = report_of(ledger, taken.job_id, asked=Asked(strict=True))
    assert all(form.render(made) for form in (text, markdown, modelzoo))
    assert render(made) and job_log(ledger, taken.job_id)
