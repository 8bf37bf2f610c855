"""The simulated npu-smi, read with patterns made from samples of the real one (several drivers and cards)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dinoq.workers.simulators import machine, occupancy
from dinoq.workers.simulators.programs import npu_smi

HEAD = re.compile(
    r"^\|\s*(?P<npu>\d+)\s+(?P<name>[A-Za-z0-9][\w-]*)\s*\|\s*(?P<health>[^|]+?)\s*\|\s*(?P<power>[\d.]+|NA|-)\s+"
    r"(?P<temp>-?\d+|NA|-)\s+(?P<hu>\d+)\s*/\s*(?P<ht>\d+)\s*\|\s*$"
)
CHIP = re.compile(
    r"^\|\s*(?P<chip>\d+)(?:\s+(?P<device>\d+))?\s*\|\s*(?P<bus>NA|[0-9A-F]{4}:[0-9A-F]{2}:[0-9A-F]{2}\.[0-9A-F])\s*\|"
    r"\s*(?P<aicore>\d+|NA|-)\s+(?P<mu>\d+)\s*/\s*(?P<mt>\d+)\s*\|\s*$"
)
PROC = re.compile(r"^\|\s*(\d+)\s+(\d+)\s*\|\s*(\d+)\s*\|\s*([^|]*?)\s*\|\s*(\d+)\s*\|\s*$")
MAP = re.compile(r"^\s*(\d+)\s+(\d+)\s+(\d+|-)\s+(\S.*?)\s*$")
Ask = Callable[..., str]
FACT = re.compile(r"^\s*([^:\n]+?)\s*:\s*(.*?)\s*$", re.MULTILINE)


@pytest.fixture(autouse=True)
def a_duo_and_a_310(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("DINOQ_SIM")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DINOQ_SIMULATE", "310P3:2,310:4")
    monkeypatch.setenv("DINOQ_SIM_CHIPS_PER_CARD", "310P3:2")
    monkeypatch.setenv("DINOQ_SIM_STATE", str(tmp_path))


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(line: str, code: int = 0) -> str:
        assert npu_smi.main(line.split()) == code
        return capsys.readouterr().out

    return asked


def rows(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [found for line in text.splitlines() if (found := pattern.match(line))]


def test_the_table_has_two_rows_per_chip(ask: Ask) -> None:
    text = ask("info")
    assert [(row["npu"], row["name"], row["health"]) for row in rows(HEAD, text)] == [
        *[("8", "310P3", "OK")] * 2,
        *[("16", "310", "OK")] * 4,
    ]
    assert [(row["chip"], row["device"]) for row in rows(CHIP, text)] == [
        *[("0", "0"), ("1", "1")],
        *[("0", "2"), ("1", "3"), ("2", "4"), ("3", "5")],
    ]


def test_every_line_of_the_table_is_as_wide_as_the_real_one(ask: Ask) -> None:
    assert {len(line) for line in ask("info").splitlines()} == {106}


def test_a_310p_table_does_not_tell_the_power(ask: Ask) -> None:
    powers = [row["power"] for row in rows(HEAD, ask("info"))]
    assert powers[:2] == ["NA", "NA"]
    assert all(float(power) > 0 for power in powers[2:])


def test_the_chips_of_a_duo_share_an_address_and_those_of_a_310_do_not(ask: Ask) -> None:
    addresses = [row["bus"] for row in rows(CHIP, ask("info"))]
    assert addresses[0] == addresses[1]
    assert len(set(addresses)) == 5


def test_who_holds_a_chip_is_in_the_process_table(ask: Ask) -> None:
    entry = occupancy.Entry(machine.devices("ascend")[1], 300)
    text = ask("info")
    entry.close()
    assert [row.groups()[:3] for row in rows(PROC, text)] == [("8", "1", str(os.getpid()))]
    assert "No running processes found in NPU 16 " in text
    assert "No running processes found in NPU 8 " not in text


def test_the_mapping_gives_every_chip_its_logic_id_and_the_controller_none(ask: Ask) -> None:
    found = [row.groups() for row in rows(MAP, ask("info -m"))]
    assert found[:3] == [("8", "0", "0", "Ascend 310P3"), ("8", "1", "1", "Ascend 310P3"), ("8", "2", "-", "Mcu")]
    assert [row[2] for row in found[3:]] == ["2", "3", "4", "5", "-"]


def test_the_list_counts_cards_and_chips(ask: Ask) -> None:
    assert FACT.findall(ask("info -l")) == [
        ("Total Count", "2"),
        *[("NPU ID", "8"), ("Chip Count", "2"), ("NPU ID", "16"), ("Chip Count", "4")],
    ]


@pytest.mark.parametrize(("npu", "kind"), [("8", "DDR"), ("16", "Memory")])
def test_usages_name_memory_as_the_chip_does(ask: Ask, npu: str, kind: str) -> None:
    facts = dict(FACT.findall(ask(f"info -t usages -i {npu} -c 0")))
    assert int(facts[f"{kind} Capacity(MB)"]) > 7000
    assert facts["Aicore Usage Rate(%)"] == "0"


def test_a_busy_chip_shows_it_and_its_neighbour_does_not(ask: Ask) -> None:
    entry = occupancy.Entry(machine.devices("ascend")[0], 300)
    entry.computing(True)
    shown = [int(dict(FACT.findall(ask(f"info -t usages -i 8 -c {c}")))["Aicore Usage Rate(%)"]) for c in (0, 1)]
    entry.close()
    assert shown[0] > 90
    assert shown[1] == 0


def test_the_power_of_a_310p_card_is_told_after_its_chips(ask: Ask) -> None:
    last = ask("info -t common -i 8").split("\n\n")[-1]
    assert [key for key, _ in FACT.findall(last)] == ["Chip Name", "Temperature(C)", "NPU Real-time Power(W)"]


def test_a_310_tells_no_clock(ask: Ask) -> None:
    assert "Aicore curFreq(MHZ)" in ask("info -t common -i 8 -c 0")
    assert "Aicore curFreq(MHZ)" not in ask("info -t common -i 16 -c 0")


@pytest.mark.parametrize("kind", ["common", "board", "power", "temp", "health", "memory"])
def test_each_type_is_told_of_a_card_and_of_a_chip(ask: Ask, kind: str) -> None:
    assert dict(FACT.findall(ask(f"info -t {kind} -i 8")))["NPU ID"] == "8"
    assert FACT.findall(ask(f"info -t {kind} -i 8 -c 1"))


@pytest.mark.parametrize(
    "line", ["", "info -x", "info -t usages -i 3", "info -t fans -i 8", "info -t usages -i 8 -c 2"]
)
def test_what_cannot_be_asked_is_refused(ask: Ask, line: str) -> None:
    assert "Error parameter" in ask(line, code=1)


def test_a_lost_chip_is_critical_and_a_hot_one_warns(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    occupancy.mark_lost(machine.devices("ascend")[0])
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "throttle@310P3:1")
    assert [row["health"] for row in rows(HEAD, ask("info"))[:3]] == ["Critical", "Warning", "OK"]


def test_a_foreign_process_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "busy@310:3")
    assert [row.groups()[:2] + row.groups()[3:] for row in rows(PROC, ask("info"))] == [("16", "1", "python3", "17400")]


def test_without_a_driver_the_text_says_so_and_the_code_does_not(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "dcmi-npu-smi@310P3")
    assert ask("info") == "dcmi module initialize failed. ret is -8005\n"


def test_a_garbled_table_has_no_row_that_can_be_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "garbled-npu-smi@310P3")
    text = ask("info")
    assert len(text) > 200
    assert rows(HEAD, text) == rows(CHIP, text) == []


def test_it_may_never_answer(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "hang-npu-smi@310")
    monkeypatch.setattr(npu_smi, "time", SimpleNamespace(sleep=lambda _: pytest.fail("asleep", pytrace=False)))
    with pytest.raises(pytest.fail.Exception, match="asleep"):
        ask("info")


def test_an_old_driver_has_no_process_table(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "no-processes-npu-smi@310P3")
    text = ask("info")
    assert len(rows(HEAD, text)) == 6
    assert "rocess" not in text
