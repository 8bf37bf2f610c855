"""Pace tables and the virtual clock."""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dinoq.workers.simulators import machine, opened, pace
from dinoq.workers.simulators.opened import OpenDevice

PUBLISHED = Path(pace.__file__).with_name("published.toml")


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenDevice:
    for name in ("DINOQ_SIM_WAIT", "DINOQ_SIM_NULL", "DINOQ_SIM_FAULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DINOQ_SIMULATE", "T4")
    monkeypatch.setenv("DINOQ_SIM_STATE", str(tmp_path))
    monkeypatch.setenv("DINOQ_SIM_PACE", str(PUBLISHED))
    return OpenDevice(machine.devices("nvidia")[0], 0)


def waits_of(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(pace, "hold_until", waits.append)
    return waits


# Implied means of the published T4 column, in ms: reference of the simulators, computed there by hand.
@pytest.mark.parametrize(
    ("batch", "ms"), [(1, 1.1380), (4, 2.6099), (8, 4.6149), (16, 8.6106), (32, 15.7332), (64, 30.6083)]
)
def test_the_published_t4_column_gives_its_times(batch: int, ms: float) -> None:
    assert pace.from_table(pace.read(str(PUBLISHED)), "T4", batch) == pytest.approx(ms, abs=5e-5)


def test_a_card_figure_is_shared_by_its_chips() -> None:
    assert pace.from_table(pace.read(str(PUBLISHED)), "310", 16) == pytest.approx(4 * 16 / 2441.26 * 1000)


@pytest.mark.parametrize("batch", [32, 64])
def test_cells_that_contradict_their_table_are_not_shipped(batch: int) -> None:
    assert pace.from_table(pace.read(str(PUBLISHED)), "310", batch) is None


def test_every_shipped_column_says_where_it_comes_from() -> None:
    for figures in pace.read(str(PUBLISHED)).values():
        assert figures["published"] is True
        assert "README" in figures["source"]


@pytest.mark.parametrize(
    "text", ["T4 =", "T4 = 3", "[T4]\n1 = 2", "[T4.images_per_s]\na = 1", "[T4.images_per_s]\n1 = 0"]
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pace.toml").write_text(text)
    with pytest.raises(ValueError, match=r"pace table .*pace\.toml"):
        pace.read(str(tmp_path / "pace.toml"))


def test_noise_is_small_seeded_and_centred() -> None:
    first, second = pace.Jitter("310P3:0"), pace.Jitter("310P3:0")
    series = [first.around(10.0) for _ in range(2000)]
    assert series == [second.around(10.0) for _ in range(2000)]
    assert statistics.fmean(series) == pytest.approx(10.0, rel=1e-3)
    assert statistics.stdev(series) / 10.0 == pytest.approx(0.003, rel=0.1)


def test_a_paced_program_tells_the_tables_time(device: OpenDevice) -> None:
    result, ms = device.execute(lambda: "logits", 16)
    assert result == "logits"
    assert ms == pytest.approx(8.6106, rel=0.02)


def test_it_waits_only_when_asked_to(device: OpenDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(monkeypatch)
    device.execute(lambda: None, 64)
    assert waits == []
    monkeypatch.setenv("DINOQ_SIM_WAIT", "1")
    _, ms = OpenDevice(device.device, 0).execute(lambda: None, 64, called=7.0)
    assert waits == [pytest.approx(7.0 + ms / 1000.0)]


def test_what_computes_nothing_always_waits(device: OpenDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_NULL", "1")
    waits = waits_of(monkeypatch)
    OpenDevice(device.device, 0).execute(lambda: None, 64)
    assert len(waits) == 1


def test_where_the_table_is_silent_the_real_time_is_told(device: OpenDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "time", SimpleNamespace(perf_counter=iter([1.0, 1.25]).__next__))
    assert device.execute(lambda: None, 3)[1] == pytest.approx(250.0)


def test_holding_ends_when_it_should() -> None:
    end = time.perf_counter() + 0.002
    pace.hold_until(end)
    assert time.perf_counter() >= end


def test_a_process_that_is_held_up_while_it_waits_does_not_sleep_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves by 7 ms between any two looks at it."""
    slept: list[int] = []
    monkeypatch.setattr(pace, "time", SimpleNamespace(perf_counter=itertools.count(0.0, 0.007).__next__))
    monkeypatch.setattr(pace, "_usleep", slept.append)
    pace.hold_until(0.017)
    assert slept == pytest.approx([16_700, 9_700, 2_700], abs=1)
