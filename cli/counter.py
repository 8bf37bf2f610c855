"""How far one long command is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dinoq.cli import console
from dinoq.cli.bars import Pace, Row, lines

if TYPE_CHECKING:
    from rich.live import Live

DRAW_S = 0.25
LINE_S = 5.0


class Counter:
    """Use as a context and call it with how many of `total` are done, as often as you like."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._pace = Pace()
        self._next = time.monotonic() + 1.0
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if now < self._next:
            return
        row = Row(self._what, done, self._total, "", at_work=True)
        self._pace.add(now, row)
        self._next = now + (DRAW_S if self._live is not None else LINE_S)
        width = self._live.console.width if self._live is not None else None
        for line in lines(None, [row], {self._what: self._pace}, width):
            self._show(line)

    def _show(self, line: str) -> None:
        if self._live is None:
            console.say(line)
            return
        from rich.text import Text

        self._live.update(Text(console.printable(line, console.stderr_encoding()), no_wrap=True), refresh=True)
