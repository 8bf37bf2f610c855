"""npu-smi, simulated: `info` and its options `-m`, `-l`, `-t TYPE -i NPU [-c CHIP]`, for 310 and 310P chips.

Layout and words follow samples of drivers 24 and 25 and the tool's published source: a 310P's table never shows its
power, which is the card's and told by `-t common`; only a 310 speaks of `Memory Capacity(MB)`, a 310P of DDR; a 310
tells no clock. Standard library only, and quick to start, as it may be asked every second.
"""

from __future__ import annotations

import sys
import time
from typing import Callable, List, Tuple

from dinoq.workers.simulators import faults, machine, occupancy, telemetry
from dinoq.workers.simulators.ascend.toolkit import DRIVER
from dinoq.workers.simulators.machine import Device

Facts = List[Tuple[str, object]]
"""Keys and values of one block, in order."""
TOP = "+" + "-" * 104 + "+"
LINE = "+-------------------------------+-----------------+------------------------------------------------------+"
BAR = LINE.replace("-", "=")
HEAD = f"""\
{TOP}
| npu-smi {DRIVER:<40} Version: {DRIVER:<44} |
{LINE}
| NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
{BAR}"""
PROCESS_HEAD = f"""\
{LINE}
| NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
{BAR}"""
NO_DRIVER = "dcmi module initialize failed. ret is -8005"
HUGEPAGES = 15
WARM_C = 90


def main(arguments: list[str]) -> int:
    """Answer one query; the exit code. It stays 0 where the driver is not there: the text tells."""
    there = machine.devices("ascend")
    chips = {device.chip for device in there}
    if any(faults.active("hang-npu-smi", chip) for chip in chips):
        while True:
            time.sleep(3600)
    if not there or any(faults.active("dcmi-npu-smi", chip) for chip in chips):
        print(NO_DRIVER)
        return 0
    text = _answer(arguments, there)
    if text is None:
        print("Error parameter. Usage: npu-smi info [-l | -m | -t TYPE -i NPU [-c CHIP]]")
        return 1
    if any(faults.active("garbled-npu-smi", chip) for chip in chips):
        text = text.replace("|", "\ufffd")[: len(text) // 2]
    print(text)
    return 0


def _answer(arguments: list[str], there: list[Device]) -> str | None:
    if arguments == ["info"]:
        return _table(there)
    if arguments == ["info", "-m"]:
        return _mapping(there)
    if arguments == ["info", "-l"]:
        return _cards_listed(there)
    options = dict(zip(arguments[1::2], arguments[2::2]))
    describe = TYPES.get(options.get("-t", ""))
    npu, chip = options.get("-i", ""), options.get("-c")
    card = [device for device in there if str(device.npu_id) == npu]
    if arguments[:1] != ["info"] or describe is None or not card:
        return None
    if chip is None:
        return describe(card)
    chosen = [device for device in card if str(device.chip_on_card) == chip]
    return describe(chosen[:1], single=True) if chosen else None


# -- the table --------------------------------------------------------------------------------------------------------


def _table(there: list[Device]) -> str:
    lines = [HEAD]
    cards = _cards(there)
    for card in cards:
        for device in card:
            lines += [*_chip_rows(device), BAR if device is card[-1] else LINE]
    if not any(faults.active("no-processes-npu-smi", device.chip) for device in there):
        lines.append(PROCESS_HEAD)
        for card in cards:
            lines += [*_process_rows(card), BAR]
    return "\n".join(lines)


def _chip_rows(device: Device) -> list[str]:
    now = telemetry.read(device)
    power = f"{now.power_w:.1f}" if device.chip == "310" else "NA"
    pages = f"{0:<6}/ {HUGEPAGES:<13}"
    memory = f"{now.memory_mb:<5}/ {device.model.memory_mb:<32}"
    return [
        f"| {device.npu_id:<7} {device.chip:<22}| {_health(device):<15} | {power:<12} {now.temperature_c:<17} {pages} |",
        f"| {device.chip_on_card:<7} {device.index:<22}| {device.bus_id:<15} | {now.utilisation_pct:<12} {memory} |",
    ]


def _process_rows(card: list[Device]) -> list[str]:
    rows = [
        f"| {device.npu_id:<7} {device.chip_on_card:<22}| {one.pid:<15} | {one.name:<24} | {one.memory_mb:<25} |"
        for device in card
        for one in occupancy.occupants(device)
    ]
    return rows or [f"| {'No running processes found in NPU ' + str(card[0].npu_id):<102} |"]


def _health(device: Device) -> str:
    if occupancy.is_lost(device):
        return "Critical"
    return "Warning" if telemetry.read(device).temperature_c >= WARM_C else "OK"


# -- the lists --------------------------------------------------------------------------------------------------------


def _mapping(there: list[Device]) -> str:
    """Which (NPU, chip) has which logic id; each card's controller is listed too, and has none."""
    rows: list[tuple[object, ...]] = [("NPU ID", "Chip ID", "Chip Logic ID", "Chip Name")]
    for card in _cards(there):
        rows += [(device.npu_id, device.chip_on_card, device.index, f"Ascend {device.chip}") for device in card]
        rows.append((card[0].npu_id, len(card), "-", "Mcu"))
    return "\n".join("\t" + " ".join(f"{cell:<30}" for cell in row) for row in rows)


def _cards_listed(there: list[Device]) -> str:
    cards = _cards(there)
    blocks: list[Facts] = [[("Total Count", len(cards))]]
    blocks += [[("NPU ID", card[0].npu_id), ("Chip Count", len(card))] for card in cards]
    return _shown(blocks)


def _cards(there: list[Device]) -> list[list[Device]]:
    return [[device for device in there if device.npu_id == npu] for npu in sorted({d.npu_id for d in there})]


# -- -t TYPE ----------------------------------------------------------------------------------------------------------


def _usages(chips: list[Device], single: bool = False) -> str:
    return _per_chip(chips, single, _usages_of)


def _usages_of(device: Device) -> Facts:
    now, plain = telemetry.read(device), device.chip == "310"
    kind = "Memory" if plain else "DDR"
    share = 100 * now.memory_mb // device.model.memory_mb
    return [
        (f"{kind} Capacity(MB)", device.model.memory_mb),
        (f"{kind} Usage Rate(%)", share),
        ("Hugepages Total(page)" if plain else "DDR Hugepages Total(page)", HUGEPAGES),
        ("Hugepages Usage Rate(%)" if plain else "DDR Hugepages Usage Rate(%)", 0),
        ("Aicore Usage Rate(%)", now.utilisation_pct),
        ("Aicpu Usage Rate(%)", 0),
        ("Ctrlcpu Usage Rate(%)", 2),
        *([] if plain else [("Vectorcore Usage Rate(%)", 0)]),
        (f"{kind} Bandwidth Usage Rate(%)", now.utilisation_pct // 3),
    ]


def _common(chips: list[Device], single: bool = False) -> str:
    """The chips, and after them the card's controller with the card's power."""
    card_w = sum(telemetry.read(device).power_w for device in chips)
    name = "Power Dissipation(W)" if chips[0].chip == "310" else "NPU Real-time Power(W)"
    text = _per_chip(chips, single, _common_of)
    if single:
        return text
    return text + "\n\n" + _shown([[("Chip Name", "mcu"), ("Temperature(C)", 41), (name, f"{card_w:.1f}")]])


def _common_of(device: Device) -> Facts:
    now = telemetry.read(device)
    clocks: Facts = [("Aicore Freq(MHZ)", device.model.clock_mhz), ("Aicore curFreq(MHZ)", now.clock_mhz)]
    return [
        ("Memory Usage Rate(%)", 100 * now.memory_mb // device.model.memory_mb),
        ("Aicore Usage Rate(%)", now.utilisation_pct),
        *([] if device.chip == "310" else clocks),
        ("Temperature(C)", now.temperature_c),
        *([("Rated Power Dissipation(W)", f"{now.power_w:.1f}")] if device.chip == "310" else []),
    ]


def _board(chips: list[Device], single: bool = False) -> str:
    device = chips[0]
    if single:
        return _shown(
            [
                [
                    ("NPU ID", device.npu_id),
                    ("Chip ID", device.chip_on_card),
                    ("Chip Type", "Ascend"),
                    ("Chip Name", device.chip),
                    ("Chip Version", "V1"),
                    ("Die ID", device.serial.replace("-", " ").upper()),
                    ("PCIe Bus Info", device.bus_id),
                    ("Firmware Version", "7.3.0.1.231"),
                ]
            ]
        )
    return _shown(
        [
            [
                ("NPU ID", device.npu_id),
                ("Product Name", "NA"),
                ("Serial Number", device.serial.replace("-", "")[:20].upper()),
                ("Software Version", DRIVER),
                ("Firmware Version", "7.3.0.1.231"),
                ("Chip Count", len(chips)),
                ("Faulty Chip Count", sum(occupancy.is_lost(chip) for chip in chips)),
                ("PCIe Bus Info", device.bus_id),
            ]
        ]
    )


def _power(chips: list[Device], single: bool = False) -> str:
    name = "Rated Power Dissipation(W)" if chips[0].chip == "310" else "NPU Real-time Power(W)"
    return _per_chip(chips, single, lambda device: [(name, f"{telemetry.read(device).power_w:.1f}")])


def _temp(chips: list[Device], single: bool = False) -> str:
    return _per_chip(chips, single, lambda device: [("NPU Temperature (C)", telemetry.read(device).temperature_c)])


def _health_of(chips: list[Device], single: bool = False) -> str:
    return _per_chip(
        chips,
        single,
        lambda device: [("Health Status", _health(device)), ("Error Code", "NA"), ("Error Information", "NA")],
    )


def _memory(chips: list[Device], single: bool = False) -> str:
    kind = "" if chips[0].chip == "310" else "DDR "
    return _per_chip(
        chips,
        single,
        lambda device: [(f"{kind}Capacity(MB)", device.model.memory_mb), (f"{kind}Clock Speed(MHz)", 2133)],
    )


TYPES = {
    "usages": _usages,
    "common": _common,
    "board": _board,
    "power": _power,
    "temp": _temp,
    "health": _health_of,
    "memory": _memory,
}


def _per_chip(chips: list[Device], single: bool, facts: Callable[[Device], Facts]) -> str:
    """One chip's facts alone, or all of a card's, each under its chip id."""
    if single:
        return _shown([facts(chips[0])])
    blocks: list[Facts] = [[("NPU ID", chips[0].npu_id), ("Chip Count", len(chips))]]
    return _shown(blocks + [[("Chip ID", device.chip_on_card), *facts(device)] for device in chips])


def _shown(blocks: list[Facts]) -> str:
    return "\n\n".join("\n".join(f"\t{key:<30} : {value}" for key, value in block) for block in blocks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
