"""The samples of a job that could not be decoded, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import SliceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """One sample that could not be decoded."""

    name: str
    reason: str


def unreadable_of(slices: Sequence[SliceRecord], manifest: Manifest) -> tuple[Unreadable, ...]:
    """All of them, in the order of the manifest."""
    found = []
    for piece in slices:
        for offset in np.flatnonzero(np.frombuffer(piece.readable or b"", np.uint8) == 0):
            name = manifest.names[piece.first + int(offset)]
            found.append(Unreadable(name=name, reason=piece.reasons.get(name, "not readable")))
    return tuple(found)
