"""Simulated machines: which devices there are, who holds them, what their sensors show."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dinoq.workers.simulators import machine, occupancy, telemetry


@pytest.fixture(autouse=True)
def four_kinds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("DINOQ_SIM")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DINOQ_SIMULATE", "310P3:3, 310:5,T4")
    monkeypatch.setenv("DINOQ_SIM_CHIPS_PER_CARD", "310P3:2")
    monkeypatch.setenv("DINOQ_SIM_STATE", str(tmp_path))


def first() -> machine.Device:
    return machine.devices("ascend")[0]


def test_logic_ids_count_over_all_chips_of_a_vendor() -> None:
    assert [(d.chip, d.index) for d in machine.devices("ascend")[2:4]] == [("310P3", 2), ("310", 3)]
    assert [(d.chip, d.index) for d in machine.devices("nvidia")] == [("T4", 0)]


def test_cards_carry_their_number_of_chips() -> None:
    assert [(d.card, d.chip_on_card) for d in machine.devices("ascend")] == [
        *[(0, 0), (0, 1), (1, 0)],
        *[(2, 0), (2, 1), (2, 2), (2, 3), (3, 0)],
    ]


def test_an_npu_id_is_never_the_logic_id() -> None:
    assert [d.npu_id for d in machine.devices("ascend")] == [8, 8, 16, 24, 24, 24, 24, 32]


def test_serials_differ_between_chips_and_between_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = {d.serial for vendor in ("ascend", "nvidia") for d in machine.devices(vendor)}
    monkeypatch.setenv("DINOQ_SIM_STATE", str(tmp_path / "other"))
    there = {d.serial for d in machine.devices("ascend")}
    assert len(here) == 9
    assert not here & there


@pytest.mark.parametrize("text", ["310P4:1", "T4:0", "T4:x", "T4:1,T4:1", "T4:-1", "T4:65"])
def test_a_machine_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--simulate: '"):
        machine.counts(text)


def test_a_machine_without_a_shared_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DINOQ_SIM_STATE")
    with pytest.raises(ValueError, match="DINOQ_SIM_STATE"):
        occupancy.occupants(first())


def test_whoever_opens_a_device_is_seen_until_it_closes() -> None:
    entry = occupancy.Entry(first(), 300)
    assert [(one.pid, one.memory_mb, one.computing) for one in occupancy.occupants(first())] == [
        (os.getpid(), 300, False)
    ]
    entry.close()
    assert occupancy.occupants(first()) == []


def test_a_device_of_another_index_is_not_meant() -> None:
    entry = occupancy.Entry(first(), 300)
    assert occupancy.occupants(machine.devices("ascend")[1]) == []
    entry.close()


def test_a_closed_entry_does_not_come_back() -> None:
    entry = occupancy.Entry(first(), 300)
    entry.close()
    entry.tell(memory_mb=1)
    assert occupancy.occupants(first()) == []


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    (tmp_path / f"310P3-0.{pid}").write_text(json.dumps({"pid": pid, "born": "1", "memory_mb": 5, "name": "gone"}))
    assert occupancy.occupants(first()) == []


def test_a_pid_used_again_is_another_process(tmp_path: Path) -> None:
    told = {"pid": os.getpid(), "born": "1", "memory_mb": 5, "name": "gone"}
    (tmp_path / f"310P3-0.{os.getpid()}").write_text(json.dumps(told))
    assert occupancy.occupants(first()) == []


def test_a_foreign_process_is_there_only_while_its_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", f"busy@310P3:0:once={tmp_path / 'flag'}")
    assert occupancy.occupants(first()) == []
    (tmp_path / "flag").touch()
    assert [one.name for one in occupancy.occupants(first())] == ["python3"]
    assert telemetry.read(first()).utilisation_pct > 90


def test_utilisation_follows_who_computes() -> None:
    entry = occupancy.Entry(first(), 300)
    assert telemetry.read(first()).utilisation_pct == 0
    entry.computing(True)
    assert telemetry.read(first()).utilisation_pct > 90
    entry.close()
    assert telemetry.read(first()).utilisation_pct == 0


def test_memory_is_what_the_processes_hold() -> None:
    idle_mb = telemetry.read(first()).memory_mb
    entry = occupancy.Entry(first(), 300)
    assert telemetry.read(first()).memory_mb == idle_mb + 300
    entry.close()


def test_a_throttled_chip_is_hot_and_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    cool = telemetry.read(first())
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "throttle@310P3:0")
    hot = telemetry.read(first())
    assert (cool.throttled, hot.throttled) == (False, True)
    assert hot.temperature_c > 90 > cool.temperature_c
    assert hot.clock_mhz < cool.clock_mhz
