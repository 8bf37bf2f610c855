"""Best batches, cards and ratios."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.bootstrap import resampled_rates
from dinoq.jobs.card import Card
from dinoq.jobs.chips import Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.ranking import Refused, best_batches, best_within, ratios, refused
from dinoq.jobs.verdicts import Cell


def cells(
    chip: str, figures: dict[int, float], *, first_no: int = 1, precision: Precision = "fp16", origin: Origin = "real"
) -> list[Cell]:
    return [
        Cell(run_no=no, chip=chip, batch=batch, precision=precision, origin=origin, images_per_s=figure)
        for no, (batch, figure) in enumerate(figures.items(), start=first_no)
    ]


T4 = cells("T4", {1: 878.7, 16: 1858.2, 32: 2085.0, 64: 2090.9}, first_no=10)


def test_the_best_batch_is_the_fastest_with_those_that_cannot_be_told_from_it() -> None:
    (best,) = best_batches(T4)
    assert (best.batch, best.ties, best.smallest, best.run_no) == (64, (32, 64), 32, 13)


def test_a_lone_winner_is_its_own_smallest() -> None:
    (best,) = best_batches(cells("310P3", {1: 1378.5, 64: 4248.2}))
    assert (best.ties, best.smallest) == ((64,), 64)


def test_each_chip_has_its_best_batch() -> None:
    assert [best.chip for best in best_batches([*T4, *cells("310", {1: 401.6})])] == ["310", "T4"]


def test_chips_are_compared_card_to_card_at_equal_batches_and_best_to_best() -> None:
    found = ratios([*cells("310", {1: 401.6, 16: 610.3, 8: 500.0}), *T4])
    assert [(one.batch, one.against_batch, one.best) for one in found] == [
        (1, 1, False),
        (16, 16, False),
        (16, 64, True),
    ]
    assert [one.value for one in found] == pytest.approx([4 * 401.6 / 878.7, 4 * 610.3 / 1858.2, 4 * 610.3 / 2090.9])
    assert all(one.extrapolated for one in found)


def test_three_chips_have_three_pairs() -> None:
    found = ratios([*cells("310", {1: 1.0}), *cells("310P3", {1: 2.0}, first_no=2), *cells("T4", {1: 4.0}, first_no=3)])
    assert {(one.chip, one.against) for one in found} == {("310", "310P3"), ("310", "T4"), ("310P3", "T4")}


def test_simulated_and_real_are_never_divided_and_the_reason_is_told() -> None:
    both = [*cells("310P3", {1: 1.0, 16: 2.0}, origin="simulated"), *T4]
    assert ratios(both) == ()
    assert refused(both) == (Refused(chip="310P3", against="T4", why="simulated and real figures are never divided"),)


def test_different_precisions_are_never_divided() -> None:
    both = [*cells("cpu", {1: 1.0}, precision="fp32"), *T4]
    assert ratios(both) == ()
    assert [one.why for one in refused(both)] == ["fp32 and fp16 are never divided"]


def test_a_table_s_clock_and_a_simulator_s_own_are_never_divided() -> None:
    paced = [replace(cell, pace="published") for cell in cells("T4", {1: 800.0}, origin="simulated", first_no=2)]
    both = [*cells("310P3", {1: 1.0}, origin="simulated"), *paced]
    assert ratios(both) == ()
    assert ["clocks" in one.why for one in refused(both)] == [True]


def test_what_is_divided_is_not_refused() -> None:
    assert refused([*cells("310", {1: 1.0}), *T4]) == ()


def test_a_measured_card_is_what_is_divided() -> None:
    card = Card(images_per_s=1500.0, chips=4, extrapolated=False)
    (one, _) = ratios([replace(cells("310", {1: 401.6})[0], card=card), *T4])
    assert one.value == pytest.approx(1500.0 / 878.7)
    assert not one.extrapolated


def test_one_chip_is_compared_with_nothing() -> None:
    assert ratios(T4) == ()


# -- with noise -------------------------------------------------------------------------------------------------------


def noisy(chip: str, figures: dict[int, float], *, cv: float = 0.01, n: int = 400, first_no: int = 1) -> list[Cell]:
    """Cells with as many batch times, that vary so much about their figure; p99 is of them."""
    rng = np.random.default_rng(first_no)
    made = []
    for cell in cells(chip, figures, first_no=first_no):
        times = 1000.0 * cell.batch / cell.images_per_s * rng.normal(1.0, cv, n)
        draws = resampled_rates([times], cell.batch)
        figure = 1000.0 * cell.batch / float(times.mean())
        p99 = float(np.percentile(times, 99))
        made.append(replace(cell, images_per_s=figure, draws=draws, p99_ms=p99))
    return made


def test_a_batch_that_noise_hides_is_tied_though_its_own_figure_is_lower() -> None:
    (sure,) = best_batches(noisy("T4", {16: 950.0, 64: 1000.0}))
    (unsure,) = best_batches(noisy("T4", {16: 950.0, 64: 1000.0}, cv=0.5))
    assert (sure.ties, sure.smallest) == ((64,), 64)
    assert (unsure.ties, unsure.smallest) == ((16, 64), 64)


@given(st.lists(st.floats(900.0, 1000.0), min_size=1, max_size=6), st.floats(0.0, 0.2))
def test_the_best_and_all_within_2_percent_of_it_are_tied(figures: list[float], cv: float) -> None:
    row = noisy("T4", {2**at: figure for at, figure in enumerate(figures)}, cv=cv, n=40)
    (best,) = best_batches(row)
    near = {cell.batch for cell in row if cell.images_per_s >= 0.98 * best.images_per_s}
    assert best.batch in near <= set(best.ties)
    assert best.smallest == min(near)


def test_the_best_figure_and_each_ratio_lie_within_their_intervals() -> None:
    one, other = noisy("310P3", {16: 2700.0}), noisy("T4", {16: 1850.0}, first_no=2)
    for best in best_batches([*one, *other]):
        assert best.interval and best.interval.low < best.images_per_s < best.interval.high
    for ratio in ratios([*one, *other]):
        assert ratio.interval and ratio.interval.low < ratio.value < ratio.interval.high


def test_the_interval_of_a_ratio_is_of_cards_as_its_value_is() -> None:
    (one, _) = ratios([*noisy("310", {1: 401.6}, cv=0.0), *noisy("T4", {1: 878.7}, cv=0.0, first_no=2)])
    assert one.interval and (one.interval.low, one.interval.high) == pytest.approx((one.value, one.value))


def test_without_the_times_of_either_a_ratio_has_no_interval() -> None:
    (one, _) = ratios([*noisy("310", {1: 401.6}), *cells("T4", {1: 878.7}, first_no=2)])
    assert one.interval is None


# -- under a budget ---------------------------------------------------------------------------------------------------


def test_under_a_latency_budget_the_fastest_that_keeps_it_is_best() -> None:
    row = noisy("T4", {1: 878.7, 16: 1858.2, 64: 2090.9})
    assert [best.batch for best in best_within(row, 40.0)] == [64]
    assert [best.batch for best in best_within(row, 10.0)] == [16]
    assert best_within(row, 0.5) == ()


def test_it_is_the_p99_that_must_keep_the_budget() -> None:
    (cell,) = noisy("T4", {16: 1600.0}, cv=0.05)
    assert best_within([cell], 10.2) == ()
    assert cell.p99_ms and best_within([cell], cell.p99_ms) == best_batches([cell])


def test_a_batch_whose_latency_nobody_told_keeps_no_budget() -> None:
    assert best_within(T4, 1e9) == ()
