"""Random pixels in a device's hands."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dinoq.jobs import windows
from dinoq.jobs.recipe import RECIPES
from dinoq.jobs.windows import windows_of
from dinoq.workers.devices.ring import Layout
from dinoq.workers.flight import Flight
from dinoq.workers.random_feed import PICTURES, RandomFeed

BATCH = 4
LAYOUT = Layout(slots=2, batches=2, batch=BATCH, shape=(3, 224, 224), dtype="float32", classes=6)


def land(work: RandomFeed, flight: Flight, ms: float = 500.0) -> None:
    """Its two batches took so long, by a clock that nobody waits for."""
    work.take(flight, np.zeros((LAYOUT.images, 6), np.float32), np.full((2, 3), ms, np.float32))


def flown(work: RandomFeed, flights: Iterator[Flight], delay: int = 0) -> int:
    """Let all land, each when `delay` later ones are on their way; how many there were."""
    sky: list[Flight] = []
    n = 0
    for flight in flights:
        n += 1
        sky.append(flight)
        if len(sky) > delay:
            land(work, sky.pop(0))
    for flight in sky:
        assert not work.ended.is_set()
        land(work, flight)
    return n


def filled(work: RandomFeed, dtype: str, images: int = LAYOUT.images, lap: int = 0) -> NDArray[Any]:
    slot: NDArray[Any] = np.zeros((images, 3, 224, 224), dtype)
    work.fill(Flight(work, 0, images, images // BATCH, lap), slot)
    return slot


def test_flights_go_on_until_the_windows_agree() -> None:
    work = RandomFeed(RECIPES["dino"], BATCH)
    assert flown(work, work.flights(LAYOUT)) == 12
    assert work.ended.is_set()
    assert work.n_done == 12 * 8


def test_what_was_on_its_way_is_waited_for_and_not_timed() -> None:
    work = RandomFeed(RECIPES["dino"], BATCH)
    assert flown(work, work.flights(LAYOUT), delay=2) == 14
    assert work.ended.is_set()
    times = work.measured(7.0)
    assert (times.windows, times.timed.tolist()) == ((8, 8, 8), [True] * 24 + [False] * 4)
    assert times.loading_ms == 7.0


def test_the_bound_is_kept_when_the_windows_never_agree() -> None:
    work = RandomFeed(RECIPES["dino"], BATCH)
    for number, flight in enumerate(work.flights(LAYOUT)):
        land(work, flight, 500.0 + 200.0 * (number // 4 % 2))
    told = windows_of(work.measured(0.0))
    assert told is not None
    assert (len(told.batches), told.agreed) == (windows.MAX_WINDOWS, False)


def test_floats_are_normalised_pixels_and_the_same_each_time() -> None:
    slot = filled(RandomFeed(RECIPES["dino"], BATCH), "float32")
    assert np.isfinite(slot).all()
    assert (slot.min(), slot.max()) == (pytest.approx(-2.118, abs=1e-3), pytest.approx(2.64, abs=1e-3))
    assert (slot == filled(RandomFeed(RECIPES["dino"], BATCH), "float32")).all()


def test_a_program_that_takes_bytes_gets_the_pixels_as_they_are() -> None:
    slot = filled(RandomFeed(RECIPES["dino"], BATCH), "uint8")
    assert (slot.min(), slot.max()) == (0, 255)


def test_every_image_of_a_large_slot_is_filled() -> None:
    slot = filled(RandomFeed(RECIPES["dino"], BATCH), "uint8", images=PICTURES + 8)
    assert (slot[PICTURES:] == slot[:8]).all()
    assert slot[PICTURES:].any(axis=(1, 2, 3)).all()


def test_a_slot_that_was_filled_is_left_alone() -> None:
    assert not filled(RandomFeed(RECIPES["dino"], BATCH), "uint8", lap=1).any()


def test_a_lap_fills_each_slot_once() -> None:
    work = RandomFeed(RECIPES["dino"], BATCH)
    flights = work.flights(LAYOUT)
    assert [next(flights).lap for _ in range(5)] == [0, 0, 1, 1, 2]


def test_noise_is_neither_right_nor_wrong() -> None:
    assert RandomFeed(RECIPES["dino"], BATCH).predictions(np.empty(0, np.bool_)).to_blob() == b""
