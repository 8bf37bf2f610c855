"""When random data has been timed enough."""

from collections.abc import Iterable
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from dinoq.jobs.measure import MIN_BATCHES
from dinoq.jobs.result import Times
from dinoq.jobs.windows import (
    AGREEING,
    MAX_MS,
    MAX_WINDOWS,
    WINDOW_BATCHES,
    WINDOW_MS,
    Measuring,
    decisive,
    windows_of,
)
from tests.reports import make_times


def landed(batches_ms: Iterable[float], *, wall_ms: float | None = None, a_time: int = 1) -> Measuring:
    """Batches that land `a_time` together until it is enough; each takes its own time of the host's clock, or `wall_ms`."""
    state, at_ms = Measuring(begun_ms=5_000.0), 5_000.0
    values = list(batches_ms)
    for first in range(0, len(values), a_time):
        if state.enough:
            break
        chunk = np.array(values[first : first + a_time], np.float32)
        at_ms += wall_ms * len(chunk) if wall_ms is not None else float(chunk.sum())
        state = state.after(chunk, at_ms)
    return state


def steps(*means_ms: float) -> list[float]:
    """Windows of 10 batches with these means."""
    return [ms for ms in means_ms for _ in range(10)]


def test_three_windows_yield_a_figure() -> None:
    assert AGREEING * WINDOW_BATCHES >= MIN_BATCHES


def test_a_window_is_long_enough_and_has_batches_enough() -> None:
    assert landed([100.0] * 9).sizes == ()
    assert landed([100.0] * 10).sizes == (10,)
    assert landed([400.0] * 6).sizes == ()
    assert landed([400.0] * 7).sizes == (7,)


def test_a_window_ends_with_what_landed_together() -> None:
    assert landed([1.0] * 1280, a_time=64).sizes == (1024,)


def test_steady_times_are_enough_after_three_windows() -> None:
    assert landed([100.0] * 1000).sizes == (10, 10, 10)


def test_the_first_windows_may_be_off_until_three_in_a_row_agree() -> None:
    state = landed(steps(111.0, 109.5, 104.0, 103.5, 103.0, 100.0))
    assert (len(state.sizes), state.enough) == (5, True)


@pytest.mark.parametrize(("last", "enough"), [(1049.0, True), (1051.0, False)])
def test_windows_agree_within_5_percent(last: float, enough: bool) -> None:
    assert landed([1000.0] * 14 + [last] * 7).enough is enough


def test_times_that_never_agree_end_after_ten_windows() -> None:
    state = landed(steps(*[100.0, 111.0] * MAX_WINDOWS))
    assert (len(state.sizes), state.enough) == (MAX_WINDOWS, True)


def test_slow_batches_end_after_a_minute_but_not_before_three_windows() -> None:
    state = landed([2000.0, 3000.0] * 100)
    assert state.elapsed_ms >= MAX_MS
    assert AGREEING <= len(state.sizes) < MAX_WINDOWS
    assert len(landed([60_000.0, 90_000.0] * 100).sizes) == AGREEING


def test_a_clock_that_nobody_waits_for_ends_windows_by_itself() -> None:
    assert landed([500.0] * 100, wall_ms=0.0).sizes == (7, 7, 7)


def test_a_fast_table_on_a_slow_machine_ends_windows_by_the_hosts_clock() -> None:
    assert landed([1.0] * 100, wall_ms=WINDOW_MS / 10).sizes == (10, 10, 10)


def test_times_that_the_vendor_does_not_tell_never_agree() -> None:
    state = landed([nan] * 1000, wall_ms=200.0)
    assert (len(state.sizes), state.enough) == (MAX_WINDOWS, True)


def test_only_the_last_three_windows_decide_and_nothing_after_them() -> None:
    assert np.flatnonzero(decisive((2, 1, 2, 1), 9)).tolist() == [2, 3, 4, 5]


def test_what_is_stored_tells_the_windows() -> None:
    times = make_times([4.0, 4.0, 2.0, 2.0, 2.1, 2.1, 2.0, 9.0])
    found = windows_of(Times.from_blob(replace(times, windows=(2, 2, 2, 1)).to_blob()))
    assert found is not None
    assert (found.batches, found.agreed, found.disagreement) == ((2, 2, 2, 1), True, "")
    assert found.mean_ms == pytest.approx((4.0, 2.0, 2.1, 2.0))
    assert found.apart == pytest.approx(0.05, abs=1e-6)


def test_a_part_of_a_dataset_has_no_windows() -> None:
    assert windows_of(make_times([1.0] * 30)) is None
