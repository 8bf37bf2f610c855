"""Progress of a job on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

from dinoq.cli.bars import Pace, Row, lines, rows_of
from dinoq.cli.board import Board

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.db.progress import JobProgress

LOOK_S = 0.5
ENDED = ("done", "failed", "cancelled")


class Progress(Board):
    """Use as a context and ask `ended()` again and again; it looks into the ledger twice a second."""

    def __init__(self, db: Database, job: int) -> None:
        super().__init__()
        self._db = db
        self._job = job
        self._seen: JobProgress | None = None
        self._next_look = 0.0
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)

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
        self.show(now, lambda width: lines(self._job, rows, self._paces, width))
