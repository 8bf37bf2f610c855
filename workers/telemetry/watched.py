"""One device as its sampler sees it over time: whose processes come and go, and since when nobody else's are there."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dinoq.jobs.exclusive import Ours, foreign, pid_of
from dinoq.jobs.ledger import DeviceFacts
from dinoq.workers.telemetry import reading
from dinoq.workers.telemetry.reading import PID_FILE, Reading, last, reading_file

PAST_PIDS = 8
"""How many of our own ended processes are remembered: a driver may list them a moment longer."""
REMEMBERED_S = 60.0
"""A sampler that starts anew goes on from a reading no older than this."""


class Watched:
    """Turns what the vendor tells of a device into readings, and leaves each in the device's file."""

    def __init__(self, facts: DeviceFacts, state: Path) -> None:
        self.facts = facts
        self.file = reading_file(state, facts)
        self._pid_file = state / "run" / f"{facts.chip}-{facts.index}" / PID_FILE
        self._pid: int | None = None
        self._past: deque[int] = deque(maxlen=PAST_PIDS)
        before = last(self.file, within_s=REMEMBERED_S)
        self._baseline = None if before is None or before.baseline is None else frozenset(before.baseline)
        self._clear = self._idle = 0

    def look(self) -> None:
        """See whether our device process lives. Before the vendor is asked as well as after: it may end in between."""
        pid = _living(self._pid_file)
        if pid != self._pid and self._pid is not None:
            self._past.append(self._pid)
        self._pid = pid

    def take(self, told: Mapping[str, Any]) -> Reading:
        """The vendor's answer as a reading, left in the file too."""
        self.look()
        there = told["processes"]
        if self._pid is None and there is not None:
            self._baseline = frozenset(pid for pid in map(pid_of, there) if pid is not None)
        computes = bool(told["utilisation_pct"])
        ours = Ours(pid=self._pid, past=frozenset(self._past), baseline=self._baseline)
        others = foreign(there, ours, computes=computes)
        self._clear = self._clear + 1 if others == () else 0
        self._idle = self._idle + 1 if others == () and not computes else 0
        seen = Reading(
            at_s=time.monotonic(),
            wall_ms=int(time.time() * 1000),
            telemetry=dict(told),
            foreign=others,
            busy=self._busy(others, told["utilisation_pct"]),
            clear=self._clear,
            idle=self._idle,
            baseline=None if self._baseline is None else tuple(sorted(self._baseline)),
        )
        reading.leave(self.file, seen)
        return seen

    def _busy(self, others: tuple[str, ...] | None, utilisation_pct: float | None) -> str:
        """What keeps it from being idle, but for our own work."""
        if others:
            return ", ".join(others)
        return f"utilisation {utilisation_pct:.0f} %" if utilisation_pct and self._pid is None else ""


def _living(pid_file: Path) -> int | None:
    """The pid in the file, if such a process lives."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if Path(f"/proc/{pid}").exists() else None
