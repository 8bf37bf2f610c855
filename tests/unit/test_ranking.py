"""Best batches, cards and ratios."""

from dataclasses import replace

import pytest

from dinoq.jobs.card import Card
from dinoq.jobs.chips import Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.ranking import Refused, best_batches, ratios, refused
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
