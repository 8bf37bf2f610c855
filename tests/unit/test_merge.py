"""Merging: order-free, split-free, duplicate-proof, lossless, and no failure improves a score."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.merge import Merged, Span, merge
from dinoq.jobs.record import FencedRecord
from dinoq.jobs.result import Predictions, ShardResult
from tests.builders import make_manifest
from tests.reports import make_predictions, make_result

N = 60
MANIFEST = make_manifest(N)
LABELS = MANIFEST.label_array
WRONG, UNREADABLE = frozenset({3, 4, 17, 40}), frozenset({4, 25})


def part(first: int, count: int, no: int = 1, wrong: frozenset[int] = WRONG) -> ShardResult:
    return make_result(MANIFEST, first, count, no=no, wrong=wrong, unreadable=UNREADABLE)


def parts(cuts: list[int]) -> list[ShardResult]:
    """The whole manifest, cut at these samples."""
    ends = sorted({0, *cuts, N})
    return [part(first, end - first, no) for no, (first, end) in enumerate(pairwise(ends), start=1)]


def facts(merged: Merged) -> tuple[object, ...]:
    """Everything but how often samples were evaluated in vain."""
    proof = merged.coverage
    counts = (proof.expected, proof.counted, proof.unreadable, proof.missing, merged.top1, merged.top5)
    return *counts, merged.predictions().digest()


WHOLE = merge([part(0, N)], LABELS)
cuts = st.lists(st.integers(1, N - 1), max_size=8)
spans = st.integers(0, N - 1).flatmap(lambda first: st.tuples(st.just(first), st.integers(1, N - first)))


def test_a_whole_run_counts_each_sample_once() -> None:
    assert facts(WHOLE)[:6] == (N, N - 2, 2, (), N - 2 - 3, N - 2)
    assert (WHOLE.coverage.duplicates, WHOLE.coverage.conflicts) == (0, 0)


@given(cuts)
def test_how_the_samples_are_cut_does_not_matter(where: list[int]) -> None:
    assert facts(merge(parts(where), LABELS)) == facts(WHOLE)


@given(cuts.map(parts).flatmap(st.permutations))
def test_the_order_of_the_parts_does_not_matter(shuffled: list[ShardResult]) -> None:
    assert merge(shuffled, LABELS) == merge(sorted(shuffled, key=lambda one: one.first), LABELS)


@given(st.lists(spans, min_size=1, max_size=8))
def test_overlaps_count_once_and_nothing_is_lost(where: list[tuple[int, int]]) -> None:
    covered = {sample for first, count in where for sample in range(first, first + count)}
    merged = merge([part(first, count) for first, count in where], LABELS)
    readable = covered - UNREADABLE
    assert merged.coverage.counted == len(readable)
    assert (merged.top1, merged.top5) == (len(readable - WRONG), len(readable))
    assert merged.coverage.counted + merged.coverage.unreadable + merged.coverage.n_missing == N


@given(st.lists(spans, min_size=1, max_size=5), st.data())
def test_the_order_of_overlapping_and_conflicting_parts_does_not_matter(
    where: list[tuple[int, int]], data: st.DataObject
) -> None:
    given_parts = [part(*span, no=no, wrong=frozenset({no, 2 * no})) for no, span in enumerate(where)]
    assert merge(data.draw(st.permutations(given_parts)), LABELS) == merge(given_parts, LABELS)


@given(cuts, st.data())
def test_a_part_that_comes_twice_counts_once(where: list[int], data: st.DataObject) -> None:
    given_parts = parts(where)
    again = data.draw(st.lists(st.sampled_from(given_parts), min_size=1, max_size=5))
    merged = merge(given_parts + again, LABELS)
    assert facts(merged) == facts(WHOLE)
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (len(again), 0)


@given(st.lists(st.integers(1, N - 1), min_size=2, max_size=6, unique=True), st.data())
def test_what_is_missing_is_known(where: list[int], data: st.DataObject) -> None:
    given_parts = parts(where)
    lost = data.draw(st.sampled_from(given_parts))
    merged = merge([one for one in given_parts if one is not lost], LABELS)
    assert merged.coverage.missing == (Span(lost.first, lost.count),)
    assert merged.coverage.n_missing == lost.count


def test_without_results_all_is_missing() -> None:
    merged = merge([], LABELS)
    assert (merged.coverage.counted, merged.coverage.missing, merged.top1) == (0, (Span(0, N),), 0)
    assert not merged.coverage.complete


def test_merged_predictions_stand_at_their_samples() -> None:
    merged = merge([part(30, 10), part(0, 10)], LABELS)
    classes = merged.predictions().classes
    expected = make_predictions(MANIFEST, 0, N, wrong=WRONG, unreadable=UNREADABLE).classes.copy()
    expected[10:30] = expected[40:] = -1
    np.testing.assert_array_equal(classes, expected)


def test_two_answers_for_the_same_samples_conflict_and_the_worse_one_counts() -> None:
    good, bad = part(0, N, wrong=frozenset()), part(0, N, wrong=frozenset({7, 8}))
    for order in ([good, bad], [bad, good]):
        merged = merge(order, LABELS)
        assert (merged.coverage.duplicates, merged.coverage.conflicts, merged.top1) == (1, 1, N - 2 - 2)


def test_a_conflict_in_an_overlap_is_seen() -> None:
    merged = merge([part(0, 40), part(30, 30, wrong=frozenset({31}))], LABELS)
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (1, 1)


def test_a_difference_beyond_the_overlap_is_no_conflict() -> None:
    merged = merge([part(0, 30), part(20, 40, wrong=WRONG | {50})], LABELS)
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (1, 0)


def test_a_late_attempt_with_the_same_answers_is_a_duplicate() -> None:
    digest = Predictions.from_blob(part(0, N).predictions).digest()
    merged = merge([part(0, N)], LABELS, [FencedRecord(no=1, digest=digest)])
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (1, 0)


def test_a_late_attempt_with_other_answers_is_a_conflict() -> None:
    digest = Predictions.from_blob(part(0, N, wrong=frozenset({1})).predictions).digest()
    merged = merge([part(0, N)], LABELS, [FencedRecord(no=1, digest=digest)])
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (1, 1)
    assert facts(merged) == facts(WHOLE)


def test_a_late_attempt_without_predictions_is_no_duplicate() -> None:
    assert merge([part(0, N)], LABELS, [FencedRecord(no=1, digest="")]).coverage.duplicates == 0


def test_a_late_attempt_at_a_part_without_result_contradicts_nothing() -> None:
    merged = merge([part(0, 30)], LABELS, [FencedRecord(no=2, digest="ab")])
    assert (merged.coverage.duplicates, merged.coverage.conflicts) == (1, 0)


@pytest.mark.parametrize(
    "forged",
    [
        {"first": N - 1},
        {"first": -1},
        {"n": 9},
        {"unreadable": 1},
        {"top1": 11},
        {"top5": 2},
        {"nonfinite": 1},
        {"nonfinite": -1},
        {"predictions": b""},
        {"count": 0, "n": 0, "predictions": b"", "top1": 0, "top5": 0},
    ],
)
def test_a_result_that_does_not_add_up_is_refused(forged: dict[str, Any]) -> None:
    honest = make_result(MANIFEST, 30, 10, wrong=WRONG)
    with pytest.raises(ValueError, match="part 1 of run 1 does not add up"):
        merge([replace(honest, **forged)], LABELS)


@given(cuts)
def test_answers_with_nan_are_counted_once_however_parts_overlap(where: list[int]) -> None:
    odd = (0, 31, 32, N - 1)
    whole = make_result(MANIFEST, 0, N, unranked=odd)
    again = [make_result(MANIFEST, first, N - first, no=no, unranked=odd) for no, first in enumerate(where, start=2)]
    merged = merge([whole, *again], LABELS)
    assert (merged.nonfinite, merged.coverage.counted, merged.top1) == (4, N, N - 4)


def test_what_is_left_of_a_part_that_was_cut_counts_its_own_answers_with_nan() -> None:
    two = [make_result(MANIFEST, 0, 40, unranked=(39,)), make_result(MANIFEST, 30, 30, no=2, unranked=(39, 50))]
    assert merge(two, LABELS).nonfinite == 2
