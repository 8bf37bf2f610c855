"""The difference of shares that were counted over different samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.compare.proportions import difference
from dinoq.jobs.merge import Coverage
from dinoq.jobs.score import Score, score_of


def score(correct: int, n: int) -> Score:
    made = score_of(correct, Coverage(expected=n, counted=n, unreadable=0))
    assert made
    return made


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (0, 10), -0.1611, 0.2775),
    ],
)
def test_newcombes_published_examples(a: tuple[int, int], b: tuple[int, int], low: float, high: float) -> None:
    """Newcombe 1998, table II, method 10."""
    made = difference(score(*a), score(*b))
    assert made.low == pytest.approx(low, abs=5e-4)
    assert made.high == pytest.approx(high, abs=5e-4)


counts = st.tuples(st.integers(0, 50), st.integers(50, 60))


@given(a=counts, b=counts)
def test_it_lies_within_its_interval_and_is_mirrored(a: tuple[int, int], b: tuple[int, int]) -> None:
    one, other = difference(score(*a), score(*b)), difference(score(*b), score(*a))
    assert -1.0 <= one.low <= one.value <= one.high <= 1.0
    assert other.low == pytest.approx(-one.high)
    assert other.high == pytest.approx(-one.low)
