"""Two classifiers over the same samples, held against independent references and published examples."""

from bisect import bisect_left
from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar

from dinoq.jobs.paired import Paired, non_inferiority, paired
from dinoq.jobs.verdicts import Status

MARGIN = 0.01
counts = st.integers(0, 2000)
tables = st.builds(Paired, counts, counts, counts, counts).filter(lambda pair: pair.n > 0)


# -- McNemar ----------------------------------------------------------------------------------------------------------


def test_forty_against_ten_is_no_chance() -> None:
    assert Paired(49_000, 40, 10, 950).p == pytest.approx(2.386e-5, rel=1e-3)


def test_identical_answers_are_chance() -> None:
    assert Paired(37_640, 0, 0, 12_360).p == 1.0


@given(tables)
def test_p_is_that_of_scipy_and_statsmodels(pair: Paired) -> None:
    assume(pair.discordant > 0)
    table = [[pair.both, pair.only_a], [pair.only_b, pair.neither]]
    assert pair.p == pytest.approx(float(mcnemar(table, exact=True).pvalue), rel=1e-9, abs=1e-300)
    assert pair.p == pytest.approx(float(binomtest(pair.only_a, pair.discordant).pvalue), rel=1e-9, abs=1e-300)


def test_ten_thousand_and_more_discordant_answers_are_counted_exactly() -> None:
    assert Paired(0, 25_300, 24_700, 0).p == pytest.approx(float(binomtest(24_700, 50_000).pvalue), rel=1e-8)


# -- intervals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "low", "high"),
    [
        # Airway reactivity before and after transplantation: Fagerland, Lydersen and Laake (2014), Tango's interval.
        (Paired(1, 7, 1, 12), -0.517, -0.026),
        # Approval of a prime minister, twice asked: Agresti, Categorical Data Analysis, section 10.1 (-0.06, -0.02).
        (Paired(794, 150, 86, 570), -0.06, -0.02),
    ],
)
def test_the_interval_is_that_of_published_examples(pair: Paired, low: float, high: float) -> None:
    digits = 3 if abs(low) > 0.1 else 2
    assert tuple(round(bound, digits) for bound in pair.interval) == (low, high)


def score_by_search(pair: Paired, delta: float) -> float:
    """Tango's score with the likeliest nuisance share searched for, not solved for."""

    def unlikely(only_a: float) -> float:
        shares = (only_a, only_a + delta, 1 - 2 * only_a - delta)
        seen = (pair.only_a, pair.only_b, pair.n - pair.discordant)
        return -float(sum(k * np.log(max(p, 1e-300)) for k, p in zip(seen, shares, strict=True)))

    least, most = max(0.0, -delta), (1 - delta) / 2
    share = float(minimize_scalar(unlikely, bounds=(least, most), method="bounded", options={"xatol": 1e-12}).x)
    return float((pair.only_b - pair.only_a - pair.n * delta) / sqrt(pair.n * (2 * share + delta * (1 - delta))))


@pytest.mark.parametrize("pair", [Paired(60, 20, 10, 10), Paired(900, 40, 25, 35), Paired(5, 3, 7, 5)])
def test_the_interval_inverts_the_score_test(pair: Paired) -> None:
    z = float(norm.ppf(0.975))
    low = brentq(lambda delta: score_by_search(pair, delta) - z, -0.9, pair.difference)
    high = brentq(lambda delta: score_by_search(pair, delta) + z, pair.difference, 0.9)
    assert pair.interval == pytest.approx((low, high), abs=1e-5)


@given(tables)
def test_the_difference_lies_between_its_bounds(pair: Paired) -> None:
    low, high = pair.interval
    assert -1.0 <= low <= pair.difference <= high <= 1.0
    assert pair.worst <= pair.difference <= pair.best


@given(tables)
def test_the_other_way_round_everything_changes_sign(pair: Paired) -> None:
    other = Paired(pair.both, pair.only_b, pair.only_a, pair.neither)
    assert other.p == pair.p
    assert other.interval == pytest.approx((-pair.interval[1], -pair.interval[0]), abs=1e-12)
    assert (other.worst, other.best) == pytest.approx((-pair.best, -pair.worst), abs=1e-12)


@pytest.mark.parametrize("n", [1, 100, 50_000])
def test_equal_answers_are_not_certain_to_be_equal(n: int) -> None:
    low, high = Paired(n, 0, 0, 0).interval
    assert low < 0.0 < high
    assert low == pytest.approx(
        -(1.96**2) / (n + 1.96**2), rel=1e-3
    )  # what the score test comes to without a difference


def test_half_a_percent_of_differences_bounds_it_to_six_hundredths_of_a_point() -> None:
    pair = Paired(37_500, 125, 125, 12_250)
    assert pair.interval == pytest.approx((-0.00062, 0.00062), abs=5e-6)


# -- tables -----------------------------------------------------------------------------------------------------------


def test_a_table_is_counted_from_right_answers() -> None:
    a = np.array([True, True, True, False, False, True])
    b = np.array([True, True, False, True, False, False])
    assert paired(a, b) == Paired(both=2, only_a=2, only_b=1, neither=1)


@pytest.mark.parametrize(("n_a", "n_b"), [(0, 0), (3, 4)])
def test_nothing_or_unlike_samples_make_no_table(n_a: int, n_b: int) -> None:
    with pytest.raises(ValueError, match="not the same samples"):
        paired(np.ones(n_a, bool), np.ones(n_b, bool))


# -- no worse than ----------------------------------------------------------------------------------------------------


def test_equal_answers_to_enough_samples_are_no_worse() -> None:
    assert non_inferiority(Paired(400, 0, 0, 0), MARGIN) is Status.PASS


def test_equal_answers_to_few_samples_decide_nothing() -> None:
    assert non_inferiority(Paired(100, 0, 0, 0), MARGIN) is Status.UNDECIDED


def test_far_below_the_margin_is_a_fail() -> None:
    assert non_inferiority(Paired(4000, 250, 50, 700), MARGIN) is Status.FAIL


def passing_share(n: int, only_a: float, only_b: float) -> float:
    """How often such a pair passes, exactly: for each number of `only_b`, the most `only_a` with which it does."""

    def passing(b: int) -> float:
        most = bisect_left(range(n - b + 1), True, key=lambda a: not _passes(Paired(n - a - b, a, b, 0))) - 1
        return float(binom.pmf(b, n, only_b) * binom.cdf(most, n - b, only_a / (1 - only_b)))

    likely = range(int(binom.ppf(1e-9, n, only_b)), int(binom.ppf(1 - 1e-9, n, only_b)) + 1)
    return sum(map(passing, likely))


def _passes(pair: Paired) -> bool:
    return non_inferiority(pair, MARGIN) is Status.PASS


@pytest.mark.parametrize("n", [150, 362, 1000, 5000, 50_000])
@pytest.mark.parametrize("only_b", [0.0, 0.001, 0.005, 0.03])
def test_who_is_worse_by_the_margin_passes_in_no_more_than_one_case_of_twenty(n: int, only_b: float) -> None:
    assert passing_share(n, only_b + MARGIN, only_b) <= 0.05


@pytest.mark.parametrize("only_b", [0.0005, 0.005, 0.03])
def test_so_it_is_in_a_simulation(only_b: float) -> None:
    shares = [only_b + MARGIN, only_b, 1 - 2 * only_b - MARGIN]
    drawn = np.random.default_rng(5).multinomial(2000, shares, 2000)
    passed = sum(non_inferiority(Paired(int(c), int(a), int(b), 0), MARGIN) is Status.PASS for a, b, c in drawn)
    assert passed / 2000 <= 0.05


def test_it_is_not_so_careful_that_equal_chips_never_pass() -> None:
    drawn = np.random.default_rng(6).multinomial(2000, [0.0025, 0.0025, 0.995], 500)
    passed = sum(non_inferiority(Paired(int(c), int(a), int(b), 0), MARGIN) is Status.PASS for a, b, c in drawn)
    assert passed / 500 >= 0.99
