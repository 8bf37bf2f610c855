"""Top five, hits, and the blobs of predictions and times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dinoq.jobs.result import UNRANKED, Predictions, Times, hits, top_five
from tests.reports import make_times


def test_the_best_class_comes_first() -> None:
    logits = np.array([[0.1, 5.0, 3.0, -1.0, 4.0, 2.0]], np.float32)
    assert top_five(logits).classes.tolist() == [[1, 4, 2, 5, 0]]


def test_ties_go_to_the_lowest_class() -> None:
    assert top_five(np.zeros((1, 7), np.float32)).classes.tolist() == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_nan_or_an_inf_is_counted_and_not_ranked(odd: float) -> None:
    logits = np.array([[9.0, 1.0, odd, 0.0, 0.5], [9.0, 1.0, 3.0, 0.0, 0.5]], np.float32)
    found = top_five(logits)
    assert found.classes.tolist() == [[UNRANKED] * 5, [0, 2, 1, 4, 3]]
    assert (found.nonfinite, found.evaluated.tolist()) == (1, [True, True])
    assert hits(found, np.array([0, 0], np.int32)) == (1, 1)


def test_numbers_whose_sum_is_too_large_are_ranked_like_any_others() -> None:
    found = top_five(np.array([[3e38, 3.1e38, 3e38, 0.0, 1.0]], np.float32))
    assert (found.classes.tolist(), found.nonfinite) == ([[1, 0, 2, 4, 3]], 0)


ODD = arrays.arrays(np.float32, (6, 8), elements=st.sampled_from([0.0, 1.5, -3e38, 3e38, np.nan, np.inf, -np.inf]))


@given(ODD)
def test_the_rows_that_are_not_ranked_are_just_those_with_a_value_that_is_no_number(logits: np.ndarray) -> None:
    unranked = (top_five(logits).classes == UNRANKED).all(axis=1)
    np.testing.assert_array_equal(unranked, ~np.isfinite(logits).all(axis=1))


def test_a_model_of_three_classes_leaves_two_places_empty() -> None:
    assert top_five(np.array([[1.0, 3.0, 2.0]], np.float32)).classes.tolist() == [[1, 2, 0, -1, -1]]


def test_the_logits_are_left_as_they_were() -> None:
    logits = np.array([[1.0, np.nan, 3.0, 4.0, 5.0]], np.float32)
    before = logits.copy()
    top_five(logits)
    np.testing.assert_array_equal(logits, before)


@given(arrays.arrays(np.float32, (4, 12), elements=st.floats(-100, 100, width=32)))
def test_top_five_is_a_stable_descending_sort(logits: np.ndarray) -> None:
    expected = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(top_five(logits).classes, expected)


def test_hits_count_the_first_and_the_first_five() -> None:
    predictions = top_five(np.tile(np.arange(10, dtype=np.float32), (3, 1)))
    assert hits(predictions, np.array([9, 5, 4], np.int32)) == (1, 2)


def test_a_sample_without_a_prediction_is_no_hit() -> None:
    nothing = Predictions(np.full((2, 5), -1, np.int16), np.zeros((2, 5), np.float16))
    assert hits(nothing, np.array([0, 1], np.int32)) == (0, 0)


def test_predictions_survive_their_blob() -> None:
    made = top_five(np.random.default_rng(1).normal(size=(7, 20)).astype(np.float32))
    read = Predictions.from_blob(made.to_blob())
    np.testing.assert_array_equal(read.classes, made.classes)
    np.testing.assert_array_equal(read.scores, made.scores)


def test_devices_that_rank_alike_have_one_digest() -> None:
    logits = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]], np.float32)
    assert top_five(logits).digest() == top_five(logits * 1.01).digest() != top_five(-logits).digest()


def test_times_survive_their_blob() -> None:
    made = make_times([1.0, 2.5, 3.0], copy_ms=0.25, fed_ms=7.5, padded=1, loading_ms=12.0)
    read = Times.from_blob(made.to_blob())
    assert (read.fed_ms, read.done_ms, read.loading_ms) == (made.fed_ms, made.done_ms, 12.0)
    assert read.timed.tolist() == [True, True, False]
    np.testing.assert_array_equal([read.compute_ms, read.h2d_ms], [made.compute_ms, made.h2d_ms])


def test_times_that_are_not_told_stay_nan() -> None:
    assert np.isnan(Times.from_blob(make_times([1.0]).to_blob()).h2d_ms).all()


def test_times_of_another_version_are_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        Times.from_blob(b"\x09" + make_times([1.0]).to_blob()[1:])
