"""How a job is cut into units of work: slices to preprocess and store, parts of them to infer. Exact cover, no overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SHARD_SAMPLES = 1024
MAX_SHARD_SAMPLES = 4096
PART_SAMPLES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Samples [first, first + count) of the manifest: what one preprocess item stores as one shard."""

    no: int
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Samples [first, first + count) of the manifest, within slice `slice_no`: what one infer item evaluates."""

    no: int
    slice_no: int
    first: int
    count: int


RANDOM_PART = Part(no=1, slice_no=0, first=0, count=0)
"""The one infer item of a run on random data: of no slice, and no sample of the manifest."""


def shard_samples(batches: Iterable[int]) -> int:
    """Samples per shard: 1024, rounded up to a multiple of all batches, at most 4096.

    Where no such multiple is that small, a multiple of the largest batch, so that few batches are cut short.
    """
    sizes = tuple(batches)
    whole = math.lcm(*sizes)
    if whole > MAX_SHARD_SAMPLES:
        whole = max(sizes)
    return min(_round_up(SHARD_SAMPLES, whole), MAX_SHARD_SAMPLES // whole * whole)


def plan_slices(samples: int, batches: Iterable[int]) -> tuple[Slice, ...]:
    """The slices of `samples` samples; together they tile [0, samples)."""
    size = shard_samples(batches)
    return tuple(
        Slice(no=no, first=first, count=min(size, samples - first))
        for no, first in enumerate(range(0, samples, size), start=1)
    )


def slice_first(no: int, batches: Iterable[int]) -> int:
    """The first sample of slice `no` (from 1), as `plan_slices` cuts."""
    return (no - 1) * shard_samples(batches)


def plan_parts(slices: Iterable[Slice], batch: int) -> tuple[Part, ...]:
    """The parts of the slices for one run: 256 samples, rounded up to a multiple of its batch."""
    size = _round_up(PART_SAMPLES, batch)
    spans = (
        (piece.no, first, min(size, piece.first + piece.count - first))
        for piece in slices
        for first in range(piece.first, piece.first + piece.count, size)
    )
    return tuple(
        Part(no=no, slice_no=slice_no, first=first, count=count)
        for no, (slice_no, first, count) in enumerate(spans, start=1)
    )


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
