"""Which differences of accuracy are told from chance."""

from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinoq.jobs.compare.accuracy import AccuracyCompared, compare_accuracy
from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.verdicts import Status
from tests.builders import make_manifest
from tests.comparisons import MANIFEST, make_side


def compared(a: Side, b: Side, flips: int = 100) -> AccuracyCompared:
    made = compare_accuracy(a, b, margin=0.01, flips=flips)
    assert made is not None
    return made


def with_wrong(wrong: Collection[int]) -> Side:
    return make_side(wrong=wrong)


def test_the_same_answers_are_no_change() -> None:
    made = compared(with_wrong(range(100)), with_wrong(range(100)))
    assert (made.outcome, made.why) == (Outcome.NO_CHANGE, "every answer is the same")
    assert made.paired and (made.paired.top1.p, made.paired.flipped) == (1.0, ())


def test_planted_40_against_10_is_a_regression_with_its_p() -> None:
    made = compared(with_wrong(range(100, 110)), with_wrong(range(200, 240)))
    assert made.outcome is Outcome.REGRESSION
    assert made.paired and (made.paired.top1.only_a, made.paired.top1.only_b) == (40, 10)
    assert made.paired.top1.p == pytest.approx(2.386e-5, rel=1e-3)


def test_the_other_way_round_it_is_an_improvement() -> None:
    assert compared(with_wrong(range(200, 240)), with_wrong(range(10))).outcome is Outcome.IMPROVED


def without_top5(side: Side, lost: Collection[int]) -> Side:
    """The same Top-1 answers, but those samples no longer have their label among the first five."""
    predictions = side.merged.predictions()
    predictions.classes[list(lost), 1] = (side.manifest.label_array[list(lost)] + 7) % 10
    whole = replace(side.merged.results[0], count=len(side.manifest), predictions=predictions.to_blob())
    return replace(side, merged=replace(side.merged, results=(whole,)))


def test_a_worse_top_5_is_a_regression_though_top_1_stayed() -> None:
    wrong = range(100)
    made = compared(with_wrong(wrong), without_top5(with_wrong(wrong), range(60, 90)))
    assert (made.outcome, made.why) == (Outcome.REGRESSION, "top-5 -1.46 pp, p = 1.9e-09")
    assert made.paired and made.paired.top1.discordant == 0


def test_a_few_flips_both_ways_are_no_change() -> None:
    made = compared(with_wrong((1, 2, 3)), with_wrong((4, 5)))
    assert made.outcome is Outcome.NO_CHANGE
    assert made.paired and made.paired.no_worse is Status.PASS


def test_a_simulator_passes_and_fails_nothing() -> None:
    made = compared(make_side(origin="simulated"), make_side(origin="simulated", wrong=range(99)))
    assert made.outcome is Outcome.REGRESSION
    assert made.paired and made.paired.no_worse is Status.UNDECIDED


def test_what_many_flips_could_hide_is_undecided() -> None:
    made = compared(with_wrong(range(300)), with_wrong(range(300, 600)))
    assert (made.outcome, "cannot rule out 1 pp" in made.why) == (Outcome.UNDECIDED, True)


def test_the_flipped_photos_are_listed_with_what_each_says() -> None:
    made = compared(with_wrong((7,)), with_wrong((3, 11)), flips=2)
    assert made.paired and made.paired.top1.discordant == 3
    first, second = made.paired.flipped
    assert (first.name, first.label, first.a, first.b) == (MANIFEST.names[3], 3, 3, 4)
    assert (second.name, second.a, second.b) == (MANIFEST.names[7], 8, 7)


def test_ten_thousand_flips_are_counted_and_listed_as_far_as_is_wished() -> None:
    manifest = make_manifest(20_000)
    here = make_side(manifest=manifest, wrong=range(0, 20_000, 4))
    there = make_side(manifest=manifest, wrong=range(1, 20_000, 4))
    made = compared(here, there, flips=9_000)
    assert made.paired and (made.paired.top1.discordant, len(made.paired.flipped)) == (10_000, 9_000)


def test_what_one_side_could_not_read_is_paired_on_neither() -> None:
    made = compared(make_side(unreadable=range(8)), with_wrong(range(8)))
    assert made.paired and (made.paired.samples, made.paired.top1.discordant) == (2040, 0)


def test_other_samples_are_not_paired_and_the_difference_is_told_with_its_interval() -> None:
    made = compared(make_side(wrong=range(200)), make_side(manifest=make_manifest(1000), wrong=range(300)))
    assert (made.outcome, made.why) == (Outcome.UNDECIDED, "not paired: 2048 samples against 1000")
    assert made.paired is None and made.unpaired and made.unpaired.top1
    assert made.unpaired.top1.low < made.unpaired.top1.value < made.unpaired.top1.high < 0


def test_without_an_answer_on_one_side_there_is_no_difference() -> None:
    made = compared(make_side(job=1), make_side(job=2, results=()))
    assert made.why == "not paired: 2/T4:16 has no answer to any photo"
    assert made.unpaired and made.unpaired.top1 is None


def test_without_a_photo_that_both_evaluated_nothing_is_paired() -> None:
    made = compared(make_side(unreadable=range(1024)), make_side(unreadable=range(1024, 2048)))
    assert (made.paired, made.why) == (None, "not paired: no photo was evaluated by both")


def test_without_an_answer_on_either_side_nothing_is_decided() -> None:
    made = compared(make_side(results=()), make_side(results=()))
    assert (made.outcome, made.why) == (Outcome.UNDECIDED, "not paired: neither has an answer to any photo")


def test_who_lacks_samples_that_the_other_evaluated_is_not_called_unchanged() -> None:
    made = compared(make_side(job=1), make_side(job=2, unreadable=range(1024)))
    assert made.outcome is Outcome.UNDECIDED
    assert made.why.endswith("not every photo was evaluated by both")
    assert made.paired and made.paired.no_worse is Status.UNDECIDED


def test_of_many_pairs_each_must_be_surer() -> None:
    a, b = make_side(job=1), make_side(job=2, wrong=range(7))  # p = 0.016
    alone, of_twelve = (compare_accuracy(a, b, margin=0.01, flips=1, of=of) for of in (1, 12))
    assert alone and of_twelve
    assert (alone.outcome, of_twelve.outcome) == (Outcome.REGRESSION, Outcome.NO_CHANGE)


samples = st.sets(st.integers(0, 2047), max_size=60)


@settings(max_examples=25, deadline=None)
@given(here=samples, there=samples)
def test_the_other_way_round_it_is_the_mirror(here: set[int], there: set[int]) -> None:
    one, other = compared(with_wrong(here), with_wrong(there)), compared(with_wrong(there), with_wrong(here))
    assert other.outcome is one.outcome.mirrored
    assert one.paired and other.paired
    assert other.paired.top1.difference == pytest.approx(-one.paired.top1.difference)
    assert other.paired.top1.p == one.paired.top1.p
    assert {flip.name for flip in one.paired.flipped} == {flip.name for flip in other.paired.flipped}


def test_an_answer_with_nan_in_it_is_wrong_and_agrees_with_none() -> None:
    made = compared(make_side(unranked=(5,)), make_side(unranked=(5, 6)))
    assert made.paired and (made.paired.samples, made.paired.same_top1) == (2048, 2046)
    assert [(flip.name, flip.b) for flip in made.paired.flipped] == [(MANIFEST.names[6], None)]
