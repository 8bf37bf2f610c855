"""Faults that can be injected, and what they do to the batches of an opened device."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoq.workers.simulators import faults, machine, occupancy, pace
from dinoq.workers.simulators.faults import Fault
from dinoq.workers.simulators.opened import THROTTLED, DeviceLost, OpenDevice


class Hung(Exception):
    """Stands for a batch that never ends."""


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DINOQ_SIMULATE", "310P3")
    monkeypatch.setenv("DINOQ_SIM_STATE", str(tmp_path))
    (tmp_path / "pace.toml").write_text('[310P3]\nimages_per_s = { "4" = 1000 }\n')
    monkeypatch.setenv("DINOQ_SIM_PACE", str(tmp_path / "pace.toml"))
    monkeypatch.setattr(pace, "JITTER", 0.0)
    monkeypatch.setattr(pace, "hang", hang)


def hang() -> None:
    raise Hung


def opened(monkeypatch: pytest.MonkeyPatch, text: str) -> OpenDevice:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", text)
    return OpenDevice(machine.devices("ascend")[0], 100)


def batch_ms(device: OpenDevice) -> float:
    return device.execute(lambda: None, 4)[1]


def test_every_kind_is_read() -> None:
    text = "busy@310P3:0,lost@310P3:1:5,slow@310P3:2:3.5,throttle@T4:0,compile@310P3:16:E19010,hang-atc@310P3"
    assert faults.parse(text) == [
        Fault("busy", "310P3", 0),
        Fault("lost", "310P3", 1, after=5),
        Fault("slow", "310P3", 2, factor=3.5),
        Fault("throttle", "T4", 0),
        Fault("compile", "310P3", batch=16, code="E19010"),
        Fault("hang-atc", "310P3"),
    ]


def test_a_file_name_may_hold_a_colon() -> None:
    assert faults.parse("busy@310P3:0:once=/tmp/a:b")[0].while_file == "/tmp/a:b"
    assert faults.parse("hang-atc@310P3:once=/tmp/a:b") == [Fault("hang-atc", "310P3", while_file="/tmp/a:b")]


@pytest.mark.parametrize(
    "text",
    ["melt@310P3:0", "lost", "lost@310P3", "lost@310P3:0", "lost@310P3:0:x", "slow@310P3:0:-1", "busy@310P3:0:f", "@"],
)
def test_an_unknown_fault_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=f"fault '{text}'"):
        faults.parse(text)


def test_a_fault_hits_its_device_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "slow@310P3:1:2")
    assert faults.active("slow", "310P3", 1) is not None
    assert faults.active("slow", "310P3", 0) is None
    assert faults.active("slow", "T4", 1) is None


def test_a_compile_fault_is_of_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "compile@310P3:16:EZ3003")
    assert faults.compile_fault("310P3", 1) is None
    assert faults.compile_fault("310P3", 16) == Fault("compile", "310P3", batch=16, code="EZ3003")


def test_a_device_is_lost_after_its_batches_and_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(monkeypatch, "lost@310P3:0:2")
    batch_ms(device), batch_ms(device)
    with pytest.raises(DeviceLost):
        batch_ms(device)
    device.close()
    with pytest.raises(DeviceLost):
        opened(monkeypatch, "")


def test_a_slow_device_takes_its_multiple(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_ms(opened(monkeypatch, "slow@310P3:0:3")) == pytest.approx(12.0)


def test_a_device_throttles_from_its_batch_on_and_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(monkeypatch, "throttle@310P3:0:1")
    assert batch_ms(device) == pytest.approx(4.0)
    assert not occupancy.occupants(device.device)[0].throttled
    assert batch_ms(device) == pytest.approx(4.0 * THROTTLED)
    assert occupancy.occupants(device.device)[0].throttled


def test_a_hanging_device_hangs_after_its_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(monkeypatch, "hang@310P3:0:1")
    batch_ms(device)
    with pytest.raises(Hung):
        batch_ms(device)


def test_memory_taken_is_seen_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(monkeypatch, "")
    device.take_memory(50)
    assert occupancy.occupants(device.device)[0].memory_mb == 150
    device.close()
