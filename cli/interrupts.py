"""Ctrl-C: what the first and the second one do, and the sentence it becomes. Imported before anything heavy."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from dinoq.jobs.errors import Interrupted


def end_at_once() -> None:
    """From here on Ctrl-C ends the process, silently: there is nothing to hand back, and a KeyboardInterrupt in the
    middle of an import, or of the interpreter's own end, is only ever a traceback."""
    signal.signal(signal.SIGINT, _end)


def raise_once() -> None:
    """From here on the first Ctrl-C raises KeyboardInterrupt, and a second one ends the process at once."""
    signal.signal(signal.SIGINT, _raise)


@contextlib.contextmanager
def told(message: str, hint: str) -> Iterator[None]:
    """A Ctrl-C inside becomes this sentence. Raises: Interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(message, hint=hint) from None


def stored(job: int) -> contextlib.AbstractContextManager[None]:
    """`told` for a job that is stored and that nobody works on yet, or any more."""
    return told(f"interrupted; job {job} is stored.", how_to_go_on(job))


def how_to_go_on(job: int) -> str:
    """What a person may do with a job that was interrupted."""
    return f"Resume: dinoq up   Stop for good: dinoq cancel {job}"


def _raise(*_: object) -> None:
    end_at_once()
    raise KeyboardInterrupt


def _end(*_: object) -> None:
    os._exit(Interrupted.exit_code)
