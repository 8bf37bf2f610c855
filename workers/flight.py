"""One infer item in a device's hands: which batches fly in which slot, and what has come back of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.recipe import Recipe
from dinoq.jobs.result import NOT_EVALUATED, TOP, Predictions, Times, top_five
from dinoq.workers.data.preprocess import normalise
from dinoq.workers.devices import ring
from dinoq.workers.tasks import WorkFailed


@dataclass(frozen=True, slots=True)
class Flight:
    """One slot on its way: samples [first, first + n) of the item, in `batches` batches, on pass `lap`."""

    work: Work
    first: int
    n: int
    batches: int
    lap: int


class Work:
    """What one infer item feeds a device, and what has come back: flights in order, the times of each batch.

    `n_done` counts the images of the flights that are back. `ended` is set with the last of them, or with `failed`.
    """

    def __init__(self, recipe: Recipe, batch: int) -> None:
        self.recipe = recipe
        self.batch = batch
        self.times: list[NDArray[np.float32]] = []
        self.fed_ms: float | None = None
        self.done_ms = 0.0
        self.n_done = 0
        self.failed: WorkFailed | None = None
        self.ended = threading.Event()

    def flights(self, layout: ring.Layout) -> Iterator[Flight]:
        """Every flight, in order."""
        raise NotImplementedError

    def fill(self, flight: Flight, slot: NDArray[np.float32]) -> None:
        """Write the flight's images into the slot as the program takes them."""
        raise NotImplementedError

    def take(self, flight: Flight, logits: NDArray[np.float32], times: NDArray[np.float32]) -> None:
        """The flight is back."""
        raise NotImplementedError

    def predictions(self, readable: NDArray[np.bool_]) -> Predictions:
        """The five best classes of each sample of the item."""
        raise NotImplementedError

    def measured(self, loading_ms: float) -> Times:
        """When and how long the device worked on it."""
        raise NotImplementedError

    def fail(self, reason: WorkFailed) -> None:
        """The device died with this work in flight."""
        self.failed = reason
        self.ended.set()

    def _note(self, flight: Flight, times: NDArray[np.float32]) -> None:
        self.n_done += flight.n
        self.times.append(times[: flight.batches].copy())
        self.done_ms = time.monotonic() * 1000.0

    def _rows(self) -> NDArray[np.float32]:
        """Of every batch in order, float32 [batches, 3]: compute, h2d and d2h in ms."""
        return np.concatenate(self.times) if self.times else np.empty((0, 3), np.float32)


class Inference(Work):
    """The part that is being evaluated. `pixels` uint8 [count, 3, H, W] is read, never copied whole.

    `laps` > 1 feeds the same data again for timing; predictions come from the first lap alone. `n_done` counts the
    samples of every lap. `keep`: what the program gave in that lap is kept whole, for so many classes (0: it is not).
    """

    def __init__(self, pixels: NDArray[np.uint8], recipe: Recipe, batch: int, laps: int, keep: int = 0) -> None:
        super().__init__(recipe, batch)
        self.pixels = pixels
        self.laps = laps
        count = len(pixels)
        self.classes = np.full((count, TOP), NOT_EVALUATED, np.int16)
        self.scores = np.full((count, TOP), -np.inf, np.float16)
        self._logits = np.empty((count, keep), np.float32) if keep else None
        self.timed: list[bool] = []
        self._left = 0

    def flights(self, layout: ring.Layout) -> Iterator[Flight]:
        """Every flight of every lap, in order."""
        count, step = len(self.pixels), layout.images
        self._left = self.laps * -(-count // step)
        for lap in range(self.laps):
            for first in range(0, count, step):
                n = min(step, count - first)
                yield Flight(self, first, n, -(-n // self.batch), lap)

    def fill(self, flight: Flight, slot: NDArray[np.float32]) -> None:
        """Write the flight's samples into the slot as the program takes them; the last batch is padded with zeros."""
        n = flight.n
        write_pixels(self.pixels[flight.first : flight.first + n], self.recipe, slot[:n])
        slot[n : flight.batches * self.batch] = 0

    def take(self, flight: Flight, logits: NDArray[np.float32], times: NDArray[np.float32]) -> None:
        """The flight is back: rank its logits, keep its times; a padded batch is left out of timing."""
        first, n = flight.first, flight.n
        if flight.lap == 0:
            best = top_five(logits[:n])
            self.classes[first : first + n] = best.classes
            self.scores[first : first + n] = best.scores
            if self._logits is not None:
                self._logits[first : first + n] = logits[:n]
        self._note(flight, times)
        self.timed += [(number + 1) * self.batch <= n for number in range(flight.batches)]
        self._left -= 1
        if self._left == 0:
            self.ended.set()

    def predictions(self, readable: NDArray[np.bool_]) -> Predictions:
        """The five best of each sample; -1 for those that were not readable, whose pixels were zeros."""
        classes, scores = self.classes.copy(), self.scores.copy()
        classes[~readable] = NOT_EVALUATED
        scores[~readable] = -np.inf
        return Predictions(classes, scores)

    def logits(self, readable: NDArray[np.bool_]) -> NDArray[np.float32] | None:
        """float32 [count, classes], NaN for those that were not readable; None unless they were to be kept."""
        if self._logits is not None:
            self._logits[~readable] = np.nan
        return self._logits

    def measured(self, loading_ms: float) -> Times:
        """When and how long the device worked on it."""
        rows = self._rows()
        timed = np.array(self.timed, np.bool_)
        fed_ms = self.fed_ms if self.fed_ms is not None else self.done_ms
        return Times(rows[:, 0], rows[:, 1], rows[:, 2], timed, fed_ms, self.done_ms, loading_ms)


def write_pixels(source: NDArray[np.uint8], recipe: Recipe, out: NDArray[np.float32]) -> None:
    """uint8 [n, 3, H, W] as a program takes them: floats normalised by the recipe, or bytes as they are."""
    if out.dtype == np.float32:
        normalise(source, recipe, out)
    elif out.dtype == np.uint8:  # a program that normalises by itself, and may take packed pixels
        np.copyto(out, source if out.shape[1:] == source.shape[1:] else source.transpose(0, 2, 3, 1))
    else:
        exact = np.empty(source.shape, np.float32)
        normalise(source, recipe, exact)
        out[:] = exact
