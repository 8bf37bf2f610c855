"""Filters as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import UsageError
from dinoq.jobs.figures import ENDED
from dinoq.jobs.search import Filters, Search, moment_of, search_for

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def search(**filters: object) -> Search:
    return search_for(filters, states=ENDED, now=NOW)  # type: ignore[arg-type]


def test_nothing_given_narrows_nothing() -> None:
    empty: Filters = {"chip": None, "batch": "", "model": " ", "since": None, "text": ""}
    assert search_for(empty, states=ENDED, now=NOW) == Search()
    assert Search().given == ()


@pytest.mark.parametrize("chips", ["ascend310p3, t4", ["310P3", "Tesla T4"], ("310P", "T4", "T4")])
def test_chips_are_taken_as_people_write_them(chips: object) -> None:
    assert search(chip=chips).chip == ("310P3", "T4")


@pytest.mark.parametrize("batches", ["16, 1", [16, 1], (16, 1, 16)])
def test_batches_are_taken_as_text_or_numbers(batches: object) -> None:
    assert search(batch=batches).batch == (16, 1)


def test_a_verdict_may_be_typed_small() -> None:
    assert search(verdict="fail,not_measured").verdict == ("FAIL", "NOT_MEASURED")


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"chip": "T5"}, "chip 'T5' is not known; there are 310, "),
        ({"batch": 0}, "batch '0' is no whole number"),
        ({"batch": "x"}, "batch 'x' is no whole number"),
        ({"state": "active"}, "state 'active' is not known; there are done, failed, cancelled"),
        ({"verdict": "GOOD"}, "verdict 'GOOD' is not known; there are PASS, FAIL"),
        ({"origin": "fake"}, "origin 'fake' is not known; there are real, simulated"),
        ({"since": "yesterday"}, "since 'yesterday' is no moment"),
        ({"since": "2026-13-01"}, "since '2026-13-01' is no moment"),
        ({"until": "9999-12-31"}, "until '9999-12-31' is no moment"),
        ({"since": "999999d"}, "is no moment"),
        ({"since": "-7d"}, "is no moment"),
    ],
)
def test_what_cannot_be_is_said_with_what_there_is(filters: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        search(**filters)
    assert sentence in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("2h", NOW - timedelta(hours=2)),
        ("90m", NOW - timedelta(minutes=90)),
        ("1w", NOW - timedelta(days=7)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T14:02", datetime(2026, 11, 23, 14, 2, tzinfo=UTC)),
        ("2026-11-23 14:02:05+01:00", datetime(2026, 11, 23, 13, 2, 5, tzinfo=UTC)),
        ("2026-11-23T14:02Z", datetime(2026, 11, 23, 14, 2, tzinfo=UTC)),
        (NOW, NOW),
    ],
)
def test_a_moment_is_a_date_a_time_or_so_long_ago(text: str | datetime, moment: datetime) -> None:
    assert moment_of("since", text, NOW) == moment


def test_the_day_that_is_the_end_is_included() -> None:
    assert search(until="2026-11-23").until == datetime(2026, 11, 24, tzinfo=UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_usage_error(text: str) -> None:
    try:
        moment = moment_of("until", text, NOW)
    except UsageError:
        return
    assert moment is None or moment.tzinfo is not None


def test_a_filter_can_be_left_out() -> None:
    found = search(chip="T4", text="x")
    assert found.given == ("chip", "text")
    assert found.without("chip") == search(text="x")
