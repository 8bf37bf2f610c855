"""How far a command is that counts files: a bar on a terminal, a plain line every few seconds elsewhere, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dinoq.cli import console

LINE_S = 5.0


@contextmanager
def tally(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Call what it yields with how many more are done."""
    if sys.stderr.isatty():
        with _bar(what, total) as done:
            yield done
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda more: progress.advance(task, more)


def _lines(what: str, total: int) -> Callable[[int], None]:
    reached, next_line = 0, time.monotonic() + LINE_S

    def done(more: int) -> None:
        nonlocal reached, next_line
        reached += more
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + LINE_S
            console.say(f"{what}  {reached:,}/{total:,}")

    return done
