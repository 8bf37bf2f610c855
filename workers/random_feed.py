"""Random pixels for a device, the same ones over and over, until its times are steady."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.recipe import Recipe
from dinoq.jobs.result import TOP, Predictions, Times
from dinoq.jobs.windows import Measuring, decisive
from dinoq.workers.devices import ring
from dinoq.workers.flight import Flight, Work, write_pixels

SEED = 2021
"""Whoever repeats a run feeds the same pixels."""
PICTURES = 64
"""So many different ones, again and again: a slot of a large batch is filled in a known amount of memory."""


class RandomFeed(Work):
    """A run on random data: no sample, no answer, only times. `n_done` counts images.

    The pixels are uint8 and normalised as the recipe says, so that what a program gets as floats lies where photos
    would: random bytes would be NaN and denormal numbers among them, which some chips compute at another speed.
    """

    def __init__(self, recipe: Recipe, batch: int) -> None:
        super().__init__(recipe, batch)
        shape = (PICTURES, 3, recipe.crop, recipe.crop)
        self._pictures = np.random.default_rng(SEED).integers(0, 256, shape, np.uint8)
        self._measuring: Measuring | None = None
        self._sent = 0
        self._landed = 0
        self._all_sent = False

    def flights(self, layout: ring.Layout) -> Iterator[Flight]:
        """Whole slots for as long as it is not enough; a lap goes once around the ring."""
        while not self._enough:
            number, self._sent = self._sent, self._sent + 1
            yield Flight(self, number * layout.images, layout.images, layout.batches, number // layout.slots)
        self._all_sent = True
        self._end_if_landed()

    def fill(self, flight: Flight, slot: NDArray[np.float32]) -> None:
        """On the first lap alone: nothing changes a slot's pixels afterwards, and the device never waits for more."""
        if flight.lap == 0:
            for first in range(0, flight.n, PICTURES):
                n = min(PICTURES, flight.n - first)
                write_pixels(self._pictures[:n], self.recipe, slot[first : first + n])

    def take(self, flight: Flight, logits: NDArray[np.float32], times: NDArray[np.float32]) -> None:
        """The flight is back: its times may be the last that were needed."""
        self._note(flight, times)
        if not self._enough:
            begun = self._measuring or Measuring(begun_ms=self.fed_ms or self.done_ms)
            self._measuring = begun.after(self.times[-1][:, 0], self.done_ms)
        self._landed += 1
        self._end_if_landed()

    def predictions(self, readable: NDArray[np.bool_]) -> Predictions:
        """Of no sample: what a program says of noise is neither right nor wrong."""
        return Predictions(np.empty((0, TOP), np.int16), np.empty((0, TOP), np.float16))

    def measured(self, loading_ms: float) -> Times:
        """All batches in order; those of the last three windows are timed."""
        rows = self._rows()
        sizes = self._measuring.sizes if self._measuring else ()
        fed_ms = self.fed_ms if self.fed_ms is not None else self.done_ms
        timed = decisive(sizes, len(rows))
        return Times(rows[:, 0], rows[:, 1], rows[:, 2], timed, fed_ms, self.done_ms, loading_ms, sizes)

    @property
    def _enough(self) -> bool:
        return self._measuring is not None and self._measuring.enough

    def _end_if_landed(self) -> None:
        # Asked by the feeding thread once it has sent all, and by the keeper at each landing: each first writes its own
        # word, then reads the other's, so that one of them sees both.
        if self._all_sent and self._landed == self._sent:
            self.ended.set()
