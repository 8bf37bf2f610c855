"""The devices of a host, from what npu-smi says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.jobs.chips import chip_named
from dinoq.workers.devices import ascend, atc, cann, npu_smi, own_process
from dinoq.workers.devices.base import DeviceFault, Found
from dinoq.workers.devices.catalog import Surroundings, discover
from dinoq.workers.devices.npu_smi_text import SmiFault
from tests.integration import programs
from tests.processes import command, eventually
from tests.unit.ascend import samples

DUO_MAPPING = "NPU ID  Chip ID  Chip Logic ID  Chip Name\n1 0 5 Ascend 310P3\n1 1 4 Ascend 310P3\n1 2 - Mcu\n"


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a toolkit or driver of this machine."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(npu_smi, "USUAL_FOLDERS", "")
    monkeypatch.setattr(npu_smi, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(cann, "USUAL_HOMES", ())
    for name in (*cann.HOME_VARIABLES, "ASCEND_RT_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def host(tmp_path: Path, info: str, mapping: str = "", **more: str) -> list[Found]:
    programs.npu_smi(tmp_path / "bin", {"info": info, "info -m": mapping, **more})
    return ascend.discover({})


def test_a_host_without_npu_smi_has_none_and_says_nothing() -> None:
    assert ascend.discover({}) == []


def test_logic_ids_come_from_the_mapping_and_order_the_devices(tmp_path: Path) -> None:
    first, second = host(tmp_path, samples.DUO, DUO_MAPPING)
    assert [(one.logic_id, one.card, one.key) for one in (first, second)] == [
        (4, "1-1", "0000:01:00.0/1"),
        (5, "1-0", "0000:01:00.0/0"),
    ]
    assert (first.chip, first.name, first.driver) == ("310P3", "Ascend 310P3", "25.5.1")
    assert first.options == {"device_id": "4", "npu": "1", "chip": "1", "soc": "310P3"}


@pytest.mark.parametrize(("shown", "chip"), [("310P", "310P3"), ("310P1", "310P1"), ("310P7", "310P7")])
def test_every_310p_is_found_by_the_name_that_a_job_asks_for(tmp_path: Path, shown: str, chip: str) -> None:
    first, _ = host(tmp_path, samples.DUO.replace("310P3", shown.ljust(5)), DUO_MAPPING.replace("310P3", shown))
    assert (first.chip, (first.options or {})["soc"], chip_named(first.chip).name) == (chip, chip, chip)


def test_without_a_mapping_the_device_column_serves(tmp_path: Path) -> None:
    assert [one.logic_id for one in host(tmp_path, samples.DUO, "not supported in this container")] == [0, 1]


def test_sparse_npu_ids_are_not_device_ids(tmp_path: Path) -> None:
    found = host(tmp_path, samples.SPARSE)
    assert [(one.logic_id, one.card) for one in found] == [
        *[(0, "8-0"), (1, "24-0"), (2, "224-0")],
        *[(3, "32768-0"), (4, "32896-0")],
    ]
    assert [one.healthy for one in found] == [True, True, False, False, True]


def test_chips_of_other_families_are_left_alone(tmp_path: Path) -> None:
    assert host(tmp_path, samples.CHIP_910B + samples.DUAL_DIE_910) == []


def test_who_is_on_a_chip_is_told(tmp_path: Path) -> None:
    table = samples.DUO + samples.PROCESS_HEAD + samples.PROCESSES.replace("124528", "999999999")
    busy, other = host(tmp_path, table, samples.MAPPING_NEW)
    assert busy.busy == "pid 999999999 python3.8 17.4 GB"
    assert other.busy == "pid 99 ? 0.1 GB"


def test_a_process_of_our_own_is_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("input()")
    monkeypatch.setattr(own_process, "CHILD", str(child))
    with subprocess.Popen([sys.executable, str(child)], stdin=subprocess.PIPE) as ours:
        eventually(lambda: str(child) in command(ours.pid), "its command line")
        table = samples.DUO + samples.PROCESS_HEAD + samples.PROCESSES.replace("124528", str(ours.pid))
        assert host(tmp_path, table, samples.MAPPING_NEW)[0].busy == ""
        assert host(tmp_path, table.replace(str(ours.pid), "1"), samples.MAPPING_NEW)[0].busy != ""
        ours.kill()


def test_visible_devices_narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", "1,3")
    assert [one.logic_id for one in host(tmp_path, samples.SPARSE)] == [1, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("1,2,3", [1, 2, 3]), ("1, 2,3", [1]), ("2,1", [2]), ("", []), ("x", []), ("0", [0])],
)
def test_visible_devices_are_read_as_cann_reads_them(text: str | None, expected: list[int] | None) -> None:
    assert ascend.visible_devices(text) == expected


def test_a_driver_without_a_version_in_its_head_is_asked_for_the_boards(tmp_path: Path) -> None:
    found = host(tmp_path, samples.NARROW, samples.MAPPING, **{"info -t board -i 0": samples.BOARD})
    assert found[0].driver == "24.1.rc2"


def test_the_toolkit_is_the_one_of_the_sourced_environment(tmp_path: Path) -> None:
    (tmp_path / "cann").mkdir()
    (tmp_path / "cann" / "version.info").write_text("Version=8.0.RC2\n")
    script = tmp_path / "set_env.sh"
    script.write_text(f"export ASCEND_TOOLKIT_HOME={tmp_path}/cann\n")
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO, "info -m": samples.MAPPING_NEW})
    found = ascend.discover({"set_env": str(script)})[0]
    assert found.toolkit == "CANN 8.0.RC2"
    assert found.options is not None
    assert found.options["set_env"] == str(script)


def test_a_toolkit_that_no_file_names_is_the_same_to_devices_and_to_atc(tmp_path: Path) -> None:
    programs.atc(tmp_path / "bin", samples.ATC_SUCCESS)
    first, _ = host(tmp_path, samples.DUO, DUO_MAPPING)
    assert first.toolkit == atc.toolkit({}) == "CANN unknown"


def test_a_driver_that_does_not_answer_is_no_empty_host(tmp_path: Path) -> None:
    with pytest.raises(SmiFault, match="not loaded"):
        host(tmp_path, samples.NO_DRIVER)


def test_a_driver_that_does_not_answer_hides_no_compiler(tmp_path: Path) -> None:
    programs.npu_smi(tmp_path / "bin", {"info": samples.NO_DRIVER})
    programs.atc(tmp_path / "bin", samples.ATC_SUCCESS)
    found = discover(Surroundings(host="h", env={"PATH": os.environ["PATH"]}, python=sys.executable))
    assert "ascend" in {chain.vendor for chain in found.toolchains}
    assert "not loaded" in found.why_not("ascend")


def test_telemetry_is_of_the_chip_and_its_card(tmp_path: Path) -> None:
    table = samples.DUO + samples.PROCESS_HEAD + samples.PROCESSES
    programs.npu_smi(tmp_path / "bin", {"info": table, "info -t common -i 1": samples.COMMON})
    told = ascend.sample({"npu": "1", "chip": "1"})
    assert (told.power_w, told.temperature_c, told.clock_mhz, told.utilisation_pct) == (42.8, 45, 1080, 0)
    assert told.processes == ["pid 99 ? 0.1 GB"]


def test_a_whole_host_is_sampled_by_two_calls_the_second_of_one_card_in_turn(tmp_path: Path) -> None:
    answers = {"info": samples.SPARSE, "info -t common -i 8": samples.COMMON, "info -t common -i 24": samples.COMMON}
    programs.npu_smi(tmp_path / "bin", answers)
    chips = [{"npu": "8", "chip": "0"}, {"npu": "24", "chip": "0"}]
    clocks = [[one.clock_mhz for one in ascend.sample_all(chips)] for _ in range(2)]
    assert sorted(clocks, key=str) == [[960, None], [None, 960]]


def test_a_chip_that_computes_below_its_full_clock_is_held_back(tmp_path: Path) -> None:
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO, "info -t common -i 1": samples.COMMON})
    first, second = ascend.sample_all([{"npu": "1", "chip": "0"}, {"npu": "1", "chip": "1"}])
    assert (first.throttle, second.throttle) == ("clock 960 of 1080 MHz, cause not told", "")


def test_a_chip_that_saves_power_or_tells_no_clock_is_not_held_back(tmp_path: Path) -> None:
    idle = samples.COMMON.replace("(%)           : 90", "(%)           : 0")
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO, "info -t common -i 1": idle})
    assert ascend.sample_all([{"npu": "1", "chip": "0"}])[0].throttle == ""
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO, "info -t common -i 1": "not supported"})
    assert ascend.sample_all([{"npu": "1", "chip": "0"}])[0].throttle is None


def test_without_aclruntime_the_sentence_says_what_to_set() -> None:
    with pytest.raises(DeviceFault, match=r"wheels for CPython 3\.7 to 3\.10.*\[ascend\] python") as fault:
        ascend.load("model.om", 1, "fp16", {"device_id": "0", "npu": "0", "chip": "0"})
    assert fault.value.kind == "device"
