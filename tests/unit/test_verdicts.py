"""Verdicts and the exit codes that follow from them."""

from dataclasses import replace
from itertools import permutations

import pytest

from dinoq.jobs.measure import measure
from dinoq.jobs.merge import Coverage, Span
from dinoq.jobs.verdicts import (
    Cell,
    Kind,
    Status,
    Verdict,
    accuracy_verdict,
    coverage_verdict,
    exit_code,
    looks_like_guessing,
    performance_verdict,
    plausibility_verdicts,
    stability_verdict,
)
from tests.builders import make_manifest
from tests.reports import make_result, make_run, make_times

WHOLE = Coverage(expected=50_000, counted=50_000, unreadable=0)
GAPPED = Coverage(expected=50_000, counted=49_990, unreadable=3, missing=(Span(100, 7),))
MANIFEST = make_manifest(400)


def status(verdict: Verdict | None) -> Status | None:
    return verdict.status if verdict else None


def verdict(kind: Kind, word: Status, *, decides: bool = True) -> Verdict:
    return Verdict(kind=kind, status=word, text="", decides=decides)


def test_complete_coverage_passes() -> None:
    assert status(coverage_verdict(WHOLE)) is Status.PASS


def test_gaps_are_incomplete_and_counted() -> None:
    found = coverage_verdict(GAPPED, "the device died")
    assert (found.status, found.exit_code) == (Status.INCOMPLETE, 6)
    assert found.text == "49990/50000 samples: 3 unreadable, 7 missing; the device died"


@pytest.mark.parametrize(
    ("correct", "expected"),
    [(37_150, Status.PASS), (37_149, Status.FAIL), (37_640, Status.PASS), (50_000, Status.PASS), (0, Status.FAIL)],
)
def test_accuracy_may_lie_one_point_below_and_not_one_sample_more(correct: int, expected: Status) -> None:
    assert status(accuracy_verdict(correct, WHOLE, 0.753)) is expected


def test_the_relative_reading_is_printed_beside_the_absolute() -> None:
    found = accuracy_verdict(37_640, WHOLE, 0.753)
    assert found is not None
    assert found.text == "75.28 % is 0.02 pp below the published 75.30 % (99.97 % of it); 1 pp below is allowed"


def test_without_a_baseline_there_is_no_accuracy_verdict() -> None:
    assert accuracy_verdict(37_640, WHOLE, None) is None


def test_a_sample_of_the_dataset_decides_nothing() -> None:
    assert status(accuracy_verdict(0, WHOLE, 0.753, part_of=60_000)) is Status.UNDECIDED


def test_incomplete_coverage_decides_nothing_about_accuracy() -> None:
    assert status(accuracy_verdict(49_990, GAPPED, 0.753)) is Status.UNDECIDED


@pytest.mark.parametrize(("correct", "high", "guess"), [(50, 0.0013, True), (0, 0.0001, True), (37_640, 0.757, False)])
def test_accuracy_near_one_in_classes_looks_like_guessing(correct: int, high: float, guess: bool) -> None:
    assert looks_like_guessing(correct, high, 50_000, 1000) is guess


def test_few_samples_do_not_look_like_guessing() -> None:
    assert not looks_like_guessing(0, 0.04, 99, 1000)


def test_too_few_batches_say_how_often_to_loop() -> None:
    result = make_result(MANIFEST, 0, 12, times=make_times([1.0] * 3))
    found = performance_verdict(measure(make_run([result]), [result], batch=4, loop=1), loop=1)
    assert found is not None
    assert (found.status, found.exit_code) == (Status.NOT_MEASURED, 0)
    assert found.text == "timed batches: 3, of 20 needed (--loop 7)"


def stability(batch_ms: list[float], *, conflicts: int = 0, decides: bool = True) -> Verdict | None:
    result = make_result(MANIFEST, 0, 400, times=make_times(batch_ms))
    coverage = Coverage(expected=400, counted=400, unreadable=0, duplicates=conflicts, conflicts=conflicts)
    found = measure(make_run([result]), [result], batch=4, loop=1)
    return stability_verdict(found, coverage, decides=decides)


def test_even_times_are_stable() -> None:
    assert status(stability([1.0, 1.01] * 20)) is Status.PASS


def test_varying_times_are_unstable() -> None:
    found = stability([1.0, 1.1] * 20)
    assert found is not None
    assert (found.status, found.exit_code) == (Status.UNSTABLE, 5)
    assert "CV" in found.text


def test_drifting_times_are_unstable() -> None:
    found = stability([1.0] * 100 + [1.06] * 100)
    assert found is not None
    assert "drift by +6.0 %" in found.text


def test_conflicts_are_unstable_even_without_times() -> None:
    assert status(stability([1.0], conflicts=1)) is Status.UNSTABLE


def test_too_few_times_say_nothing_about_stability() -> None:
    assert stability([1.0, 9.0]) is None


def test_stability_that_does_not_decide_has_no_exit_code() -> None:
    found = stability([1.0, 1.1] * 20, decides=False)
    assert found is not None
    assert found.exit_code == 0


def row(*cells: tuple[int, float], chip: str = "T4", gflop: float | None = None) -> list[Cell]:
    return [
        Cell(run_no=no, chip=chip, batch=batch, precision="fp16", origin="real", images_per_s=figure, gflop=gflop)
        for no, (batch, figure) in enumerate(cells, start=1)
    ]


def test_a_figure_above_the_chips_peak_is_implausible() -> None:
    found = plausibility_verdicts(row((1, 7_900.0), (2, 7_920.0), gflop=8.22))
    assert [found[1].status, found[2].status] == [Status.PASS, Status.IMPLAUSIBLE]
    assert (found[1].text, found[2].exit_code) == ("100 % of the chip's peak", 7)


def test_the_published_column_that_counts_the_batch_twice_is_implausible() -> None:
    column = [(1, 1378.7), (4, 5539.0), (8, 10986.0), (16, 22119.0), (32, 43852.0), (64, 87537.0)]
    found = plausibility_verdicts(row(*column, chip="310P3"))
    assert {verdict.status for verdict in found.values()} == {Status.IMPLAUSIBLE}
    assert len(found) == 6


@pytest.mark.parametrize(
    "honest",
    [
        row((1, 100.0), (16, 1600.0)),
        row((1, 100.0), (2, 200.0), (8, 800.0)),
        row((1, 100.0), (4, 400.0), (16, 1400.0)),
        row((1, 100.0), (4, 400.0), (16, 1600.0), chip="cpu"),
    ],
)
def test_growth_is_plausible_with_two_batches_small_batches_saturation_or_a_cpu(honest: list[Cell]) -> None:
    assert plausibility_verdicts(honest) == {}


def test_the_published_cell_that_is_off_its_neighbours_is_implausible() -> None:
    found = plausibility_verdicts(row((16, 2441.2), (32, 5279.8), (64, 2244.0), chip="310"))
    assert {no: verdict.status for no, verdict in found.items()} == {2: Status.IMPLAUSIBLE}
    assert found[2].text == "2.2 times both its neighbours"


def test_cells_of_another_origin_are_no_neighbours() -> None:
    real = row((16, 2441.2), (64, 2244.0))
    simulated = Cell(run_no=9, chip="T4", batch=32, precision="fp16", origin="simulated", images_per_s=9e3)
    assert plausibility_verdicts([*real, simulated]) == {}


@pytest.mark.parametrize("ordered", list(permutations(["coverage", "plausibility", "accuracy"])))
def test_the_exit_code_goes_by_precedence_and_not_by_order(ordered: tuple[Kind, ...]) -> None:
    words = {"coverage": Status.INCOMPLETE, "plausibility": Status.IMPLAUSIBLE, "accuracy": Status.FAIL}
    assert exit_code([verdict(kind, words[kind]) for kind in ordered]) == 6


def test_each_exit_code_gives_way_to_the_one_before() -> None:
    codes = [1, 8, 6, 7, 3, 4, 5]
    assert [exit_code([], *codes[at:]) for at in range(len(codes))] == codes


def test_all_well_ends_0() -> None:
    words = (Status.PASS, Status.UNDECIDED, Status.NOT_MEASURED)
    assert exit_code([verdict("accuracy", word) for word in words]) == 0
    assert exit_code([verdict("stability", Status.UNSTABLE, decides=False)]) == 0


@pytest.mark.parametrize("correct", [0, 37_640, 50_000])
def test_a_simulator_passes_and_fails_no_accuracy_gate(correct: int) -> None:
    found = accuracy_verdict(correct, WHOLE, 0.753, simulated=True)
    assert found is not None
    assert (found.status, found.exit_code) == (Status.UNDECIDED, 0)
    assert "is a simulator's, no chip's: not held against the published 75.30 %" in found.text


def test_a_simulator_is_held_against_no_real_chip_s_peak() -> None:
    cell = Cell(run_no=1, chip="T4", batch=16, precision="fp16", origin="simulated", images_per_s=9e9, gflop=8.0)
    assert plausibility_verdicts([cell]) == {}
    assert plausibility_verdicts([replace(cell, origin="real")])[1].status is Status.IMPLAUSIBLE
