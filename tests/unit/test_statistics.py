"""Intervals, percentiles and spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.statistics import drift, percentiles, spread, variation, wilson


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
