"""`dinoq doctor` as a new user reads it: on a laptop, on simulated cards, and with each piece of a vendor's broken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.command import Shell

BOTH = "310P3:2,T4:1"


def asked(shell: Shell, *args: str, faults: str = "", **variables: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and every check by its name."""
    answer = shell.dinoq("doctor", "--json", *args, DINOQ_SIM_FAULTS=faults, **variables)
    assert answer.err == ""
    return answer.code, {check["name"]: check for check in answer.json}


def test_on_a_machine_without_cards_all_is_well_and_what_is_missing_is_told(shell: Shell) -> None:
    code, checks = asked(shell)
    assert code == 0
    assert checks["Ascend"]["status"] == "missing"
    assert "docs/ascend.md" in checks["Ascend"]["cure"]
    assert {check["status"] for name, check in checks.items() if name.startswith("T4")} <= {"missing", "found"}
    assert checks["device cpu:0"]["text"].startswith("PASS: ")


def test_every_simulated_device_passes_and_every_piece_is_found(shell: Shell) -> None:
    code, checks = asked(shell, "--simulate", BOTH)
    assert code == 0
    assert {check["status"] for name, check in checks.items() if name.startswith(("Ascend", "T4"))} == {"found"}
    assert "atc's python" not in str(checks)  # a simulated atc has no Python parts
    passed = {name for name, check in checks.items() if check["text"].startswith("PASS: ")}
    assert passed == {"compiling for 310P3", "device cpu:0", "device 310P3:0", "device 310P3:1", "device T4:0"}


@pytest.mark.parametrize("version", ["8.6.1", "11.4.0"])
def test_a_t4_passes_with_every_tensorrt_although_eleven_makes_no_fp16_of_fp32(shell: Shell, version: str) -> None:
    code, checks = asked(shell, "--simulate", "T4:1", DINOQ_SIM_TENSORRT=version)
    assert (code, checks["device T4:0"]["text"][:6]) == (0, "PASS: "), checks["device T4:0"]


@pytest.mark.parametrize(
    ("fault", "name", "text", "cure"),
    [
        (
            "dcmi-npu-smi@310P3",
            "Ascend npu-smi",
            "failed (-8005): the driver is not loaded",
            "in a container pass /dev/",
        ),
        ("garbled-npu-smi@310P3", "Ascend npu-smi", "prints what dinoq does not know", "tell dinoq's authors"),
        ("import@310P3", "Ascend aclruntime", "libascendcl.so: cannot open", "[ascend] set_env"),
        ("denied@T4", "T4 NVML", "NVML refuses this user: Insufficient", "/dev/nvidiactl"),
        ("import@T4", "T4 tensorrt", "libnvinfer.so.10: cannot open", "dinoq[t4]"),
    ],
)
def test_a_broken_piece_is_named_with_its_cure(shell: Shell, fault: str, name: str, text: str, cure: str) -> None:
    chip = fault.partition("@")[2]
    code, checks = asked(shell, "--simulate", f"{chip}:1", faults=fault)
    assert code == 8
    assert checks[name]["status"] == "broken"
    assert text in checks[name]["text"]
    assert cure in checks[name]["cure"]
    assert checks["device cpu:0"]["status"] == "found"


def test_a_device_that_fails_says_why(shell: Shell) -> None:
    code, checks = asked(shell, "--simulate", "310P3:2", faults="lost@310P3:1:0")
    assert code == 8
    assert checks["device 310P3:0"]["text"].startswith("PASS: ")
    assert checks["device 310P3:1"]["text"].startswith("FAIL: ")
    assert "EZ9999" in checks["device 310P3:1"]["text"]


def test_a_device_on_which_others_compute_is_left_alone(shell: Shell) -> None:
    code, checks = asked(shell, "--simulate", "310P3:2", faults="busy@310P3:1")
    assert code == 0
    assert checks["device 310P3:1"]["status"] == "warning"
    assert "pid 4000001 python3 17.4 GB computes there" in checks["device 310P3:1"]["text"]


def test_an_atc_that_fails_is_told_and_devices_are_not_blamed(shell: Shell) -> None:
    code, checks = asked(shell, "--simulate", "310P3:1", faults="compile@310P3:2:E10007")
    assert code == 8
    assert "E10007" in checks["compiling for 310P3"]["text"]
    assert checks["device 310P3:0"]["status"] == "warning"
