"""A supervisor in a made-up world: no time goes by, no process is started, and no ledger is asked."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from dinoq.db.engine import Database
from dinoq.jobs.errors import EnvironmentTrouble
from dinoq.jobs.ledger import DeviceFacts, Hint, Kind
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.host import Setup
from dinoq.workers.supervisor import Supervisor
from tests.builders import make_device

FOR_EVER = float("inf")
NO_LEDGER = cast("Database", None)


@dataclass
class Process:
    """A child that ends by itself at a moment of made-up time, or as soon as it is asked to."""

    world: World
    ends_at: float
    returncode: int | None = None
    signals: list[int] = field(default_factory=list)

    def poll(self) -> int | None:
        if self.returncode is None and self.world.now >= self.ends_at:
            self.returncode = 1
        return self.returncode

    def send_signal(self, number: int) -> None:
        self.signals.append(number)
        self.returncode = 0


@dataclass
class World:
    """Notes what a supervisor starts, when, and what it tells ledger and people. `lives`: how long each next worker of
    a kind lives in seconds; for ever when there is nothing more."""

    lives: dict[str, Iterator[float]] = field(default_factory=dict)
    now: float = 1000.0
    started: list[tuple[float, tuple[str, ...], Process]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    sent: list[Hint] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)
    past: list[int] = field(default_factory=list)
    summed_up: list[tuple[float, int]] = field(default_factory=list)
    damaged: tuple[int, ...] = ()
    sweeps: int = 0
    broken: bool = False

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def start(self, argv: list[str], **_: object) -> Process:
        process = Process(self, self.now + next(self.lives.get(argv[2], iter(())), FOR_EVER))
        self.started.append((self.now, tuple(argv), process))
        return process

    def kill(self, process: Process) -> None:
        if process.poll() is None:
            process.signals.append(signal.SIGKILL)
            process.returncode = -signal.SIGKILL

    def worker_lost(self, _: object, worker_id: str, *_why: object) -> list[Hint]:
        if self.broken:
            raise EnvironmentTrouble("the database does not serve.")
        self.lost.append(worker_id)
        return [Hint(7, Kind.PREPROCESS)]

    def sweep(self, *_: object, **__: object) -> list[Hint]:
        self.sweeps += 1
        if self.broken:
            raise EnvironmentTrouble("the database does not serve.")
        return []

    def next_past_job(self, _: object, passed_over: Collection[int]) -> int | None:
        return next((job for job in self.past if job not in passed_over), None)

    def summarise(self, _: object, job: int) -> bool:
        self.summed_up.append((self.now, job))
        if job in self.damaged:
            raise ValueError("a blob that is none")
        self.past.remove(job)
        return True

    def publish(self, _: object, hints: list[Hint]) -> list[int]:
        self.sent += hints
        return []

    def signals(self, what: str = "") -> list[list[int]]:
        """What such workers were sent."""
        return [process.signals for _, argv, process in self.started if not what or what in argv]

    def starts(self, what: str = "") -> list[float]:
        """When such workers were started."""
        return [when for when, argv, _ in self.started if not what or what in argv]


def with_device(setup: Setup, *indices: int) -> Setup:
    """The same host with cpu devices."""
    facts: list[DeviceFacts] = [make_device("h", "cpu", index) for index in indices]
    return replace(
        setup, devices=tuple(LocalDevice(facts=one, vendor="cpu", options={}, python="python3") for one in facts)
    )


def with_cards(setup: Setup, *indices: int) -> Setup:
    """The same host with T4s, which a sampler watches."""
    facts = [make_device("h", "T4", index) for index in indices]
    cards = tuple(LocalDevice(facts=one, vendor="tensorrt", options={}, python="python3") for one in facts)
    return replace(setup, devices=cards)


def run(world: World, setup: Setup, until: Callable[[], bool]) -> bool:
    """Run a supervisor; it may take half an hour of made-up time."""
    begun = world.now

    def enough() -> bool:
        assert world.now - begun < 1800, "it would never have ended"
        return until()

    with Supervisor(setup, NO_LEDGER, world.said.append) as made:
        return made.run(enough)


def after(world: World, seconds: float) -> Callable[[], bool]:
    """Once so much time has gone by."""
    end = world.now + seconds
    return lambda: world.now >= end
