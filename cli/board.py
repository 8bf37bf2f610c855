"""Where progress is shown: lines on stderr, drawn over again and again on a terminal, said now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dinoq.cli import console
from dinoq.cli.bars import Pace, Row, lines

if TYPE_CHECKING:
    from rich.live import Live

LINE_S = 5.0
LOOK_S = 0.25


class Board:
    """Use as a context; `show` takes what makes the lines for a width, None for a place that is no terminal."""

    def __init__(self) -> None:
        self._next_line = time.monotonic() + 1.0
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

    def show(self, now: float, drawn: Callable[[int | None], list[str]]) -> None:
        """Draw the lines as they are at `now`, in seconds of the monotonic clock."""
        if self._live is not None:
            from rich.text import Text

            text = "\n".join(drawn(self._live.console.width))
            self._live.update(Text(console.printable(text, console.stderr_encoding()), no_wrap=True))
        elif now >= self._next_line:
            self._next_line = now + LINE_S
            for line in drawn(None):
                console.say(line)


class Count(Board):
    """Use as a context and say `count(n_done)` as often as you like: how far work is that is no job."""

    def __init__(self, what: str, total: int) -> None:
        super().__init__()
        self._what = what
        self._total = total
        self._pace = Pace()
        self._next_look = 0.0

    def __call__(self, done: int) -> None:
        """So much is done now."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        row = Row(self._what, done, self._total, "running", at_work=True)
        self._pace.add(now, row)
        self.show(now, lambda width: lines(None, [row], {self._what: self._pace}, width))
