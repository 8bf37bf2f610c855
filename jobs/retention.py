"""Which files of a store may go: those that can be made anew, that nobody needs now, and that lay idle for long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FileKind = Literal["shard", "artifact", "leftover"]
"""A leftover is what a killed process had begun to write."""
GRACE_S = 3_600.0
"""What was made or used within the last hour stays: some process may count on it before any row says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that can be made anew. `place` is relative to the store; `idle_s` counts from when it was made or last used;
    `needed`: an active job counts on it."""

    kind: FileKind
    place: str
    bytes: int
    idle_s: float
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a file may lie idle, and how many bytes all of them may have; None for no such limit."""

    idle_s: float | None = None
    bytes: int | None = None

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.idle_s is not None or self.bytes is not None


def removable(files: Sequence[StoredFile], limits: Limits) -> tuple[StoredFile, ...]:
    """Those to remove so that the limits hold, the longest idle first; needed and young ones never, and nothing at all
    without a limit. Where what is left is needed, it may remain above the limit of bytes."""
    if not limits.given:
        return ()
    free = sorted(
        (one for one in files if not one.needed and one.idle_s >= GRACE_S), key=lambda one: (-one.idle_s, one.place)
    )
    left, chosen = sum(one.bytes for one in files), []
    for one in free:
        beyond = limits.idle_s is not None and one.idle_s > limits.idle_s
        too_many = limits.bytes is not None and left > limits.bytes
        if one.kind == "leftover" or beyond or too_many:
            chosen.append(one)
            left -= one.bytes
    return tuple(chosen)
