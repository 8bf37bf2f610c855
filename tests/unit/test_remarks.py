"""Tags and notes: what is taken, and how a report shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.cli.render import json as as_json
from dinoq.cli.render import markdown, text
from dinoq.cli.render.words import columns
from dinoq.jobs.errors import UsageError
from dinoq.jobs.join import join
from dinoq.jobs.remarks import Note, Remarks, note_text, tag_named
from dinoq.jobs.report import Report, build_report
from tests.reports import cpu_job

AT = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def report_with(*texts: str, tags: Sequence[str] = ()) -> Report:
    """Of a small job with these notes."""
    record, manifest = cpu_job(20, batches=(1,))
    notes = tuple(Note(no=no, author="ada@lab", written_at=AT, text=one) for no, one in enumerate(texts, start=1))
    return build_report(replace(record, remarks=Remarks(tags=tuple(tags), notes=notes)), manifest)


@pytest.mark.parametrize("tag", ["v2", "CANN-8.0.RC2", "rack:3/slot_1", "夜间", "x" * 64])
def test_letters_digits_and_a_few_signs_make_a_tag_in_their_own_case(tag: str) -> None:
    assert tag_named(tag) == tag


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "a\n", "x" * 65, "<b>", "\x1b", "\udc80", "a\0b"])
def test_anything_else_is_no_tag(tag: str) -> None:
    with pytest.raises(UsageError, match="is no tag; expected 1 to 64 letters"):
        tag_named(tag)


@given(st.text(max_size=70))
def test_a_tag_that_is_taken_can_be_printed_as_it_is(tag: str) -> None:
    try:
        kept = tag_named(tag)
    except UsageError:
        return
    assert kept.isprintable()
    assert kept.split() == [kept] == [tag_named(kept)]


def test_one_letter_written_in_two_ways_is_one_tag() -> None:
    assert tag_named("e\u0301") == tag_named("\u00e9")


def test_a_note_has_its_space_around_taken_off() -> None:
    assert note_text("  slow\nrack \n") == "slow\nrack"


@pytest.mark.parametrize(("note", "told"), [(" \n", "is empty"), ("x" * 4001, "has 4001 characters")])
def test_a_note_of_nothing_or_of_too_much_is_refused(note: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        note_text(note)


def test_a_report_shows_tags_and_notes_whatever_its_form() -> None:
    report = report_with("slow since the move", tags=("nightly", "v2"))
    lines = text.render(report).splitlines()
    assert "Tags      nightly v2" in lines
    assert "Note      2026-11-29 06:00 UTC ada@lab: slow since the move" in lines
    assert "| tags | nightly v2 |" in markdown.render(report)
    told = json.loads(as_json.render(report))
    assert told["tags"] == ["nightly", "v2"]
    assert told["remarks"] == [
        {"job": 42, "no": 1, "author": "ada@lab", "at": "2026-11-29T06:00:00+00:00", "text": "slow since the move"}
    ]


def test_only_the_newest_notes_stand_in_a_report_and_the_rest_are_counted() -> None:
    told = text.render(report_with("one", "two", "three", "four", "five"))
    assert "ada@lab: two" not in told
    assert "ada@lab: three" in told
    assert "and 2 before: dinoq note 42" in told


def test_notes_stay_on_their_lines_and_are_no_markup() -> None:
    report = report_with("<b>\x1b[2J|x|\n# head " + "long " * 700, tags=())
    told = text.render(report)
    assert "\x1b" not in told
    assert max(map(columns, told.splitlines())) <= 80
    assert r"\<b\>\\x1b\[2J\|x\|" in markdown.render(report)


def test_joined_jobs_keep_their_remarks_apart() -> None:
    (one, manifest), (other, _) = cpu_job(20, batches=(1,)), cpu_job(20, batches=(16,))
    one = replace(one, remarks=Remarks(tags=("old",)))
    other = replace(other, id=43, uuid="ab" * 16, remarks=Remarks(tags=("new",)))
    lines = text.render(build_report(join([one, other]), manifest)).splitlines()
    assert [line for line in lines if line.startswith("Tags")] == ["Tags      job 42: old", "Tags      job 43: new"]
