"""What evaluating one part of a run yields: counters, top-5 predictions and per-batch times, as compact blobs."""

from __future__ import annotations

import hashlib
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TOP = 5
MAX_CLASSES = 32_767
"""Classes are stored as int16."""
NOT_EVALUATED = -1
"""Stands for the classes of a sample that was not evaluated, and for the places that a small model lacks."""
UNRANKED = -2
"""Stands for the classes of a sample that was answered with a NaN or an Inf in any place: it was evaluated, and is wrong."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """The five best classes of each sample, best first, and their scores.

    `classes` int16 [n, 5], `scores` float16 [n, 5]; ties go to the lowest class. A sample that was not evaluated has
    class -1 throughout; a model of fewer than five classes has -1 in the places it lacks. A sample with a NaN or an Inf
    among its logits has class -2 throughout: whatever the other logits say is not to be trusted, so that it counts as
    evaluated and hits no label.
    """

    classes: NDArray[np.int16]
    scores: NDArray[np.float16]

    @property
    def evaluated(self) -> NDArray[np.bool_]:
        """Which samples were, bool [n]: those answered with a NaN or an Inf too."""
        evaluated: NDArray[np.bool_] = self.classes[:, 0] != NOT_EVALUATED
        return evaluated

    @property
    def nonfinite(self) -> int:
        """How many samples were answered with a NaN or an Inf."""
        return int((self.classes[:, 0] == UNRANKED).sum())

    def to_blob(self) -> bytes:
        """Little-endian classes, then scores."""
        return self.classes.astype("<i2").tobytes() + self.scores.astype("<f2").tobytes()

    @classmethod
    def from_blob(cls, blob: bytes) -> Predictions:
        """The predictions that `to_blob` wrote."""
        n = len(blob) // (TOP * 4)
        classes = np.frombuffer(blob, "<i2", n * TOP).reshape(n, TOP)
        return cls(classes, np.frombuffer(blob, "<f2", n * TOP, n * TOP * 2).reshape(n, TOP))

    def digest(self) -> str:
        """sha256 of the classes alone: two devices agree when they rank alike."""
        return hashlib.sha256(self.classes.astype("<i2").tobytes()).hexdigest()


@dataclass(frozen=True)
class Times:
    """When and how long a device worked on one part; NaN in an array where the vendor does not tell.

    `compute_ms`, `h2d_ms`, `d2h_ms`: float32 [batches], one entry per executed batch in order; `timed` bool [batches]
    is False for a batch that was padded. `fed_ms` and `done_ms` are the device host's monotonic clock at the first
    batch fed and the last result back; `loading_ms` is what loading the program cost before this part (else 0).
    `windows`: of a run on random data, how many batches each window had (jobs/windows.py), from the first batch on;
    only the last three windows are `timed`.
    """

    compute_ms: Floats
    h2d_ms: Floats
    d2h_ms: Floats
    timed: NDArray[np.bool_]
    fed_ms: float
    done_ms: float
    loading_ms: float = 0.0
    windows: tuple[int, ...] = ()

    _HEAD = struct.Struct("<BIddd")

    def to_blob(self) -> bytes:
        """A version byte, the count, three doubles, then the arrays and what windows there are, little-endian."""
        head = self._HEAD.pack(1, len(self.compute_ms), self.fed_ms, self.done_ms, self.loading_ms)
        floats = np.stack([self.compute_ms, self.h2d_ms, self.d2h_ms]).astype("<f4")
        windows = np.array(self.windows, "<u4").tobytes()
        return head + floats.tobytes() + self.timed.astype(np.uint8).tobytes() + windows

    @classmethod
    def from_blob(cls, blob: bytes) -> Times:
        """The times that `to_blob` wrote. Raises: ValueError for an unknown version."""
        version, n, fed_ms, done_ms, loading_ms = cls._HEAD.unpack_from(blob)
        if version != 1:
            raise ValueError(f"times of version {version}")
        floats = np.frombuffer(blob, "<f4", 3 * n, cls._HEAD.size).reshape(3, n)
        timed = np.frombuffer(blob, np.uint8, n, cls._HEAD.size + 12 * n).astype(np.bool_)
        windows = tuple(np.frombuffer(blob, "<u4", offset=cls._HEAD.size + 13 * n).tolist())
        return cls(floats[0], floats[1], floats[2], timed, fed_ms, done_ms, loading_ms, windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """One part of one run, evaluated: samples [first, first + count) of the manifest; none, and only times, for a run on
    random data.

    `n` samples were evaluated, of which `top1` and `top5` were right; `unreadable` were not evaluated: n + unreadable
    = count. `nonfinite` of the n were answered with a NaN or an Inf, so that they are right in neither. `overlap` names what else ran on the host meanwhile (`compiling, preprocessing`), empty for nothing: the
    worker says whether others were on its device (jobs/exclusive.py), the ledger adds the rest. `logits` is where the
    store keeps what the program gave, empty unless the job asked for it. `program` is what the loaded program says of
    itself (`clock`, `cuda_graph`); the ledger keeps it with the run's devices, not with each part.
    """

    run_no: int
    no: int
    first: int
    count: int
    device: str
    n: int
    top1: int
    top5: int
    unreadable: int
    predictions: bytes
    times: bytes
    overlap: str = ""
    logits: str = ""
    program: dict[str, str] = field(default_factory=dict)
    nonfinite: int = 0


def top_five(logits: Floats) -> Predictions:
    """The five best classes of each row of float32 logits [n, classes]; ties go to the lowest class.

    Five passes of argmax over a copy: deterministic, and faster than a partition on 1000 classes. A row with a NaN or
    an Inf anywhere is not ranked: its classes are -2.
    """
    left = logits.astype(np.float32)
    unranked = _nonfinite_rows(left)
    n, width = left.shape
    classes = np.full((n, TOP), -1, np.int16)
    scores = np.full((n, TOP), -np.inf, np.float16)
    rows = np.arange(n)
    for rank in range(min(TOP, width)):
        best = left.argmax(axis=1)
        classes[:, rank] = best
        with np.errstate(over="ignore"):  # float16 is for display; ranks are what counts
            scores[:, rank] = left[rows, best]
        left[rows, best] = -np.inf  # below every number, so that no class is taken twice
    classes[unranked], scores[unranked] = UNRANKED, -np.inf
    return Predictions(classes, scores)


def _nonfinite_rows(logits: Floats) -> NDArray[np.intp]:
    """The rows that hold a NaN or an Inf. A sum costs a fraction of looking at each value, and tells that there is one;
    where large numbers alone made it so, the values are looked at."""
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = np.flatnonzero(~np.isfinite(logits.sum(axis=1)))
    return suspect[~np.isfinite(logits[suspect]).all(axis=1)] if suspect.size else suspect


def hits(predictions: Predictions, labels: NDArray[np.int32]) -> tuple[int, int]:
    """How many samples have their label first, and among the first five. `labels` int32 [n]."""
    right = predictions.classes == labels[:, None]
    return int(right[:, 0].sum()), int(right.any(axis=1).sum())


def by_device(results: Iterable[ShardResult]) -> dict[str, list[ShardResult]]:
    """The parts of each device, by its key, in the order they are given."""
    found: defaultdict[str, list[ShardResult]] = defaultdict(list)
    for result in results:
        found[result.device].append(result)
    return dict(sorted(found.items()))


def in_feeding_order(parts: Iterable[ShardResult]) -> list[Times]:
    """The times of one device's parts, as it was fed them."""
    return sorted((Times.from_blob(part.times) for part in parts), key=lambda one: (one.fed_ms, one.done_ms))
