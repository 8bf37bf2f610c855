"""Two chips over the same photos."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.answers import Answers, answers_of
from dinoq.jobs.ledger import Origin
from dinoq.jobs.merge import Merged, merge
from dinoq.jobs.pairs import MAX_FLIPS, Flip, Pair, flips_of, matches, pair_of
from dinoq.jobs.report import build_report
from dinoq.jobs.verdicts import Status
from tests.builders import make_manifest, make_spec
from tests.reports import beside_cpu, cpu_job, make_result, report_of, two_chip_job

MANIFEST = make_manifest(300)
samples = st.sets(st.integers(0, 299), max_size=40)


def merged(
    count: int = 300, *, wrong: Collection[int] = (), unreadable: Collection[int] = (), unranked: Collection[int] = ()
) -> Merged:
    results = [make_result(MANIFEST, 0, count, wrong=wrong, unreadable=unreadable, unranked=unranked)] if count else []
    return merge(results, MANIFEST.label_array)


def two(here: Merged, there: Merged) -> tuple[Answers, Answers]:
    one, other = answers_of(
        make_spec(MANIFEST, chips=("310P3", "T4")).runs, {1: here, 2: there}, dict.fromkeys((1, 2), MANIFEST)
    )
    return one, other


def pair(here: Merged, there: Merged) -> Pair:
    found = pair_of(*two(here, there))
    assert found is not None
    return found


def chosen(
    chips: tuple[str, ...], batches: tuple[int, ...], counts: Mapping[int, int], origin: Origin = "real"
) -> list[tuple[int, int]]:
    """Which runs are held against which, given how many samples some of them evaluated."""
    runs = make_spec(MANIFEST, chips=chips, batches=batches).runs
    answers = answers_of(
        runs, {run.run_no: merged(counts.get(run.run_no, 300)) for run in runs}, dict.fromkeys(range(1, 20), MANIFEST)
    )
    found = matches(answers, {run.run_no: origin for run in runs})
    return [(one.here.run.run_no, one.there.run.run_no) for one in found]


# -- the table --------------------------------------------------------------------------------------------------------


def test_differences_are_above_0_where_the_run_is_the_better_one() -> None:
    found = pair(merged(wrong=(1,)), merged(wrong=(1, 2, 3)))
    assert (found.top1.only_a, found.top1.only_b, found.flips, found.same_top1) == (0, 2, 2, 298)
    assert found.top1.difference == pytest.approx(2 / 300)


def test_top_5_has_a_table_of_its_own() -> None:
    found = pair(merged(wrong=(1, 2)), merged(unranked=(5,)))
    assert (found.top1.only_a, found.top1.only_b) == (2, 1)
    assert (found.top5.only_a, found.top5.only_b) == (0, 1)


def test_only_samples_that_both_evaluated_count() -> None:
    found = pair(merged(200, wrong=(3,)), merged(unreadable=(3, 4)))
    assert (found.samples, found.flips, found.share) == (198, 0, 1.0)


def test_without_a_sample_in_common_there_is_no_pair() -> None:
    here, there = two(merged(100), merge([make_result(MANIFEST, 200, 100)], MANIFEST.label_array))
    assert pair_of(here, there) is None


@given(samples, samples, samples)
def test_the_other_way_round_the_tables_are_mirrored(one: set[int], other: set[int], odd: set[int]) -> None:
    a, b = merged(wrong=one, unranked=odd), merged(wrong=other)
    there, back = pair(a, b), pair(b, a)
    assert (there.top1.only_a, there.top1.only_b) == (back.top1.only_b, back.top1.only_a)
    assert (there.same_top1, there.flips, there.top1.p) == (back.same_top1, back.flips, back.top1.p)
    assert there.top1.difference == -back.top1.difference


def test_a_chip_that_answers_alike_is_no_worse_than_the_other() -> None:
    assert pair(merged(wrong=range(40)), merged(wrong=range(40))).no_worse is Status.UNDECIDED  # 300 cannot tell 1 pp
    assert report_of(two_chip_job()).pairs[0].no_worse is Status.PASS


def word(here: Merged, there: Merged) -> Status:
    found = pair_of(*two(here, there), margin=0.05)
    assert found is not None
    return found.no_worse


def test_photos_that_nobody_could_read_change_nothing_but_a_gap_of_one_side_decides_nothing() -> None:
    whole, cut = merged(), merged(unreadable=range(9))
    assert (word(whole, whole), word(cut, cut)) == (Status.PASS, Status.PASS)
    assert (word(cut, whole), word(whole, cut)) == (Status.UNDECIDED, Status.UNDECIDED)


def test_a_simulator_is_no_better_and_no_worse() -> None:
    assert report_of(two_chip_job(("simulated", "real"))).pairs[0].no_worse is Status.UNDECIDED


def test_the_margin_is_the_caller_s() -> None:
    job = two_chip_job()
    assert build_report(*job, margin=0.0001).pairs[0].no_worse is Status.UNDECIDED


# -- which runs -------------------------------------------------------------------------------------------------------


def test_each_chip_is_held_against_every_later_one_and_the_cpu_comes_last() -> None:
    assert chosen(("cpu", "310P3", "T4"), (1,), {}) == [(2, 3), (2, 1), (3, 1)]


def test_of_many_batches_one_pair_is_taken_at_an_equal_batch() -> None:
    assert chosen(("310P3", "T4"), (1, 4, 16), {}) == [(1, 4)]


def test_complete_runs_come_before_an_equal_batch() -> None:
    assert chosen(("310P3", "T4"), (1, 16), {1: 299, 4: 10}) == [(2, 3)]
    assert chosen(("310P3", "T4"), (1, 16), {1: 299, 3: 299}) == [(2, 4)]


def test_a_run_that_evaluated_nothing_is_held_against_nothing() -> None:
    assert chosen(("310P3", "T4"), (1,), {2: 0}) == []


@pytest.mark.parametrize("batches", [(1,), (1, 16)])
def test_one_chip_makes_no_pair(batches: tuple[int, ...]) -> None:
    report = report_of(cpu_job(batches=batches))
    assert (report.pairs, report.flips) == ((), ())


# -- flips ------------------------------------------------------------------------------------------------------------


def test_flips_are_named_with_both_answers() -> None:
    found = flips_of(*two(merged(wrong=(7,), unranked=(9,)), merged(wrong=(3,))))
    assert (found.total, found.run_no, found.against_no) == (3, 1, 2)
    assert found.shown == (
        Flip(index=3, name="photo-000004.jpg", label=3, here=3, there=4),
        Flip(index=7, name="photo-000008.jpg", label=7, here=8, there=7),
        Flip(index=9, name="photo-000010.jpg", label=9, here=None, there=9),
    )


def test_ten_thousand_flips_are_counted_and_the_first_are_named() -> None:
    record, manifest = cpu_job(samples=10_000, batches=(16,))
    other = cpu_job(samples=10_000, batches=(16,), wrong=range(10_000))[0]
    spec = make_spec(manifest, chips=("T4", "cpu"), batches=(16,))
    runs = (replace(other.runs[0], run_no=1), replace(record.runs[0], run_no=2))
    report = build_report(replace(record, spec=spec, runs=runs), manifest)
    assert (report.flips[0].total, len(report.flips[0].shown)) == (10_000, MAX_FLIPS)
    assert (report.pairs[0].flips, report.pairs[0].top1.p, report.pairs[0].no_worse) == (10_000, 0.0, Status.FAIL)


def test_a_pair_without_a_flip_has_no_list() -> None:
    report = report_of(two_chip_job())
    assert (len(report.pairs), report.flips) == (1, ())


def test_pairs_and_agreement_say_the_same() -> None:
    report = report_of(beside_cpu("real"))
    (found,), agreement = report.pairs, report.runs[0].agreement
    assert agreement and (found.same_top1, found.samples) == (agreement.same_top1, agreement.samples)
    assert (found.top1.only_b, found.top1.only_a) == (agreement.only_here_right, agreement.only_there_right)
    assert [flip.index for flip in report.flips[0].shown] == [8, 9]
