"""How a chip's answers compare with the cpu's, photo by photo."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from dinoq.jobs.agreement import Agreement, agreements
from dinoq.jobs.answers import answers_of
from dinoq.jobs.merge import Merged, merge
from tests.builders import make_manifest, make_spec
from tests.reports import make_result

MANIFEST = make_manifest(100)
LABELS = MANIFEST.label_array
LISTED = dict.fromkeys(range(1, 7), MANIFEST)
"""The manifest of every run's job."""


def merged(
    count: int = 100, *, wrong: Collection[int] = (), unreadable: Collection[int] = (), unranked: Collection[int] = ()
) -> Merged:
    return merge([make_result(MANIFEST, 0, count, wrong=wrong, unreadable=unreadable, unranked=unranked)], LABELS)


def compare(there: Merged, here: Merged) -> Agreement:
    return agreements(answers_of(make_spec(MANIFEST, chips=("cpu", "T4")).runs, {1: there, 2: here}, LISTED))[2]


def test_the_same_answers_agree_even_where_they_are_wrong() -> None:
    found = compare(merged(wrong=(3, 4)), merged(wrong=(3, 4)))
    assert (found.samples, found.same_top1, found.share) == (100, 100, 1.0)


def test_what_is_right_on_one_side_alone_is_counted_by_side() -> None:
    found = compare(merged(wrong=(1, 2, 3)), merged(wrong=(3, 4)))
    assert (found.same_top1, found.only_here_right, found.only_there_right) == (97, 2, 1)


def test_two_wrong_answers_that_differ_do_not_agree() -> None:
    here = merged(wrong=(5,))
    predictions = here.predictions()
    predictions.classes[5, 0] = (LABELS[5] + 2) % 10
    other = replace(here.results[0], predictions=predictions.to_blob())
    found = compare(here, replace(here, results=(other,)))
    assert (found.same_top1, found.only_here_right, found.only_there_right) == (99, 0, 0)


def test_only_photos_that_both_evaluated_count() -> None:
    found = compare(merged(unreadable=(0, 1)), merged(90, unreadable=(2,)))
    assert (found.samples, found.same_top1, found.only_there_right) == (87, 87, 0)


def test_an_answer_with_nan_is_evaluated_and_agrees_with_nothing() -> None:
    found = compare(merged(unranked=(1, 2)), merged(unranked=(2, 3)))
    assert (found.samples, found.same_top1) == (100, 97)
    assert (found.only_here_right, found.only_there_right) == (1, 1)


def test_the_cpu_run_of_the_same_batch_is_preferred() -> None:
    runs = make_spec(MANIFEST, chips=("T4", "cpu"), batches=(1, 16)).runs
    found = agreements(answers_of(runs, {run.run_no: merged() for run in runs}, LISTED))
    assert {no: (one.chip, one.batch) for no, one in found.items()} == {1: ("cpu", 1), 2: ("cpu", 16)}


def test_else_the_first_complete_cpu_run_is_taken() -> None:
    runs = make_spec(MANIFEST, chips=("T4", "cpu"), batches=(1, 4, 16)).runs
    by_run = {run.run_no: merged() for run in runs} | {4: merged(90), 6: merge([], LABELS)}
    found = agreements(answers_of(runs, by_run, LISTED))
    assert {no: one.batch for no, one in found.items()} == {1: 1, 2: 4, 3: 4}


@pytest.mark.parametrize("chips", [("T4",), ("cpu",), ("T4", "310P3")])
def test_without_a_cpu_run_beside_another_there_is_nothing_to_say(chips: tuple[str, ...]) -> None:
    runs = make_spec(MANIFEST, chips=chips).runs
    assert agreements(answers_of(runs, {run.run_no: merged() for run in runs}, LISTED)) == {}


def test_runs_that_evaluated_nothing_in_common_are_not_compared() -> None:
    runs = make_spec(MANIFEST, chips=("cpu", "T4")).runs
    late = merge([make_result(MANIFEST, 50, 50)], LABELS)
    assert agreements(answers_of(runs, {1: merged(50), 2: late}, LISTED)) == {}
