"""Each known text of npu-smi gives the right devices; an unknown one gives none, and says so."""

from __future__ import annotations

import pytest

from dinoq.workers.devices.npu_smi_text import (
    Common,
    Mapped,
    Process,
    SmiFault,
    parse_blocks,
    parse_common,
    parse_info,
    parse_mapping,
    refusal,
)
from tests.unit.ascend import samples

P3 = "310P3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # NPU id, chip, Device column, name, PCI address, power W, temperature C, used MB, total MB
        (
            samples.DUO,
            [
                (1, 0, 0, P3, "0000:01:00.0", None, 49, 1448, 44278),
                (1, 1, 1, P3, "0000:01:00.0", None, 45, 1511, 43693),
            ],
        ),
        (samples.CHIP_310, [(0, 0, 0, "310", "0000:01:00.0", 12.8, 61, 577, 7759)]),
        (samples.CHIP_310_RC_MODE, [(0, 0, 0, "310", "", 12.8, 61, 577, 7759)]),
        (samples.NARROW, [(0, 0, 0, P3, "0000:82:00.0", 15.8, 42, 1074, 21534)]),
        (samples.NO_SPACE, [(0, 0, 0, P3, "0000:82:00.0", 15.8, 42, 19562, 21527)]),
        (samples.TABS, [(0, 0, 0, P3, "0000:82:00.0", 15.8, 42, 1074, 21534)]),
        (samples.CHIP_910B, [(0, 0, None, "910B2C", "0000:5a:00.0", 88.6, 51, 20701, 65536)]),
        (samples.DUAL_DIE_910, [(6, 1, 13, "910", "0000:87:00.0", None, 36, 3162, 65536)]),
    ],
    ids=["duo", "310", "310-rc-mode", "narrow", "no-space", "tabs", "910b", "910-dual-die"],
)
def test_info_gives_the_chips_it_shows(text: str, expected: list[tuple[object, ...]]) -> None:
    chips = parse_info(text).chips
    assert [
        (c.npu, c.chip, c.device, c.name, c.bus, c.power_w, c.temperature_c, c.memory_used_mb, c.memory_total_mb)
        for c in chips
    ] == expected


def test_ids_may_be_sparse_and_health_any_word() -> None:
    chips = parse_info(samples.SPARSE).chips
    assert [chip.npu for chip in chips] == [8, 24, 224, 32768, 32896]
    assert [chip.health for chip in chips] == ["OK", "Warning", "Alarm", "4111621", "OK"]


def test_the_drivers_version_is_in_the_head() -> None:
    assert parse_info(samples.DUO).version == "25.5.1"
    assert parse_info(samples.NARROW).version == ""


def test_processes_are_told_per_chip() -> None:
    told = parse_info(samples.DUO + samples.PROCESS_HEAD + samples.PROCESSES).processes
    assert told == [Process(1, 0, 124528, "python3.8", 17400), Process(1, 1, 99, "", 120)]


def test_no_process_is_not_the_same_as_no_table() -> None:
    assert parse_info(samples.DUO + samples.PROCESS_HEAD + samples.NO_PROCESSES).processes == []
    assert parse_info(samples.DUO).processes is None


def test_a_process_table_that_cannot_be_read_tells_nothing() -> None:
    odd = "| 1  0  | root | python3 | 124528 | 17400 |\n" + samples.PROCESSES
    inventory = parse_info(samples.DUO + samples.PROCESS_HEAD + odd)
    assert inventory.processes is None
    assert len(inventory.chips) == 2


def test_a_table_without_chips_is_an_empty_one() -> None:
    head = samples.DUO.split("| 1  ")[0]
    assert parse_info(head).chips == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Segmentation fault",
        samples.DUO.replace("1448 / 44278", "1448 MB of 44278"),
        samples.NARROW.splitlines()[0],
        samples.NARROW.splitlines()[1],
        "| 0 | 310P3 | OK | 42 C |",
        samples.DUO.replace("|", "\ufffd"),
        "".join(samples.DUO.splitlines(True)[:8]),
    ],
    ids=["empty", "crash", "other-units", "no-second-row", "no-first-row", "other-columns", "garbled", "cut-off"],
)
def test_an_unknown_layout_is_refused_and_never_half_read(text: str) -> None:
    with pytest.raises(SmiFault, match=r"prints what dinoq does not know|ends within its table") as fault:
        parse_info(text)
    assert fault.value.reason == "layout"


def test_the_mapping_leaves_the_controller_out() -> None:
    assert parse_mapping(samples.MAPPING) == [Mapped(4, 0, 0, P3)]


def test_the_mapping_of_newer_drivers_has_one_more_column() -> None:
    assert parse_mapping(samples.MAPPING_NEW) == [Mapped(1, 0, 0, P3), Mapped(1, 1, 1, P3), Mapped(32896, 0, 2, P3)]


@pytest.mark.parametrize("name", ["Ascend 310P3", "Ascend310P3", "310P3"])
def test_the_mapping_may_name_a_chip_in_three_ways(name: str) -> None:
    assert parse_mapping(f"4 0 0 {name}\n")[0].name == P3


def test_a_mapping_without_rows_or_head_is_refused() -> None:
    assert parse_mapping(samples.MAPPING.splitlines()[0]) == []
    with pytest.raises(SmiFault, match="info -m"):
        parse_mapping("command not supported")


def test_a_cards_power_is_told_by_its_controller() -> None:
    assert parse_common(samples.COMMON) == {0: Common(42.8, 960, 90, 1080), 1: Common(42.8, 1080, 7, 1080)}


def test_a_chip_that_measures_its_own_power_is_believed() -> None:
    assert parse_common(samples.COMMON_910) == {0: Common(298.6, 100, 0)}
    assert parse_common("This device does not support querying common.") == {}


def test_key_value_blocks_end_at_a_blank_line() -> None:
    assert [len(block) for block in parse_blocks(samples.LIST_OLD)] == [1, 4]
    assert parse_blocks(samples.LIST_OLD)[1]["Serial Number"] == "033EFS10M1001234"


def test_a_missing_driver_is_known_by_the_text() -> None:
    fault = refusal(samples.NO_DRIVER)
    assert fault is not None
    assert fault.reason == "driver"
    assert "-8005" in str(fault)


def test_a_table_is_no_refusal_whatever_a_process_is_called() -> None:
    named = samples.PROCESSES.replace("python3.8", "permission")
    assert refusal(samples.DUO + samples.PROCESS_HEAD + named) is None
    assert refusal("Permission denied, run it as root") is not None
