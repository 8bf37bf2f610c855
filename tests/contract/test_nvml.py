"""Discovery and telemetry of T4s by NVML, on simulated machines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.workers.devices import nvml
from dinoq.workers.devices.base import Found
from tests import t4

SAMPLE = "from dinoq.workers.devices import nvml\nanswer = nvml.sample({options!r})._asdict()"


def test_every_t4_is_found_with_what_opens_it(tmp_path: Path) -> None:
    env = t4.machine(tmp_path, cards=2)
    first, second = t4.discovered(env)
    assert (first["chip"], first["logic_id"], second["logic_id"]) == ("T4", 0, 1)
    assert second["options"] == t4.options(env, 1)
    assert (second["key"], second["card"]) == (second["options"]["uuid"], "00000000:02:00.0")
    assert (first["toolkit"], first["name"], first["healthy"]) == ("tensorrt 10.16.1.11", "Tesla T4", True)


def test_without_a_driver_or_its_module_there_is_simply_no_t4(tmp_path: Path) -> None:
    assert t4.discovered(t4.machine(tmp_path, cards=0)) == []
    code = "import sys; sys.modules['pynvml'] = None\nfrom dinoq.workers.devices import tensorrt; print(tensorrt.discover({}))"
    asked = subprocess.run([sys.executable, "-c", code], env=t4.machine(tmp_path), capture_output=True, check=False)
    assert asked.stdout == b"[]\n"


def test_a_driver_that_refuses_us_is_told_with_the_cure(tmp_path: Path) -> None:
    kind, text = t4.ask(
        t4.machine(tmp_path, faults="denied@T4"),
        """
from dinoq.workers.devices import base, tensorrt
try:
    tensorrt.discover({})
except base.DeviceFault as fault:
    answer = fault.kind, str(fault)""",
    )
    assert kind == "device"
    assert text.startswith("NVML refuses this user: Insufficient Permissions; let this user")


def test_a_card_that_fell_off_its_bus_is_listed_as_not_healthy(tmp_path: Path) -> None:
    env = t4.machine(tmp_path, cards=2)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/lost-T4-0").touch()
    lost, other = t4.discovered(env)
    assert (lost["healthy"], lost["busy"], lost["options"]) == (False, "GPU is lost", None)
    assert other["healthy"]


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("2,0", [2, 0]),
        ("GPU-b", [1]),
        ("GPU-", []),
        ("GPU-c1,GPU-xx,0", [2]),
        ("1,1,-1,0", [1]),
    ],
)
def test_an_inherited_visibility_narrows_what_is_found(setting: str | None, left: list[int]) -> None:
    cards = [Found("T4", number, f"GPU-{key}") for number, key in enumerate(["a1", "b1", "c1"])]
    assert [card.logic_id for card in nvml.visible(cards, setting)] == left


def test_visible_numbers_count_cards_of_every_kind(tmp_path: Path) -> None:
    code = """
import pynvml
from dinoq.workers.devices import tensorrt
pynvml.nvmlDeviceGetName = lambda card: "NVIDIA A100" if card.index == 0 else "Tesla T4"
answer = [one.logic_id for one in tensorrt.discover({})]"""
    assert t4.ask(t4.machine(tmp_path, cards=3), code) == [1, 2]
    assert t4.ask(t4.machine(tmp_path, cards=3, CUDA_VISIBLE_DEVICES="0,1"), code) == [1]


def test_an_idle_card_and_a_busy_one_can_be_told_apart(tmp_path: Path) -> None:
    env = t4.machine(tmp_path, cards=2, faults="busy@T4:1")
    idle, busy = (t4.ask(env, SAMPLE.format(options=t4.options(env, card))) for card in (0, 1))
    assert (idle["processes"], idle["utilisation_pct"], idle["power_cap"]) == ([], 0, False)
    assert (busy["processes"], busy["power_cap"]) == (["pid 4000001"], True)
    assert busy["utilisation_pct"] > 90
    assert busy["power_w"] > 2 * idle["power_w"]
    assert (idle["throttle"], busy["throttle"]) == ("", "")


def test_a_hot_card_names_its_reason_and_its_clock_falls(tmp_path: Path) -> None:
    env = t4.machine(tmp_path, faults="throttle@T4:0")
    hot = t4.ask(env, SAMPLE.format(options=t4.options(env)))
    assert hot["throttle"] == "software thermal slowdown"
    assert hot["clock_mhz"] < 1590


def test_what_the_card_or_driver_does_not_tell_is_none(tmp_path: Path) -> None:
    env = t4.machine(tmp_path)
    untold = ["PowerUsage", "ComputeRunningProcesses", "CurrentClocksEventReasons", "CurrentClocksThrottleReasons"]
    code = f"""
import pynvml
def refuse(*_):
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
for name in {untold}:
    setattr(pynvml, "nvmlDeviceGet" + name, refuse)
"""
    told = t4.ask(env, code + SAMPLE.format(options=t4.options(env)))
    assert [name for name, value in told.items() if value is None] == ["power_w", "processes", "throttle", "power_cap"]
    elsewhere = t4.ask(env, SAMPLE.format(options={"uuid": "GPU-none"}))
    assert set(elsewhere.values()) == {None}
