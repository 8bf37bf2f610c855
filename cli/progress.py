"""Progress of a job on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dinoq.cli import console
from dinoq.cli.bars import Pace, Row, lines, rows_of

if TYPE_CHECKING:
    from rich.live import Live

    from dinoq.db.engine import Database
    from dinoq.db.progress import JobProgress

LOOK_S = 0.5
LINE_S = 5.0
ENDED = ("done", "failed", "cancelled")


class Progress:
    """Use as a context and ask `ended()` again and again; it looks into the ledger twice a second."""

    def __init__(self, db: Database, job: int) -> None:
        self._db = db
        self._job = job
        self._seen: JobProgress | None = None
        self._next_look = 0.0
        self._next_line = time.monotonic() + 1.0
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
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
        self._show(now, rows_of(seen))
        return False

    def summary(self) -> str:
        """How far it came, in a few words."""
        seen = self._seen or self._look()
        return f"{seen.items_done} of {seen.items_total} items are done"

    def _look(self) -> JobProgress:
        from dinoq.db.progress import job_progress

        self._seen = job_progress(self._db, self._job)
        for row in rows_of(self._seen):
            self._paces[row.name].add(time.monotonic(), row)
        return self._seen

    def _show(self, now: float, rows: list[Row]) -> None:
        if self._live is not None:
            from rich.text import Text

            drawn = lines(self._job, rows, self._paces, self._live.console.width)
            self._live.update(Text(console.printable("\n".join(drawn), console.stderr_encoding()), no_wrap=True))
        elif now >= self._next_line:
            self._next_line = now + LINE_S
            for line in lines(self._job, rows, self._paces, None):
                console.say(line)
