"""How a sampler's readings become blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from dinoq.db.engine import Database
from dinoq.jobs.errors import EnvironmentTrouble
from dinoq.jobs.telemetry import Block
from dinoq.workers.telemetry import blocks
from dinoq.workers.telemetry.blocks import Blocks
from dinoq.workers.telemetry.reading import Reading
from tests.readings import told


@dataclass
class Ledger:
    """Keeps what it is given, by device and time, and tells a time of its own; not while it is `away`."""

    stored: dict[tuple[str, int], Block] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)
    now_ms: int = 0
    away: bool = False

    def store(self, _: Database, given: Sequence[Block], busy: dict[str, str]) -> None:
        if self.away:
            raise EnvironmentTrouble("the database does not serve.", hint="-")
        self.stored |= {(block.device, block.begun_ms): block for block in given}
        self.busy |= busy

    def counts(self) -> list[int]:
        return [block.samples.values.shape[1] for block in self.stored.values()]


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    made = Ledger()
    monkeypatch.setattr(blocks, "store_blocks", made.store)
    monkeypatch.setattr(blocks, "database_ms", lambda _: made.now_ms)
    return made


@pytest.fixture
def collected(ledger: Ledger) -> Blocks:
    return Blocks(cast("Database", None))


def fill(collected: Blocks, ledger: Ledger, *seconds: float, **sensors: Any) -> None:
    """A reading at each of these seconds; the database's clock runs an hour ahead."""
    for at_s in seconds:
        ledger.now_ms = int((3600 + at_s) * 1000)
        said = told(**sensors)
        collected.add("T4:0", Reading(at_s=at_s, wall_ms=0, telemetry=said, foreign=("pid 1",), busy="pid 1"))


def test_a_block_lasts_ten_seconds_and_begins_by_the_databases_clock(collected: Blocks, ledger: Ledger) -> None:
    fill(collected, ledger, *range(100, 125))
    collected.store()
    assert ledger.counts() == [10, 10, 5]
    assert [begun_ms for _, begun_ms in ledger.stored] == [3_700_000, 3_710_000, 3_720_000]


def test_an_open_block_is_stored_again_as_it_grows(collected: Blocks, ledger: Ledger) -> None:
    fill(collected, ledger, 100, 101)
    collected.store()
    fill(collected, ledger, 102)
    collected.store()
    assert ledger.counts() == [3]


def test_the_achieved_rate_is_that_of_the_answers(collected: Blocks, ledger: Ledger) -> None:
    fill(collected, ledger, 100, 102, 104)
    collected.store()
    assert [block.achieved_per_s for block in ledger.stored.values()] == [0.5]


def test_a_gap_between_blocks_shows_in_the_next_rate(collected: Blocks, ledger: Ledger) -> None:
    fill(collected, ledger, 100, 120)
    collected.store()
    assert [block.achieved_per_s for block in ledger.stored.values()] == [None, 1 / 20]


def test_a_reading_has_its_sensors_flags_and_words(collected: Blocks, ledger: Ledger) -> None:
    fill(collected, ledger, 100.0, 101.5, power_w=58.0, throttle="heat", power_cap=False)
    collected.store()
    (block,) = ledger.stored.values()
    wanted = {"offset_s": 1.5, "power_w": 58.0, "foreign": 1, "throttled": 1, "power_cap": 0, "utilisation_pct": 0}
    assert {name: block.samples.column(name)[1] for name in wanted} == wanted
    assert (block.samples.throttle, block.samples.foreign, ledger.busy) == ("heat", "pid 1", {"T4:0": "pid 1"})


def test_what_a_ledger_out_of_reach_did_not_take_it_gets_later(collected: Blocks, ledger: Ledger) -> None:
    ledger.away = True
    fill(collected, ledger, *range(100, 115))
    collected.store()
    ledger.away = False
    collected.store()
    assert ledger.counts() == [10, 5]


def test_a_ledger_that_stays_away_fills_no_memory(
    collected: Blocks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "KEPT", 2)
    ledger.away = True
    for begun in range(100, 200, 10):
        fill(collected, ledger, begun)
        collected.store()
    ledger.away = False
    collected.store()
    assert [begun_ms for _, begun_ms in ledger.stored] == [3_770_000, 3_780_000, 3_790_000]


def test_nothing_is_stored_of_nothing(collected: Blocks, ledger: Ledger) -> None:
    ledger.away = True
    collected.store()
    assert ledger.counts() == []
