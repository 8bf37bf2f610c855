"""Where progress is shown."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace

import pytest

from dinoq.cli import board
from dinoq.cli.board import Board, Count


def drawn(second: int, width: int | None) -> list[str]:
    return [f"{second} of 9, width {width}"]


def test_without_a_terminal_lines_are_said_now_and_then_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    with Board() as shown:
        for second in (0, 2, 3, 4, 8):
            shown.show(begun + second, partial(drawn, second))
    assert capsys.readouterr().err == "2 of 9, width None\n8 of 9, width None\n"


def test_a_count_says_how_far_it_is_and_looks_at_the_clock_only_sometimes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 2.0, 2.1, 8.0])
    monkeypatch.setattr(board, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with Count("photos", 5000) as count:
        for done in (100, 200, 1300):
            count(done)
    assert capsys.readouterr().err == "photos  100/5,000\nphotos  1,300/5,000  200 img/s  ETA 18 s\n"
