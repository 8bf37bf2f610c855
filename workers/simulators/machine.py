"""Which simulated devices this machine has, and what each vendor's interface calls them.

The environment says it: DINOQ_SIMULATE="310P3:4,T4:1" is four 310P3 chips and one T4; DINOQ_SIM_CHIPS_PER_CARD="310P3:2"
puts two 310P3 chips on a card, as a Duo has. DINOQ_SIM_STATE is a folder that all processes of the machine share.
Like every file of this folder that a device process imports, it runs on Python 3.8.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Model(NamedTuple):
    """What all chips of one kind have in common. Memory as samples of npu-smi tables show it (T4: its data
    sheet); powers and clocks are plausible, not measured."""

    vendor: str
    memory_mb: int
    chips_per_card: int
    idle_w: float
    busy_w: float
    clock_mhz: int
    throttled_mhz: int


_310P = Model("ascend", 21534, 1, 15.8, 58.0, 1080, 640)
MODELS = {
    "310": Model("ascend", 7759, 4, 6.4, 12.8, 680, 420),
    "310P1": _310P,
    "310P3": _310P,
    "310P5": _310P,
    "310P7": _310P,
    "T4": Model("nvidia", 15360, 1, 11.0, 68.0, 1590, 585),
}


@dataclass(frozen=True)
class Device:
    """One simulated chip.

    `index` is the vendor's own number of it: Chip Logic ID, CUDA ordinal; it counts over all chips of that vendor.
    `npu_id` is where npu-smi says its card is: sparse, and never the logic id. `serial` is unique to machine and chip.
    """

    chip: str
    index: int
    card: int
    chip_on_card: int
    npu_id: int
    bus_id: str
    serial: str

    @property
    def model(self) -> Model:
        """What it shares with its kind."""
        return MODELS[self.chip]


def devices(vendor: str) -> list[Device]:
    """The devices of one vendor (`ascend`, `nvidia`) in the order of their index. Raises: ValueError for a bad setting."""
    per_card = counts(os.environ.get("DINOQ_SIM_CHIPS_PER_CARD", ""), "DINOQ_SIM_CHIPS_PER_CARD")
    found: list[Device] = []
    n_cards = 0
    for chip, count in counts(os.environ.get("DINOQ_SIMULATE", ""), "DINOQ_SIMULATE").items():
        model = MODELS[chip]
        if model.vendor != vendor:
            continue
        on_card = per_card.get(chip, model.chips_per_card)
        found += [_device(chip, len(found) + no, n_cards + no // on_card, no % on_card) for no in range(count)]
        n_cards += -(-count // on_card)
    return found


def counts(text: str, setting: str = "--simulate") -> dict[str, int]:
    """`310P3:4,T4` as numbers by chip; 1 where none is given. Raises: ValueError."""
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        chip, _, number = part.partition(":")
        if chip not in MODELS or chip in found:
            raise ValueError(f"{setting}: {part!r} names no chip, or one twice; there are {', '.join(MODELS)}")
        if not (number or "1").isdecimal() or not 1 <= int(number or 1) <= 64:
            raise ValueError(f"{setting}: {part!r} has no number from 1 to 64 after the colon")
        found[chip] = int(number or 1)
    return found


def state_folder() -> Path:
    """The folder that the machine's processes share. Raises: ValueError when none is set."""
    text = os.environ.get("DINOQ_SIM_STATE", "")
    if not text:
        raise ValueError("DINOQ_SIM_STATE names no folder for what simulated devices share between processes")
    folder = Path(text)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _device(chip: str, index: int, card: int, chip_on_card: int) -> Device:
    name = f"{os.uname().nodename}/{os.environ.get('DINOQ_SIM_STATE', '')}/{chip}:{index}"
    # A 310 card's chips sit behind a switch, a Duo's two share one address (samples of npu-smi tables).
    slot = chip_on_card if chip == "310" else 0
    return Device(
        chip=chip,
        index=index,
        card=card,
        chip_on_card=chip_on_card,
        npu_id=8 * (card + 1),
        bus_id=f"0000:{card + 1:02X}:{slot:02X}.0",
        serial=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
    )
