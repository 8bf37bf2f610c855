"""How much of its cores a program had to share: what other processes took of them while it ran.

The cores of a host are nobody's alone, and no sampler watches them: this is what tells a slow program from a busy host.
Python 3.8 syntax, as every device file.
"""

import os
import time
from typing import Callable, Optional, Set, Tuple

PAUSE_S = 1.0
"""A program that rested for longer has begun anew: what was before says nothing of now."""
BETWEEN_S = 0.1
"""Linux counts in hundredths of a second."""
IDLE, IOWAIT, GUEST = 3, 4, 8
Seconds = Tuple[float, float, float]


class Others:
    """Tells what share of these cores processes other than this one and its parent, who feeds it, took lately."""

    def __init__(self, cores: Optional[Set[int]] = None, now: Optional[Callable[[], Seconds]] = None) -> None:
        """Of these cores, or all that this process may use. `now` gives seconds so far: of the cores, of them at work, and
        of them at work for us."""
        self._cores = os.sched_getaffinity(0) if cores is None else cores
        self._now = now or self._measured  # type: Callable[[], Seconds]
        self._begun = self._last = None  # type: Optional[Seconds]
        self._rested_since = self._looked = float("-inf")

    def running(self) -> None:
        """Call it before each batch."""
        if time.monotonic() - self._rested_since > PAUSE_S:
            self._begun = self._last = self._reading()

    def ran(self) -> None:
        """Call it after each batch; cheap, as it looks ten times a second at most."""
        self._rested_since = time.monotonic()
        if self._rested_since - self._looked >= BETWEEN_S:
            self._looked = self._rested_since
            self._last = self._reading()

    def share(self) -> Optional[float]:
        """A fraction, since the program last began; None where too little time has passed, or nobody can tell."""
        if self._begun is None or self._last is None:
            return None
        cores, busy, ours = (self._last[at] - self._begun[at] for at in range(3))
        return min(1.0, max(0.0, (busy - ours) / cores)) if cores >= BETWEEN_S else None

    def _reading(self) -> Optional[Seconds]:
        try:
            return self._now()
        except (OSError, ValueError, IndexError):
            return None

    def _measured(self) -> Seconds:
        total, busy = _of_cores(self._cores)
        return total, busy, _ours()


def _of_cores(used: Set[int]) -> Tuple[float, float]:
    """Seconds so far of these cores, and of them at work."""
    with open("/proc/stat", encoding="ascii") as lines:
        rows = [line.split() for line in lines if line.startswith("cpu") and line[3:4].isdigit()]
    ticks = [[int(one) for one in row[1 : 1 + GUEST]] for row in rows if int(row[0][3:]) in used]
    total = sum(sum(core) for core in ticks)
    rest = sum(core[IDLE] + core[IOWAIT] for core in ticks)
    return total / _per_second(), (total - rest) / _per_second()


def _ours() -> float:
    mine = os.times()
    return mine.user + mine.system + _of_process(os.getppid())


def _of_process(pid: int) -> float:
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _per_second()


def _per_second() -> int:
    return os.sysconf("SC_CLK_TCK")
