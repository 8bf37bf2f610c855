"""What others took of the cores while a program ran."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from dinoq.workers.devices import cores
from dinoq.workers.devices.cores import Others, Seconds


class Clock:
    """Seconds of two cores as a test lets them pass; the time of day goes with them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: Seconds = (100.0, 50.0, 20.0)
        self.time = 0.0
        monkeypatch.setattr(cores, "time", SimpleNamespace(monotonic=lambda: self.time))

    def pass_on(self, seconds: float, *, others: float, ours: float) -> None:
        total, busy, mine = self.at
        self.time += seconds
        self.at = (total + 2 * seconds, busy + others + ours, mine + ours)

    def batch(self, told: Others, seconds: float = 0.5, *, others: float = 0.0, ours: float = 0.0) -> None:
        told.running()
        self.pass_on(seconds, others=others, ours=ours)
        told.ran()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_what_is_ours_is_not_the_others(clock: Clock) -> None:
    told = Others(now=lambda: clock.at)
    clock.batch(told, 1.0, others=0.5, ours=1.5)
    assert told.share() == pytest.approx(0.25)


def test_it_is_over_all_batches_since_the_program_began(clock: Clock) -> None:
    told = Others(now=lambda: clock.at)
    clock.batch(told, others=1.0)
    clock.batch(told, others=0.0)
    assert told.share() == pytest.approx(0.5)


def test_after_a_rest_it_begins_anew(clock: Clock) -> None:
    told = Others(now=lambda: clock.at)
    clock.batch(told, others=1.0)
    clock.pass_on(5.0, others=10.0, ours=0.0)
    clock.batch(told, others=0.1)
    assert told.share() == pytest.approx(0.1)


def test_too_short_a_time_tells_nothing(clock: Clock) -> None:
    told = Others(now=lambda: clock.at)
    clock.batch(told, 0.01, others=0.02)
    assert told.share() is None


def test_a_host_that_does_not_tell_is_no_fault() -> None:
    def refused() -> Seconds:
        raise PermissionError

    told = Others(now=refused)
    told.running()
    told.ran()
    assert told.share() is None


def test_this_host_tells_of_its_cores() -> None:
    total, busy, ours = Others()._measured()
    assert total >= busy > 0.0
    assert ours > 0.0
    assert Others(cores={max(os.sched_getaffinity(0))})._measured()[0] <= total + 1.0
