"""Intervals of throughput from the times within a run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dinoq.jobs.bootstrap import DRAWS, interval_of, ratio_interval, resampled_rates

Times = NDArray[np.float64]


def steady(seed: int, n: int = 400, mean: float = 10.0, deviation: float = 1.0) -> Times:
    """Independent times."""
    return np.random.default_rng(seed).normal(mean, deviation, n)


def wandering(seed: int, n: int, memory: float = 0.9) -> Times:
    """Times that remember the last one: 10 ms, deviation 1 ms."""
    noise = np.random.default_rng(seed).normal(0.0, np.sqrt(1 - memory**2), n)
    values = np.empty(n)
    values[0] = noise[0]
    for at in range(1, n):
        values[at] = memory * values[at - 1] + noise[at]
    return 10.0 + values


def drawn(*times: Times, batch: int = 16) -> Times:
    """The draws, which are there."""
    draws = resampled_rates(times, batch)
    assert draws is not None
    return draws


def covered(runs: list[Times], true_rate: float) -> float:
    """In what share of runs the interval holds the true figure."""
    intervals = [interval_of(drawn(times)) for times in runs]
    return float(np.mean([one.low <= true_rate <= one.high for one in intervals]))


def test_the_interval_of_independent_times_is_that_of_their_standard_error() -> None:
    times = steady(1, n=2500)
    interval = interval_of(drawn(times))
    error = float(times.std()) / 50.0
    rate = 16_000.0 / times.mean()
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * rate * error / times.mean(), rel=0.2)


def test_it_holds_the_truth_for_independent_times_nearly_as_often_as_it_says() -> None:
    assert covered([steady(seed) for seed in range(300)], 1600.0) >= 0.91


@pytest.mark.parametrize("n", [20, 30, 60])
def test_it_does_so_for_as_few_batches_as_a_figure_may_be_of(n: int) -> None:
    assert covered([steady(seed, n=n) for seed in range(400)], 1600.0) >= 0.91


def test_it_holds_the_truth_for_times_with_a_memory_too() -> None:
    assert covered([wandering(seed, 1600) for seed in range(200)], 1600.0) >= 0.87


def test_single_times_drawn_at_random_would_not() -> None:
    runs = [wandering(seed, 1600) for seed in range(200)]
    errors = [float(times.std()) / 40.0 for times in runs]
    held = [abs(times.mean() - 10.0) <= 1.96 * error for times, error in zip(runs, errors, strict=True)]
    assert np.mean(held) < 0.6


def test_the_same_times_give_the_same_draws() -> None:
    assert (drawn(steady(2)) == drawn(steady(2))).all()


def test_constant_times_leave_nothing_open() -> None:
    interval = interval_of(drawn(np.full(77, 5.9)))
    assert interval.low == interval.high == pytest.approx(16_000.0 / 5.9)


@given(st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=60), st.integers(1, 64))
def test_draws_lie_between_the_fastest_and_the_slowest_batch(times: list[float], batch: int) -> None:
    draws = drawn(np.array(times), batch=batch)
    assert draws.shape == (DRAWS,)
    assert 1000.0 * batch / max(times) * (1 - 1e-9) <= draws.min()
    assert draws.max() <= 1000.0 * batch / min(times) * (1 + 1e-9)


def test_each_device_counts_by_its_batches() -> None:
    draws = drawn(np.full(300, 10.0), np.full(100, 20.0))
    assert draws == pytest.approx(16_000.0 / 12.5)


@pytest.mark.parametrize("times", [[], [np.empty(0)], [np.array([1.0, np.nan])], [np.array([1.0, np.inf])]])
def test_without_times_there_are_no_draws(times: list[Times]) -> None:
    assert resampled_rates(times, 16) is None


def test_no_time_at_all_is_no_rate() -> None:
    assert resampled_rates([np.zeros(30)], 16) is None


def test_the_ratio_of_runs_that_differ_leaves_out_one() -> None:
    interval = ratio_interval(drawn(steady(3)), drawn(steady(4, mean=11.0)))
    assert interval.low < 10.0 / 11.0 < interval.high < 1.0


def test_the_ratio_of_a_run_to_itself_is_one_and_as_open_as_that_of_two_runs() -> None:
    one = ratio_interval(drawn(steady(5)), drawn(steady(5)))
    two = ratio_interval(drawn(steady(5)), drawn(steady(6)))
    assert one.low < 1.0 < one.high
    assert one.high - one.low == pytest.approx(two.high - two.low, rel=0.25)


def test_a_ratio_the_other_way_round_is_the_reciprocal() -> None:
    a, b = drawn(steady(7)), drawn(steady(8, mean=12.0))
    there, back = ratio_interval(a, b), ratio_interval(b, a)
    assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low), rel=1e-12)
