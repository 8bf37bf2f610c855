"""Drivers that are missing, refuse or garble: the chip is not there, the sentence says why, and nothing is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench


@pytest.mark.parametrize(
    ("fault", "chip", "words"),
    [
        ("denied@T4", "T4", "NVML refuses this user: Insufficient Permissions; let this user read and write"),
        ("dcmi-npu-smi@310P3", "310P3", "dcmi module initialize failed (-8005): the driver is not loaded"),
        ("garbled-npu-smi@310P3", "310P3", "npu-smi info prints what dinoq does not know"),
    ],
)
def test_a_driver_that_refuses_is_quoted_and_the_other_devices_stay(
    bench: Bench, fault: str, chip: str, words: str
) -> None:
    answer = bench.run("--chip", chip, "--simulate", "310P3:1,T4:1", DINOQ_SIM_FAULTS=fault)
    assert (answer.code, answer.out) == (8, "")
    error = answer.err.splitlines()[-1]
    other = {"T4": "310P3", "310P3": "T4"}[chip]
    assert error.startswith(f"error: this host has no {chip} (it has {', '.join(sorted((other, 'cpu')))})")
    assert words in error
    assert bench.shell.dinoq("jobs", "--json").json == []


def test_a_host_without_any_driver_says_what_is_missing(bench: Bench) -> None:
    answer = bench.run("--chip", "310P3", PATH="/usr/bin:/bin")
    assert (answer.code, answer.out) == (8, "")
    assert "npu-smi is not on this host: no Ascend driver, or not mounted into this container" in answer.err
    assert "Try: dinoq doctor; or dinoq up on a 310P3 host, then dinoq submit" in answer.err


def test_an_ill_device_is_refused_before_anything_is_stored(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "lost-310P3-0").touch()  # as a simulated device is marked that fell off its bus
    answer = bench.run("--chip", "310P3", "--simulate", "310P3:1", DINOQ_SIM_STATE=str(tmp_path))
    assert (answer.code, answer.out) == (8, "")
    assert "no 310P3 of this host is healthy, says its driver" in answer.err
