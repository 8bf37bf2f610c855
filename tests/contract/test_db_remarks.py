"""Tags and notes, on both databases: of jobs in any state, and kept whatever becomes of the job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from dinoq.db.carry_in import carry_in
from dinoq.db.carry_out import carry_out
from dinoq.db.engine import Database
from dinoq.db.jobs import cancel, submit
from dinoq.db.records import job_record
from dinoq.db.remarks import add_note, add_tags, remarks_of, remove_tags
from dinoq.jobs.errors import NoSuchJob, UsageError
from dinoq.jobs.remarks import NO_REMARKS
from tests.builders import OWNER, STORE, make_manifest, make_spec
from tests.carried import make_carried
from tests.crew import crew, submit_job
from tests.travel import travelled


def test_a_job_begins_without_remarks(db: Database) -> None:
    assert remarks_of(db, submit_job(db)) == NO_REMARKS == job_record(db, 1).remarks


def test_a_tag_that_is_there_is_not_doubled(db: Database) -> None:
    job, other = submit_job(db), submit_job(db)
    assert add_tags(db, job, ["v2", "nightly", "v2"]) == ("nightly", "v2")
    assert add_tags(db, job, ["v2", "V2"]) == ("V2", "nightly", "v2")
    assert remarks_of(db, other).tags == ()


def test_tags_are_taken_away_all_or_none(db: Database) -> None:
    job = submit_job(db)
    add_tags(db, job, ["a", "b", "c"])
    with pytest.raises(UsageError, match="job 1 has no tag d; it has a, b, c"):
        remove_tags(db, job, ["a", "d"])
    assert remove_tags(db, job, ["a", "c"]) == ("b",) == remarks_of(db, job).tags


def test_notes_are_numbered_in_the_order_of_writing(db: Database) -> None:
    job = submit_job(db)
    assert [add_note(db, job, "ada@lab", "hot"), add_note(db, job, "bob@lab", "cooled\nagain")] == [1, 2]
    notes = remarks_of(db, job).notes
    assert [(one.no, one.author, one.text) for one in notes] == [
        (1, "ada@lab", "hot"),
        (2, "bob@lab", "cooled\nagain"),
    ]
    assert notes[0].written_at <= notes[1].written_at
    assert notes[0].written_at.utcoffset() is not None


def test_notes_that_are_written_at_once_all_stay(db: Database) -> None:
    job = submit_job(db)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(add_note, db, job, "ada@lab"), [f"note {no}" for no in range(8)]))
    assert [one.no for one in remarks_of(db, job).notes] == list(range(1, 9))


def test_what_utf8_cannot_hold_is_written_out(db: Database) -> None:
    job = submit_job(db)
    add_note(db, job, "ada@lab", "bad \udc80 name \0")
    assert remarks_of(db, job).notes[0].text == r"bad \udc80 name \0"


def test_a_job_is_stored_with_its_first_remarks(db: Database) -> None:
    manifest = make_manifest()
    job = submit(db, make_spec(manifest), manifest, owner=OWNER, store_id=STORE, tags=["b", "a", "b"], note="why")
    told = job_record(db, job).remarks
    assert (told.tags, [(one.author, one.text) for one in told.notes]) == (("a", "b"), [(OWNER, "why")])


def test_jobs_that_have_ended_are_tagged_like_others(db: Database) -> None:
    host, done, cancelled = crew(db), submit_job(db), submit_job(db)
    cancel(db, cancelled)
    host.work_off()
    assert add_tags(db, done, ["x"]) == add_tags(db, cancelled, ["x"]) == ("x",)


def test_remarks_stay_here_and_an_import_that_is_repeated_leaves_them(db: Database) -> None:
    (taken,) = carry_in(db, [make_carried()])
    add_tags(db, taken.job_id, ["site-b"])
    add_note(db, taken.job_id, "ada@lab", "looks right")
    before, out = remarks_of(db, taken.job_id), carry_out(db, taken.job_id, "here")
    newer = replace(out, job=replace(out.job, name="renamed"))
    (again,) = carry_in(db, [travelled(newer)], update=True)
    assert (again.job_id, again.how) == (taken.job_id, "updated")
    assert remarks_of(db, taken.job_id) == before
    assert (job_record(db, taken.job_id).remarks, carry_out(db, taken.job_id, "here").job.name) == (before, "renamed")


def test_a_job_that_is_not_there_has_no_remarks(db: Database) -> None:
    for ask in (
        lambda: remarks_of(db, 7),
        lambda: add_tags(db, 7, ["x"]),
        lambda: remove_tags(db, 7, ["x"]),
        lambda: add_note(db, 7, "ada@lab", "x"),
    ):
        with pytest.raises(NoSuchJob, match="there is no job 7"):
            ask()
