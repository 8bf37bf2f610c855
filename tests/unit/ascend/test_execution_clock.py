"""Which clock tells compute_ms, for both builds of aclruntime."""

from __future__ import annotations

import numpy as np
import pytest

from dinoq.workers.devices.execution_clock import ExecutionClock


def pair(start_ms: float, took_ms: float) -> list[tuple[float, float]]:
    """As the build holds it: float32 milliseconds since the session began."""
    return [(float(np.float32(start_ms)), float(np.float32(start_ms + took_ms)))]


def test_a_list_of_milliseconds_is_believed() -> None:
    clock = ExecutionClock()
    assert clock.compute_ms([9.0, 1.5], around_ms=1.7) == 1.5
    assert not clock.own


def test_pairs_of_a_young_session_are_believed() -> None:
    clock = ExecutionClock()
    assert clock.compute_ms(pair(60_000, 4.0), around_ms=4.2) == pytest.approx(4.0, abs=0.004)
    assert not clock.own


def test_pairs_of_an_old_session_are_too_coarse_for_a_short_execution() -> None:
    clock = ExecutionClock()
    assert clock.compute_ms(pair(3_600_000, 4.7), around_ms=4.71) == 4.71
    assert clock.own


def test_a_long_execution_stays_sharp_for_longer() -> None:
    clock = ExecutionClock()
    assert clock.compute_ms(pair(3_600_000, 60.0), around_ms=61.0) == pytest.approx(60.0, abs=0.3)
    assert not clock.own


def test_our_clock_gives_what_theirs_gave_where_both_were_sharp() -> None:
    """The call around the execution costs 0.2 ms: it must not appear as a slower chip when the clocks change."""
    clock = ExecutionClock()
    before = [clock.compute_ms(pair(1000 + n, 0.7), around_ms=0.9) for n in range(20)]
    after = clock.compute_ms(pair(3_600_000, 0.7), around_ms=0.9)
    assert clock.own
    assert after == pytest.approx(np.mean(before), rel=0.001)


def test_the_clock_never_goes_back() -> None:
    clock = ExecutionClock()
    clock.compute_ms(pair(3_600_000, 0.7), around_ms=0.8)
    assert clock.compute_ms(pair(10, 0.7), around_ms=0.8) == 0.8


def test_a_build_that_lists_nothing_is_timed_by_us() -> None:
    clock = ExecutionClock()
    assert clock.compute_ms([], around_ms=2.0) == 2.0
    assert clock.own
