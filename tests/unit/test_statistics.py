"""Intervals, percentiles and spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from dinoq.jobs.statistics import drift, percentiles, spread, steady_from, variation, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (37_640, 50_000, 0.7490, 0.7566)],
)
def test_wilson_agrees_with_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_no_samples_have_no_interval() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval_and_that_in_0_to_1(case: tuple[int, int]) -> None:
    successes, n = case
    interval = wilson(successes, n)
    assert interval is not None
    assert 0.0 <= interval[0] <= successes / n <= interval[1] <= 1.0
    assert interval == pytest.approx(proportion_confint(successes, n, method="wilson"), abs=1e-12)


def test_percentiles_lie_linearly_between_ranks() -> None:
    assert percentiles(np.array([1.0, 2.0, 3.0, 4.0]), (0, 50, 90, 100)) == pytest.approx([1.0, 2.5, 3.7, 4.0])


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles(np.empty(0), (50, 99)) == [None, None]


def test_variation_is_the_sample_deviation_over_the_mean() -> None:
    assert variation(np.array([9.0, 10.0, 11.0])) == pytest.approx(0.1)


@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0]])
def test_variation_needs_two_values_and_a_mean(values: list[float]) -> None:
    assert variation(np.array(values)) is None


def test_drift_compares_the_last_quarter_with_the_first() -> None:
    assert drift(np.array([1.0] * 10 + [1.1] * 10)) == pytest.approx(0.1)


def test_an_outlier_is_no_drift() -> None:
    assert drift(np.array([1.0] * 19 + [50.0])) == 0.0


def test_drift_needs_20_values() -> None:
    assert drift(np.ones(19)) is None


def test_spread_is_the_range_over_the_mean() -> None:
    assert spread([9.0, 11.0]) == pytest.approx(0.2)


def test_one_value_has_no_spread() -> None:
    assert spread([5.0]) is None


# -- steady state -----------------------------------------------------------------------------------------------------


def test_a_level_that_is_held_is_steady_from_the_start() -> None:
    assert steady_from(np.random.default_rng(1).normal(10.0, 0.1, 1000)) == 0


def test_a_slow_start_is_left_out_to_the_block() -> None:
    times = np.concatenate([np.linspace(14.0, 10.0, 200), np.full(800, 10.0)])
    assert steady_from(times) == 200


def test_single_outliers_do_not_end_a_level() -> None:
    times = np.full(1000, 10.0)
    times[::50] = 40.0
    assert steady_from(times) == 0


@pytest.mark.parametrize(
    "times", [np.linspace(10.0, 20.0, 500), np.concatenate([np.full(600, 10.0), np.full(400, 11.0)])]
)
def test_what_settles_late_or_never_is_not_steady(times: NDArray[np.float64]) -> None:
    assert steady_from(times) is None


@pytest.mark.parametrize("times", [np.full(19, 1.0), np.empty(0), np.full(40, np.nan)])
def test_too_few_or_untold_values_are_not_called_steady(times: NDArray[np.float64]) -> None:
    assert steady_from(times) is None


@given(st.lists(st.floats(0.1, 100.0), min_size=20, max_size=300))
def test_steady_is_a_place_with_at_least_half_of_the_blocks_after_it(values: list[float]) -> None:
    found = steady_from(np.array(values))
    assert found is None or 0 <= found <= (len(values) + 1) / 2


def test_what_is_left_over_of_the_blocks_is_at_the_beginning() -> None:
    assert steady_from(np.array([5.0] * 100 + [50.0] * 19)) is None
