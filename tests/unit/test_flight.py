"""One infer item in a device's hands."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dinoq.jobs.ledger import FailureClass
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.devices.ring import Layout
from dinoq.workers.flight import Flight, Inference
from dinoq.workers.tasks import WorkFailed

LAYOUT = Layout(slots=2, batches=2, batch=4, shape=(3, 2, 2), dtype="float32", classes=6)


def pictures(n: int) -> NDArray[np.uint8]:
    return np.arange(n * 12, dtype=np.uint8).reshape(n, 3, 2, 2)


def land(work: Inference, flight: Flight, best: int = 0) -> None:
    logits = np.zeros((LAYOUT.images, 6), np.float32)
    logits[:, best] = 1
    work.take(flight, logits, np.full((2, 3), 5.0, np.float32))


def test_flights_cover_the_part_without_gap_or_overlap() -> None:
    flights = list(Inference(pictures(19), RECIPES["dino"], 4, 1).flights(LAYOUT))
    assert [(flight.first, flight.n, flight.batches) for flight in flights] == [(0, 8, 2), (8, 8, 2), (16, 3, 1)]


def test_the_last_batch_is_padded_with_zeros() -> None:
    work = Inference(pictures(3), RECIPES["dino"], 4, 1)
    slot = np.full((8, 3, 2, 2), 9.0, np.float32)
    work.fill(next(work.flights(LAYOUT)), slot)
    assert (slot[3] == 0).all()
    assert (slot[4:] == 9).all()


def test_a_program_that_takes_bytes_gets_the_pixels_as_they_are() -> None:
    work = Inference(pictures(4), RECIPES["dino"], 4, 1)
    slot = np.zeros((8, 3, 2, 2), np.uint8)
    work.fill(next(work.flights(LAYOUT)), slot)  # type: ignore[arg-type]
    assert (slot[:4] == pictures(4)).all()


def test_half_precision_input_is_the_rounded_exact_one() -> None:
    work = Inference(pictures(4), RECIPES["dino"], 4, 1)
    exact, half = np.zeros((8, 3, 2, 2), np.float32), np.zeros((8, 3, 2, 2), np.float16)
    flight = next(work.flights(LAYOUT))
    work.fill(flight, exact)
    work.fill(flight, half)  # type: ignore[arg-type]
    assert (half == exact.astype(np.float16)).all()


def test_a_padded_batch_is_left_out_of_timing() -> None:
    work = Inference(pictures(7), RECIPES["dino"], 4, 1)
    for flight in work.flights(LAYOUT):
        land(work, flight)
    assert work.measured(0.0).timed.tolist() == [True, False]


def test_the_work_ends_with_its_last_flight() -> None:
    work = Inference(pictures(16), RECIPES["dino"], 4, 1)
    flights = list(work.flights(LAYOUT))
    land(work, flights[0])
    assert not work.ended.is_set()
    land(work, flights[1])
    assert work.ended.is_set()


def test_only_the_first_lap_is_predicted_and_all_laps_are_timed() -> None:
    work = Inference(pictures(4), RECIPES["dino"], 4, 3)
    for flight in work.flights(LAYOUT):
        land(work, flight, best=flight.lap)
    assert work.classes[:, 0].tolist() == [0, 0, 0, 0]
    assert len(work.measured(0.0).compute_ms) == 3
    assert work.n_done == 12


def test_a_sample_that_was_not_readable_is_not_predicted() -> None:
    work = Inference(pictures(4), RECIPES["dino"], 4, 1)
    for flight in work.flights(LAYOUT):
        land(work, flight, best=2)
    classes = work.predictions(np.array([True, False, True, True])).classes
    assert classes[:, 0].tolist() == [2, -1, 2, 2]


def test_answers_with_nan_are_counted_without_those_of_padding_and_unreadable_samples() -> None:
    work = Inference(pictures(6), RECIPES["dino"], 4, 2)
    for flight in work.flights(LAYOUT):
        logits = np.zeros((8, 6), np.float32)
        logits[1 if flight.lap == 0 else 2 :, 0] = np.nan
        work.take(flight, logits, np.ones((2, 3), np.float32))
    readable = np.array([True, True, False, True, True, True])
    assert work.predictions(readable).nonfinite == 4


def test_a_dead_device_ends_the_work_with_the_reason() -> None:
    work = Inference(pictures(4), RECIPES["dino"], 4, 1)
    work.fail(WorkFailed(FailureClass.DEVICE, "it died"))
    assert work.ended.is_set()
    with pytest.raises(WorkFailed, match="it died"):
        raise work.failed or AssertionError


def test_what_the_program_gave_in_the_first_lap_is_kept_without_padding() -> None:
    work = Inference(pictures(7), RECIPES["dino"], 4, 2, keep=6)
    for flight in work.flights(LAYOUT):
        land(work, flight, best=1 + flight.lap)
    kept = work.logits(np.ones(7, np.bool_))
    assert kept is not None
    assert kept.tolist() == [[0, 1, 0, 0, 0, 0]] * 7


def test_the_row_of_a_sample_that_was_not_readable_is_nan() -> None:
    work = Inference(pictures(3), RECIPES["dino"], 4, 1, keep=6)
    for flight in work.flights(LAYOUT):
        land(work, flight)
    kept = work.logits(np.array([True, False, True]))
    assert kept is not None
    assert np.isnan(kept).all(axis=1).tolist() == [False, True, False]


def test_nothing_is_kept_that_nobody_asked_for() -> None:
    work = Inference(pictures(3), RECIPES["dino"], 4, 1)
    for flight in work.flights(LAYOUT):
        land(work, flight)
    assert work.logits(np.ones(3, np.bool_)) is None
