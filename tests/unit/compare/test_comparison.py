"""Jobs run by run, runs as they are named, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from dinoq.jobs.compare.comparison import Comparison, Limits, compare_jobs, compare_runs
from dinoq.jobs.compare.outcome import Outcome, worst
from dinoq.jobs.compare.sides import Side, side_of, sides_of
from dinoq.jobs.errors import UsageError
from dinoq.jobs.told import Told
from tests.comparisons import BATCHES, MANIFEST, job_with, make_side, timed_results
from tests.modes import mode_job
from tests.reports import paced, two_chip_job

SLOW = np.full(BATCHES, 6.0)


def job(number: int, *chips: str, slow: str = "") -> tuple[Side, ...]:
    """A run for each chip, one of them slow."""
    results = {chip: timed_results(MANIFEST, chip, SLOW if chip == slow else SLOW / 1.2) for chip in chips}
    return sides_of(job_with(results, job=number), MANIFEST)


def refusal(a: Side, b: Side) -> str:
    with pytest.raises(UsageError) as caught:
        compare_runs(a, b, Limits())
    return str(caught.value)


def test_jobs_are_compared_run_by_run_and_what_has_no_partner_is_named() -> None:
    made = compare_jobs(job(1, "T4", "cpu"), job(2, "310P3", "cpu"), Limits())
    assert [(pair.a.name, pair.b.name) for pair in made.pairs] == [("1/cpu:16", "2/cpu:16")]
    assert (made.only_a, made.only_b) == (("T4:16",), ("310P3:16",))


def test_one_slow_run_makes_the_whole_a_regression() -> None:
    made = compare_jobs(job(1, "T4", "310P3"), job(2, "T4", "310P3", slow="T4"), Limits())
    assert [pair.outcome for pair in made.pairs] == [Outcome.REGRESSION, Outcome.NO_CHANGE]
    assert (made.outcome, made.exit_code) == (Outcome.REGRESSION, 4)


def test_a_job_against_itself_ends_0() -> None:
    made = compare_jobs(job(1, "T4", "cpu"), job(1, "T4", "cpu"), Limits())
    assert (made.outcome, made.exit_code) == (Outcome.NO_CHANGE, 0)


def test_worse_accuracy_ends_4_however_fast() -> None:
    made = compare_runs(make_side(SLOW, job=1), make_side(SLOW / 2, job=2, wrong=range(50)), Limits())
    assert (made.pairs[0].speed.outcome, made.outcome, made.exit_code) == (Outcome.IMPROVED, Outcome.REGRESSION, 4)


def test_nothing_in_common_says_what_each_has_and_how_to_name_two_runs() -> None:
    with pytest.raises(UsageError, match="1 has T4:16 fp16; 2 has cpu:16 fp32") as caught:
        compare_jobs(job(1, "T4"), job(2, "cpu"), Limits())
    assert caught.value.hint == "name two runs: dinoq compare 1/T4:16 2/cpu:16"


def test_an_incomplete_run_is_told_and_ends_6() -> None:
    short = make_side(job=2, results=make_side().merged.results[:3], error="no such device")
    made = compare_runs(make_side(job=1), short, Limits())
    assert made.gaps == ("2/T4:16: 768/2048 samples: 0 unreadable, 1280 missing; no such device",)
    assert made.exit_code == 6


def test_real_and_simulated_are_refused_unless_it_is_wished() -> None:
    a, b = make_side(job=1), make_side(job=2, origin="simulated")
    assert refusal(a, b) == "1/T4:16 and 2/T4:16 are not alike: origin: real against simulated."
    made = compare_runs(a, b, Limits(unlike=True))
    assert made.pairs[0].unlike == ("origin: real against simulated",)


def test_other_precisions_are_refused() -> None:
    assert "precision: fp16 against fp32" in refusal(make_side(chip="T4"), make_side(chip="cpu"))


def test_other_paces_are_refused() -> None:
    record, manifest = two_chip_job(("simulated", "simulated"), samples=256)
    here = side_of(record, manifest, 1)
    there = side_of(*paced((record, manifest), "310"), run_no=1)
    assert "pace: not paced against published" in refusal(here, there)


def test_random_data_and_photos_are_refused() -> None:
    record, manifest = mode_job("recipe", (1, 4))
    assert "timed on: photos against random data" in refusal(*sides_of(record, manifest))


def test_told_figures_of_another_scope_are_refused() -> None:
    told = Told(tool="t", kind="k", rates={"pipeline": 50.0})
    one = make_side(job=1, results=(), told=Told(tool="t", kind="k", rates={"compute": 60.0}))
    assert "scope: compute images/s against pipeline" in refusal(one, make_side(job=2, results=(), told=told))


def test_of_several_pairs_only_the_unlike_ones_are_refused_and_that_ends_6() -> None:
    here, there = job(1, "T4", "cpu"), job(2, "T4", "cpu")
    report = there[0].report
    simulated = replace(there[0], report=replace(report, runs=(replace(there[0].run, origin="simulated"),)))
    made = compare_jobs(here, (simulated, there[1]), Limits())
    assert [one.a for one in made.refused] == ["1/T4:16"]
    assert (len(made.pairs), made.exit_code) == (1, 6)


def test_jobs_whose_every_pair_is_unlike_are_refused() -> None:
    with pytest.raises(UsageError, match="real against simulated"):
        compare_jobs((make_side(job=1),), (make_side(job=2, origin="simulated"),), Limits())


def test_random_data_has_speed_and_no_accuracy() -> None:
    record, manifest = mode_job("pure", (1,))
    made = compare_jobs(sides_of(record, manifest), sides_of(replace(record, id=7), manifest), Limits())
    assert (made.pairs[0].accuracy, made.pairs[0].speed.ratio) == (None, 1.0)


def test_the_worst_news_comes_first() -> None:
    assert worst(list(Outcome)) is Outcome.REGRESSION
    assert worst([Outcome.NO_CHANGE, Outcome.IMPROVED]) is Outcome.IMPROVED
    assert worst([]) is Outcome.UNDECIDED


def names(made: Comparison) -> list[tuple[str, str]]:
    return [(pair.a.name, pair.b.name) for pair in made.pairs]


def test_compare_b_a_pairs_as_compare_a_b_does() -> None:
    here, there = job(1, "T4", "cpu"), job(2, "cpu", "T4")
    forth, back = compare_jobs(here, there, Limits()), compare_jobs(there, here, Limits())
    assert sorted((b, a) for a, b in names(back)) == sorted(names(forth))


def test_a_column_that_cannot_be_is_implausible_in_a_comparison_too() -> None:
    """Each figure alone is below the chip's peak; that they grow with the batch only their row tells."""
    record, manifest = two_chip_job()
    rates = {run.run_no: 4.0 if run.chip == "T4" else 2.0 for run in record.spec.runs}
    told = [
        replace(run, results=(), told=Told(tool="x", kind="log", rates={"compute": rates[run.run_no] * asked.batch}))
        for run, asked in zip(record.runs, record.spec.runs, strict=True)
    ]
    sides = sides_of(replace(record, runs=tuple(told)), manifest)
    made = compare_jobs(sides, [replace(side, job=43) for side in sides], Limits())
    assert all(side.implausible for side in sides)
    assert (made.outcome, made.exit_code) == (Outcome.UNDECIDED, 7)


def test_a_run_that_the_second_job_lacks_is_incomplete() -> None:
    made = compare_jobs(job(1, "T4", "cpu"), job(2, "cpu"), Limits())
    assert (made.only_a, made.exit_code) == (("T4:16",), 6)


def test_a_figure_that_the_second_lost_is_incomplete() -> None:
    made = compare_runs(make_side(job=1), make_side(np.full(BATCHES, np.nan), job=2), Limits())
    assert (made.pairs[0].lost, made.exit_code) == (True, 6)
