"""What `npu-smi` prints, as values: text in, values out.

Rows decide, rules do not: the widths and the `+---+` lines vary between drivers. Two families: 310 and 310P have a
`Device` column and one memory column; the 910s split memory in two and mostly have no `Device` column. NPU ids are
sparse (8, 32, 32896), one NPU id may carry several chips, and on a 310P card one of its chips is the controller (Mcu).
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from dinoq.workers.devices.base import DeviceFault

HEAD = re.compile(
    r"^\|\s*(?P<npu>\d+)\s+(?P<name>[A-Za-z0-9][\w-]*)\s*\|\s*(?P<health>[^|]+?)\s*"
    r"\|\s*(?P<power>[\d.]+|NA|-)\s+(?P<temp>-?\d+|NA|-)\s+\d+\s*/\s*\d+\s*\|$"
)
CHIP = re.compile(
    r"^\|\s*(?P<chip>\d+)(?:\s+(?P<device>\d+))?\s*"
    r"\|\s*(?P<bus>NA|[0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\s*"
    r"\|\s*(?P<aicore>\d+|NA|-)\s+(?P<used>\d+)\s*/\s*(?P<total>\d+)"
    r"(?:\s+(?P<hbm_used>\d+)\s*/\s*(?P<hbm_total>\d+))?\s*\|$"
)
PROCESS = re.compile(
    r"^\|\s*(?P<npu>\d+)\s+(?P<chip>\d+)\s*\|\s*(?P<pid>\d+)\s*\|\s*(?P<name>[^|]*?)\s*\|\s*(?P<mem>\d+)\s*\|$"
)
TABLE_HEAD = re.compile(r"^\s*\|\s*NPU\s+Name\s*\|\s*Health", re.MULTILINE)
DATA_ROW = re.compile(r"^\|\s*\d")
MAPPING = re.compile(r"^(\d+)\s+(\d+)\s+(\d+|-)\s+(?:(?:\d+|-)\s+)?(\S.*)$")
KEY_VALUE = re.compile(r"^\s*([^:\n]+?)\s*:\s*(.*?)\s*$")
VERSION = re.compile(r"\bVersion:\s*([^\s|]+)")
DCMI = re.compile(r"dcmi module initialize failed\. ret is (-?\d+)")
FORBIDDEN = re.compile(r"permission|not permitted|privilege", re.IGNORECASE)


class SmiFault(DeviceFault):
    """npu-smi gave no answer. `reason` is absent, driver, permission, hang or layout."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__("device", text)
        self.reason = reason


class Chip(NamedTuple):
    """One chip of `npu-smi info`; `device` is the Device column, None where there is none; `bus` is empty for NA."""

    npu: int
    chip: int
    device: Optional[int]
    name: str
    health: str
    bus: str
    power_w: Optional[float]
    temperature_c: Optional[float]
    aicore_pct: Optional[float]
    memory_used_mb: int
    memory_total_mb: int


class Process(NamedTuple):
    """One line of the process table; the name may be empty in a container."""

    npu: int
    chip: int
    pid: int
    name: str
    memory_mb: int


class Inventory(NamedTuple):
    """`npu-smi info`: `processes` is None where the driver prints no process table, or one that cannot be read."""

    version: str
    chips: List[Chip]
    processes: Optional[List[Process]]


class Mapped(NamedTuple):
    """One line of `npu-smi info -m`: which chip the runtime calls `logic_id`."""

    npu: int
    chip: int
    logic_id: int
    name: str


class Common(NamedTuple):
    """One chip of `npu-smi info -t common`; the power is the whole card's on 310 and 310P. None where not told.

    `full_mhz` is the clock that it has when nothing slows it down.
    """

    power_w: Optional[float]
    clock_mhz: Optional[float]
    aicore_pct: Optional[float]
    full_mhz: Optional[float] = None


def parse_info(text: str) -> Inventory:
    """Every chip and process of `npu-smi info`. Raises: SmiFault for a row it does not know."""
    chips: List[Chip] = []
    head: Optional["re.Match[str]"] = None
    table, processes = _split(_lines(text))
    for row in table:
        found = (CHIP if head else HEAD).match(row)
        if not found:
            raise _unknown("info", row)
        if head:
            chips.append(_chip(head, found))
        head = None if head else found
    if head or _cut_off(text):
        raise SmiFault("layout", "npu-smi info ends within its table: chips could be missing")
    if not chips and not TABLE_HEAD.search(text):
        raise _unknown("info", text)
    version = VERSION.search(text)
    return Inventory(version.group(1) if version else "", chips, _processes(processes))


def parse_mapping(text: str) -> List[Mapped]:
    """The chips of `npu-smi info -m` that have a logic id: controllers have none. Raises: SmiFault."""
    found = [match.groups() for match in map(MAPPING.match, _lines(text)) if match]
    if not found and "Chip Logic ID" not in text:
        raise _unknown("info -m", text)
    return [
        Mapped(int(npu), int(chip), int(logic_id), plain_name(name))
        for npu, chip, logic_id, name in found
        if logic_id != "-"
    ]


def parse_blocks(text: str) -> List[Dict[str, str]]:
    """`Key : value` lines, a new block at each blank line."""
    blocks: List[Dict[str, str]] = [{}]
    for line in text.expandtabs().splitlines():
        found = KEY_VALUE.match(line)
        if found:
            blocks[-1][found.group(1)] = found.group(2)
        elif not line.strip() and blocks[-1]:
            blocks.append({})
    return [block for block in blocks if block]


def parse_common(text: str) -> Dict[int, Common]:
    """Each chip of `info -t common`, by chip id. On 310 and 310P the controller, which comes last, measures power."""
    blocks = parse_blocks(text)
    card_w = next((_power(block) for block in blocks if block.get("Chip Name", "").lower() == "mcu"), None)
    told = {}
    for block in blocks:
        if "Aicore Usage Rate(%)" in block:
            own_w = _power(block)
            told[int(number(block.get("Chip ID")) or 0)] = Common(
                card_w if own_w is None else own_w,
                number(block.get("Aicore curFreq(MHZ)")),
                number(block.get("Aicore Usage Rate(%)")),
                number(block.get("Aicore Freq(MHZ)")),
            )
    return told


def refusal(text: str) -> Optional[SmiFault]:
    """Why npu-smi answers nothing, where its text says so; its exit code may be 0 all the same."""
    found = DCMI.search(text)
    if found:
        why = "the driver is not loaded, was upgraded without a reboot, or may not be used by this user or container"
        return SmiFault("driver", "npu-smi: dcmi module initialize failed (%s): %s" % (found.group(1), why))
    if "+--" not in text and FORBIDDEN.search(text):
        return SmiFault("permission", "npu-smi: %s" % _first_line(text))
    return None


def plain_name(name: str) -> str:
    """`310P3` for `Ascend 310P3` and `Ascend310P3`."""
    return re.sub(r"^Ascend\s*", "", name.strip())


def number(text: Optional[str]) -> Optional[float]:
    """A number as printed; None for NA, `-` and whatever is none."""
    try:
        return float(text or "")
    except ValueError:
        return None


def _power(block: Dict[str, str]) -> Optional[float]:
    return number(block.get("NPU Real-time Power(W)") or block.get("Power Dissipation(W)"))


def _lines(text: str) -> List[str]:
    return [line.strip() for line in text.expandtabs().splitlines()]


def _cut_off(text: str) -> bool:
    """Whether a table with rules does not end with one: devices could be missing."""
    drawn = [line for line in _lines(text) if line[:1] in ("+", "|")]
    return any(line.startswith("+") for line in drawn) and not drawn[-1].startswith("+")


def _split(lines: List[str]) -> Tuple[List[str], Optional[List[str]]]:
    """The data rows of the chip table and of the process table, None without one."""
    start = next((no for no, line in enumerate(lines) if "process id" in line.lower()), None)
    chips = [line for line in lines[:start] if DATA_ROW.match(line)]
    return chips, None if start is None else [line for line in lines[start:] if DATA_ROW.match(line)]


def _chip(head: "re.Match[str]", row: "re.Match[str]") -> Chip:
    device, hbm = row.group("device"), row.group("hbm_total") is not None
    return Chip(
        npu=int(head.group("npu")),
        chip=int(row.group("chip")),
        device=None if device is None else int(device),
        name=plain_name(head.group("name")),
        health=head.group("health"),
        bus="" if row.group("bus") == "NA" else row.group("bus").lower(),
        power_w=number(head.group("power")),
        temperature_c=number(head.group("temp")),
        aicore_pct=number(row.group("aicore")),
        memory_used_mb=int(row.group("hbm_used" if hbm else "used")),
        memory_total_mb=int(row.group("hbm_total" if hbm else "total")),
    )


def _processes(rows: Optional[List[str]]) -> Optional[List[Process]]:
    found = [PROCESS.match(row) for row in rows or ()]
    if rows is None or None in found:
        return None
    return [
        Process(int(row["npu"]), int(row["chip"]), int(row["pid"]), row["name"], int(row["mem"]))
        for row in found
        if row is not None
    ]


def _unknown(query: str, text: str) -> SmiFault:
    return SmiFault("layout", "npu-smi %s prints what dinoq does not know: %r" % (query, _first_line(text)[:120]))


def _first_line(text: str) -> str:
    """The first that says something: rules do not."""
    return next((line.strip() for line in text.splitlines() if line.strip("+-=| ")), "")
