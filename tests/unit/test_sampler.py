"""A sampler and a vendor that answers, fails, or hangs; without a vendor, a ledger, or waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import pytest

from dinoq.db.engine import Database
from dinoq.jobs.errors import EnvironmentTrouble
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.telemetry import blocks, sampler
from dinoq.workers.telemetry.reading import last, reading_file
from dinoq.workers.telemetry.sampler import BACK_OFF_S, Sampler, Source
from dinoq.workers.vendor_link import VendorTrouble
from tests.builders import make_device
from tests.readings import told

T4 = LocalDevice(facts=make_device(chip="T4"), vendor="tensorrt", options={"uuid": "GPU-1"}, python="python3")


@dataclass
class Vendor:
    """Stands for the link to a vendor's process. `script` says of each question whether it is answered; when it is over,
    the sampler is asked to leave."""

    script: Iterator[bool]
    asked: list[dict[str, Any]] = field(default_factory=list)
    lives: int = 0
    interrupted: int = 0
    sampler: Sampler | None = None

    def __call__(self, *_: object, **__: object) -> Self:
        self.lives += 1
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Its process is gone."""

    def interrupt(self) -> None:
        self.interrupted += 1

    def ask(self, do: str, timeout_s: float, **wanted: object) -> dict[str, Any]:
        self.asked.append({"do": do, "timeout_s": timeout_s, **wanted})
        answers = next(self.script, None)
        if answers is None and self.sampler:
            self.sampler.leave()
        if not answers:
            raise VendorTrouble("did not answer")
        return {"readings": [told()]}


@dataclass
class Clock:
    """Nothing is waited for; notes for how long it would have been."""

    waits: list[float] = field(default_factory=list)
    left: bool = False

    def is_set(self) -> bool:
        return self.left

    def set(self) -> None:
        self.left = True

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.left


def sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *script: bool, away: bool = False
) -> tuple[Vendor, list[float], list[int]]:
    """Run a sampler to its end: the vendor, the pauses between its lives, and how many readings were stored each time."""
    vendor, clock, stored = Vendor(iter(script)), Clock(), []

    def now_ms(_: Database) -> int:
        if away:
            raise EnvironmentTrouble("the database does not serve.", hint="-")
        return 0

    monkeypatch.setattr(sampler, "VendorLink", vendor)
    monkeypatch.setattr(sampler, "PERIOD_S", 0.0)
    monkeypatch.setattr(sampler.Sampler, "_keep_storing", lambda _: None)
    monkeypatch.setattr(blocks, "store_blocks", lambda _, given, __: stored.append(given[0].samples.values.shape[1]))
    monkeypatch.setattr(blocks, "database_ms", now_ms)
    made = Sampler(Source(vendor="tensorrt", devices=[T4], env={}, python="python3"), tmp_path, cast("Database", None))
    vendor.sampler, made._leaving = made, clock  # type: ignore[assignment]
    made.run()
    return vendor, [seconds for seconds in clock.waits if seconds >= BACK_OFF_S[0]], stored


def test_each_answer_is_left_in_a_file_and_stored_when_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor, _, stored = sampled(tmp_path, monkeypatch, True, True, True)
    assert vendor.asked[0]["do"] == "sample"
    assert vendor.asked[0]["devices"] == [{"uuid": "GPU-1"}]
    assert last(reading_file(tmp_path, T4.facts)) is not None
    assert stored == [3]


def test_a_vendor_that_fails_is_asked_anew_in_another_process_later_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor, pauses, _ = sampled(tmp_path, monkeypatch, *[False] * 6)
    assert vendor.lives == 7
    assert pauses[:6] == [*BACK_OFF_S, BACK_OFF_S[-1]]


def test_after_an_answer_a_failure_is_the_first_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pauses, stored = sampled(tmp_path, monkeypatch, False, False, True, False)
    assert pauses[:3] == [BACK_OFF_S[0], BACK_OFF_S[1], BACK_OFF_S[0]]
    assert stored == [1]


def test_whoever_leaves_does_not_wait_for_a_vendor_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor, _, _ = sampled(tmp_path, monkeypatch)
    assert vendor.interrupted == 1


def test_without_a_ledger_the_workers_still_get_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, stored = sampled(tmp_path, monkeypatch, True, True, away=True)
    assert last(reading_file(tmp_path, T4.facts)) is not None
    assert stored == []
