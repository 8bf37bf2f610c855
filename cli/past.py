"""The ledger as a command that only looks back opens it: what is due is summed up before it is listed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.board import Board
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import BadFolder, EnvironmentTrouble

if TYPE_CHECKING:
    from dinoq.db.engine import Database


def open_past(settings: Settings) -> Database:
    """The ledger of these settings; one in a folder that is closed to us is read as it is.

    Raises: BadFolder on a network file system, where a file that others write cannot be read safely either.
    """
    from dinoq.cli.ledger import open_ledger
    from dinoq.db.reading import open_to_read
    from dinoq.workers.data.mounts import network_filesystem

    try:
        return open_ledger(settings)
    except BadFolder:
        if network_filesystem(settings.state):
            raise
        return open_to_read(settings.database_url)


def sum_up(db: Database, most_s: float) -> None:
    """Make the figures anew that are out of date, newest first; no longer than that, and whatever fails is said."""
    from dinoq.db.figures import due_jobs

    if due := due_jobs(db):
        left = _summed_up(db, due, time.monotonic() + most_s)
        if left:
            console.note(f"{left} of {len(due)} jobs are not summed up yet; ask again, or let dinoq up do it.")


def sum_up_one(db: Database, job: int) -> None:
    """The same for a job that somebody has just seen the end of; `dinoq results` says what is wrong with one that fails."""
    from dinoq.db.figures import summarise

    with contextlib.suppress(Exception):
        summarise(db, job)


def _summed_up(db: Database, due: Sequence[int], until: float) -> int:
    """How many are left."""
    from dinoq.db.figures import summarise

    with Board() as board:
        for at, job in enumerate(due):
            if time.monotonic() > until:
                return len(due) - at
            _show(board, at, len(due))
            try:
                summarise(db, job)
            except EnvironmentTrouble as error:
                console.note(f"{error} What was summed up before is listed.")
                return len(due) - at
            except Exception as error:  # noqa: BLE001  (a damaged job hides no other)
                console.note(
                    f"job {job} cannot be summed up ({type(error).__name__}: {error}). See: dinoq report {job}"
                )
    return 0


def _show(board: Board, done: int, total: int) -> None:
    board.show(time.monotonic(), lambda _: [f"summing up past jobs  {done:,}/{total:,}"])
