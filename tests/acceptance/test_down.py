"""`dinoq down` hands back what is in hand, `dinoq down --drain` finishes it first."""

from __future__ import annotations

import subprocess

import pytest

from dinoq.db.engine import Database
from dinoq.jobs.ledger import Kind
from tests.acceptance.conftest import Bench, done
from tests.command import Shell
from tests.crew import at_work, attempts, items
from tests.processes import eventually


def working_up(bench: Bench, ledger: Database, laps: int) -> subprocess.Popen[str]:
    """An `up` that infers the first of two runs."""
    bench.shell.dinoq("submit", *bench.args("--batches", "4,8", "--loop", laps))
    up = bench.shell.start("up")
    eventually(lambda: at_work(ledger, 1, Kind.INFER, "running"), "inference")
    return up


def parts(db: Database) -> list[tuple[str, int]]:
    """State and charged attempts of the two runs' parts."""
    return [(row.state, row.attempts) for row in items(db, 1, Kind.INFER)]


@pytest.mark.parametrize(
    ("flags", "laps", "left", "outcome"),
    [
        ([], 10_000, [("queued", 0), ("blocked", 0)], "drained"),
        (["--drain"], 1_000, [("done", 1), ("queued", 0)], "done"),
    ],
)
def test_down_hands_back_and_drain_finishes_what_is_in_hand(
    bench: Bench, ledger: Database, flags: list[str], laps: int, left: list[tuple[str, int]], outcome: str
) -> None:
    up = working_up(bench, ledger, laps)
    answer = bench.shell.dinoq("down", *flags)
    assert (answer.code, answer.err) == (0, f"dinoq up (pid {up.pid}) has ended\n")
    assert up.wait(10) == 0
    assert parts(ledger) == left
    assert [one.outcome for one in attempts(ledger, items(ledger, 1, Kind.INFER)[0].id)] == [outcome]
    assert not done(ledger, 1)


def test_down_with_nobody_alive_says_so(shell: Shell) -> None:
    answer = shell.dinoq("down")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"note:  no dinoq up is alive on {shell.home}/.dinoq/state.\n"
