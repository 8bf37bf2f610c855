"""Progress of a job on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dinoq.cli import console

if TYPE_CHECKING:
    from rich.live import Live

    from dinoq.db.engine import Database
    from dinoq.db.progress import JobProgress

LOOK_S = 0.5
LINE_S = 5.0
BAR = 24
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of progress: what, how far, and why it waits."""

    name: str
    done: int
    total: int
    state: str


@dataclass
class Pace:
    """Samples per second over the last ten seconds."""

    seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=20))

    def add(self, done: int) -> None:
        """So many are done now."""
        self.seen.append((time.monotonic(), done))

    @property
    def images_per_s(self) -> float:
        """0 until there is something to divide."""
        if len(self.seen) < 2:
            return 0.0
        (begun, before), (now, done) = self.seen[0], self.seen[-1]
        return max(0.0, (done - before) / (now - begun)) if now > begun else 0.0


class Progress:
    """Use as a context and ask `ended()` again and again; it looks into the ledger twice a second."""

    def __init__(self, db: Database, job: int) -> None:
        self._db = db
        self._job = job
        self._seen: JobProgress | None = None
        self._next_look = 0.0
        self._next_line = time.monotonic() + 1.0
        self._paces: dict[str, Pace] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def ended(self) -> bool:
        """Whether the job has ended; shows how far it is."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_S
        seen = self._look()
        if seen.state in ENDED:
            return True
        if self._live is not None:
            self._live.update(self.text(seen, BAR))
        elif now >= self._next_line:
            self._next_line = now + LINE_S
            for line in self.text(seen, 0).splitlines():
                console.say(line)
        return False

    def summary(self) -> str:
        """How far it came, in a few words."""
        seen = self._seen or self._look()
        return f"{seen.items_done} of {seen.items_total} items are done"

    def text(self, seen: JobProgress, bar: int) -> str:
        """A line per phase and run that is not over; `bar` columns of bar, 0 for none."""
        rows = [row for row in rows_of(seen) if row.done < row.total]
        return "\n".join(_line(row, self._paces.setdefault(row.name, Pace()), seen.job_id, bar) for row in rows)

    def _look(self) -> JobProgress:
        from dinoq.db.progress import job_progress

        self._seen = job_progress(self._db, self._job)
        for row in rows_of(self._seen):
            self._paces.setdefault(row.name, Pace()).add(row.done)
        return self._seen


def rows_of(seen: JobProgress) -> list[Row]:
    """Preprocessing, then each run."""
    first = Row("preprocess", seen.preprocess_done, seen.preprocess_total, _preparing(seen))
    runs = [Row(f"{r.chip} bs{r.batch}", r.samples_done, r.samples_total, r.waits_for or r.state) for r in seen.runs]
    return [first, *runs]


def _preparing(seen: JobProgress) -> str:
    if seen.preprocess_waits_for:
        return seen.preprocess_waits_for
    return "done" if seen.preprocess_done == seen.preprocess_total else "running"


def _line(row: Row, pace: Pace, job: int, bar: int) -> str:
    head = f"job {job}  {row.name:<14}"
    rate = pace.images_per_s
    if row.done == 0 and rate == 0:
        return f"{head}{row.state}"
    filled = bar * row.done // max(row.total, 1)
    drawn = f"{'█' * filled}{'░' * (bar - filled)}  " if bar else ""
    eta = f"  ETA {(row.total - row.done) / rate:.0f} s" if rate > 0 else ""
    return f"{head}{drawn}{row.done:,}/{row.total:,}  {rate:,.0f} img/s{eta}"
