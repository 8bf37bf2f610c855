"""Ascend chips: found by npu-smi, compiled for by atc, driven through aclruntime.

A device is passed on by its logic id (`npu-smi info -m`), never by its NPU id; npu-smi asks for (NPU id, chip id). The
options of a device: `device_id` (logic id), `npu`, `chip`, `soc` (its name, `310P3`), and `set_env` where one is set.
"""

import itertools
import os
import platform
import re
from typing import Dict, List, Optional, Tuple

from dinoq.workers.devices import atc, npu_smi
from dinoq.workers.devices.base import DeviceFault, Found, Options, Program, Telemetry
from dinoq.workers.devices.cann import sourced_environment, toolkit_version
from dinoq.workers.devices.npu_smi_text import Chip, Common, Inventory, Process, SmiFault
from dinoq.workers.devices.om_program import VISIBLE, NotLoaded, OmProgram
from dinoq.workers.devices.own_process import is_ours
from dinoq.workers.devices.vendor_program import inherited

DRIVEN = re.compile(r"310(P[1357]?)?")
"""Other families (910, 310B) are seen by npu-smi, but no chip of dinoq's."""
CANONICAL = {"310P": "310P3"}
"""What npu-smi may call a chip, and what dinoq and atc (`--soc_version`) call it."""
HEALTHY = ("OK", "WARNING")
"""npu-smi's words; Alarm, Critical, UNKNOWN and bare fault numbers are not."""

RUNTIME = ("aclruntime",)
compile = atc.compile
toolkit = atc.toolkit

OUT_OF_MEMORY = "EL0004"
"""CANN's code for `Failed to allocate memory`."""
SAMPLE_S = 4.0
"""A call of npu-smi that takes longer tells nothing about now."""
_turns = itertools.count()

_proven: List[int] = []
"""Logic ids on which a model of this process was seen to take memory."""


def discover(options: Options) -> List[Found]:
    """Every 310 and 310P chip of this host, in the order of logic ids; none where there is no npu-smi.

    Keys are PCI address and chip id (two chips of a card share the address): stable on a host, not unique in a fleet.
    ASCEND_RT_VISIBLE_DEVICES narrows as CANN reads it. Raises: DeviceFault when npu-smi is there but does not answer.
    """
    try:
        inventory = npu_smi.inventory()
    except SmiFault as fault:
        if fault.reason == "absent":
            return []
        raise
    driven = [chip for chip in inventory.chips if DRIVEN.fullmatch(chip.name)]
    if not driven:
        return []
    set_env = options.get("set_env", "")
    env = sourced_environment(set_env, inherited()) if set_env else inherited()
    visible, numbered = visible_devices(env.get(VISIBLE)), _logic_ids(driven)
    driver = inventory.version or npu_smi.driver_version(driven[0].npu)
    found = [
        _found(chip, numbered[chip.npu, chip.chip], inventory, {"set_env": set_env} if set_env else {})._replace(
            driver=driver, toolkit=toolkit_version(env)
        )
        for chip in driven
    ]
    found.sort(key=lambda one: one.logic_id)
    return [one for one in found if visible is None or one.logic_id in visible]


def load(artifact: str, batch: int, precision: str, options: Options) -> Program:
    """Open an .om on the chip, and see that its memory rose: a wrong id would use another chip and say nothing.

    The batch it executes is the model's; the precision was fixed when it was compiled. Raises: DeviceFault.
    """
    device_id = int(options["device_id"])
    before = None if device_id in _proven else _memory_mb(options)
    try:
        program = OmProgram(artifact, batch, device_id)
    except NotLoaded as fault:
        model_mb = os.path.getsize(artifact) >> 20 if os.path.isfile(artifact) else 0
        raise _short_of_memory(str(fault), model_mb, _chip_now(options)) or fault from None
    after = None if before is None else _memory_mb(options)
    if before is not None and after is not None:
        if after <= before:
            text = "the memory of chip %s-%s (logic id %d) did not rise when a model was loaded (%d, then %d MB)"
            where = (options["npu"], options["chip"], device_id, before, after)
            raise DeviceFault("device", (text + ": it runs elsewhere") % where)
        _proven.append(device_id)
    return program


def sample(options: Options) -> Telemetry:
    """One reading of one chip, by two calls of npu-smi. Raises: DeviceFault when it does not answer."""
    return telemetry(npu_smi.inventory(), npu_smi.common(int(options["npu"])), options)


def sample_all(devices: List[Options]) -> List[Telemetry]:
    """A reading of every chip of this host by two calls of npu-smi: one tells of all chips, the other of one card's power
    and clock, of the next card each time; the other cards' are None. Raises: DeviceFault when it does not answer.
    """
    inventory = npu_smi.inventory(SAMPLE_S)
    cards = sorted({int(options["npu"]) for options in devices})
    turn = cards[next(_turns) % len(cards)]
    common = npu_smi.common(turn, SAMPLE_S)
    return [telemetry(inventory, common if int(one["npu"]) == turn else {}, one) for one in devices]


def telemetry(inventory: Inventory, card: Dict[int, Common], options: Options) -> Telemetry:
    """One chip's reading out of what one call told of the host and one of its card.

    The power is the card's on 310 and 310P: two chips of a Duo tell the same watts.
    """
    npu, chip = int(options["npu"]), int(options["chip"])
    row, running = _row(inventory, npu, chip), _running(inventory, npu, chip)
    common = card.get(chip, Common(None, None, None))
    return Telemetry(
        power_w=common.power_w if row is None or row.power_w is None else row.power_w,
        temperature_c=None if row is None else row.temperature_c,
        clock_mhz=common.clock_mhz,
        utilisation_pct=common.aicore_pct if row is None or row.aicore_pct is None else row.aicore_pct,
        processes=None if running is None else [_words(process) for process in running],
        throttle=_slowed(common),
    )


def _slowed(common: Common) -> Optional[str]:
    """A chip that computes below its full clock is held back; npu-smi names no cause, so heat cannot be ruled out. None
    where it tells no clock. An idle chip may save power."""
    if common.clock_mhz is None or common.full_mhz is None:
        return None
    slow = bool(common.aicore_pct) and common.clock_mhz < common.full_mhz
    return "clock %d of %d MHz, cause not told" % (common.clock_mhz, common.full_mhz) if slow else ""


def visible_devices(text: Optional[str]) -> Optional[List[int]]:
    """The logic ids that ASCEND_RT_VISIBLE_DEVICES leaves, None when it is not set.

    CANN reads ascending numbers and stops at the first thing that is none: `1, 2,3` is 1.
    """
    if text is None:
        return None
    numbers: List[int] = []
    for part in text.split(","):
        if not re.fullmatch(r"[0-9]+", part) or (numbers and int(part) <= numbers[-1]):
            break
        numbers.append(int(part))
    return numbers


def _logic_ids(chips: List[Chip]) -> Dict[Tuple[int, int], int]:
    """By (NPU id, chip id): from `info -m`, else from the Device column."""
    try:
        numbered = {(row.npu, row.chip): row.logic_id for row in npu_smi.mapping()}
    except SmiFault:
        numbered = {}
    for chip in chips:
        if (chip.npu, chip.chip) not in numbered:
            if chip.device is None:
                text = "npu-smi does not tell the logic id of chip %d-%d" % (chip.npu, chip.chip)
                raise SmiFault("layout", text)
            numbered[chip.npu, chip.chip] = chip.device
    return numbered


def _found(chip: Chip, logic_id: int, inventory: Inventory, more: Options) -> Found:
    foreign = [one for one in _running(inventory, chip.npu, chip.chip) or () if not is_ours(one.pid)]
    name = CANONICAL.get(chip.name, chip.name)
    return Found(
        chip=name,
        logic_id=logic_id,
        key="%s/%d" % (chip.bus or "npu%d" % chip.npu, chip.chip),
        card="%d-%d" % (chip.npu, chip.chip),
        healthy=chip.health.upper() in HEALTHY,
        busy=", ".join(_words(process) for process in foreign),
        arch=platform.machine(),
        name="Ascend " + chip.name,
        options={"device_id": str(logic_id), "npu": str(chip.npu), "chip": str(chip.chip), "soc": name, **more},
    )


def _row(inventory: Inventory, npu: int, chip: int) -> Optional[Chip]:
    return next((row for row in inventory.chips if (row.npu, row.chip) == (npu, chip)), None)


def _running(inventory: Inventory, npu: int, chip: int) -> Optional[List[Process]]:
    """The processes on one chip; None where the driver does not tell."""
    if inventory.processes is None:
        return None
    return [process for process in inventory.processes if (process.npu, process.chip) == (npu, chip)]


def _words(process: Process) -> str:
    """`pid 4127 python3 17.4 GB`."""
    return " ".join(["pid", str(process.pid), process.name or "?", "%.1f GB" % (process.memory_mb / 1000.0)])


def _memory_mb(options: Options) -> Optional[int]:
    """Used memory of the chip; None where npu-smi does not answer, or the chip has none of its own (RC mode)."""
    row = _chip_now(options)
    return None if row is None else row.memory_used_mb


def _chip_now(options: Options) -> Optional[Chip]:
    """The chip with memory of its own, as npu-smi shows it; None where it does not."""
    try:
        row = _row(npu_smi.inventory(), int(options["npu"]), int(options["chip"]))
    except SmiFault:
        return None
    return row if row is not None and row.bus else None


def _short_of_memory(text: str, model_mb: int, chip: Optional[Chip]) -> Optional[DeviceFault]:
    """The device's fault where others hold the memory that a model (of this size as a file) needs; None for a model that
    is none, or that is larger than all of the chip's memory."""
    free_mb = None if chip is None else chip.memory_total_mb - chip.memory_used_mb
    if chip is not None and model_mb > chip.memory_total_mb:
        return None
    if OUT_OF_MEMORY in text or (free_mb is not None and free_mb < model_mb):
        return DeviceFault("device", "%s; the chip has %s MB of memory free" % (text, "?" if chip is None else free_mb))
    return None
