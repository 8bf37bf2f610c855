"""Lengths of time and amounts of bytes, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import UsageError
from dinoq.jobs.quantities import age_text, bytes_of, bytes_text, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("2w", 1_209_600), (" 1.5 H ", 5_400)]
)
def test_a_length_of_time_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert seconds_of(text, "--older-than") == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1e3d", "30 days", "1d12h", "nan d", "٣d"])
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(UsageError, match="expected a number with m, h, d or w"):
        seconds_of(text, "--older-than")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("20GiB", 20 << 30),
        ("20 GB", 20 * 10**9),
        ("1.5T", 3 << 39),
        ("500mb", 500 * 10**6),
        ("64KiB", 1 << 16),
        ("0B", 0),
    ],
)
def test_an_amount_of_bytes_is_a_number_and_its_unit(text: str, count: int) -> None:
    assert bytes_of(text, "--keep-size") == count


@pytest.mark.parametrize("text", ["", "20", "GiB", "-1GiB", "1 gigabyte", "20PiB", "1GiB 5MiB"])
def test_anything_else_is_no_amount_of_bytes(text: str) -> None:
    with pytest.raises(UsageError, match=r"--keep-size .* is no amount of bytes"):
        bytes_of(text, "--keep-size")


@given(st.integers(0, 1 << 45))
def test_an_amount_is_printed_in_few_digits_that_can_be_read_back(count: int) -> None:
    shown = bytes_text(count)
    assert len(shown) <= 10
    assert abs(bytes_of(shown, "x") - count) <= 0.05 * max(count, 1)


@pytest.mark.parametrize(("seconds", "shown"), [(59, "0 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 days")])
def test_an_age_is_told_in_whole_units(seconds: float, shown: str) -> None:
    assert age_text(seconds) == shown
