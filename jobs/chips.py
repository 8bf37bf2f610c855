"""The kinds of accelerator dinoq knows, as their vendors name them. A new chip is one line in CHIPS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dinoq.jobs.errors import BadBatches, UnknownChip, UsageError

Precision = Literal["fp32", "fp16"]
CompilesOn = Literal["device", "host"]
MAX_BATCH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One kind of accelerator.

    `vendor` names the device file; `compiles_on` says whether a compile item needs the device itself or only a host
    with the toolchain; `chips_per_card` turns a chip's figure into a card's; `peak_tflops` is the published dense peak
    at `precision` per chip, None where no vendor figure is at hand.
    """

    name: str
    vendor: str
    precision: Precision
    compiles_on: CompilesOn
    chips_per_card: int
    peak_tflops: float | None
    pattern: str


# Peaks: Huawei's Atlas 300I Pro data sheet (310P, 140 TOPS int8 / 70 TFLOPS fp16) and NVIDIA's T4 data sheet
# (65 TFLOPS fp16). The 310's fp16 peak (8 TFLOPS, half of 16 TOPS int8) is Huawei's Ascend 310 product page. For the other
# 310P that atc knows (`--soc_version=Ascend310P1`, P5, P7) none is at hand.
CHIPS: tuple[Chip, ...] = (
    Chip(name="310", vendor="ascend", precision="fp16", compiles_on="host", chips_per_card=4, peak_tflops=8.0,
         pattern=r"310"),
    Chip(name="310P3", vendor="ascend", precision="fp16", compiles_on="host", chips_per_card=1, peak_tflops=70.0,
         pattern=r"310P3?"),
    *(Chip(name=name, vendor="ascend", precision="fp16", compiles_on="host", chips_per_card=1, peak_tflops=None,
           pattern=name) for name in ("310P1", "310P5", "310P7")),
    Chip(name="T4", vendor="tensorrt", precision="fp16", compiles_on="device", chips_per_card=1, peak_tflops=65.0,
         pattern=r"(TESLA)?T4"),
    Chip(name="cpu", vendor="cpu", precision="fp32", compiles_on="device", chips_per_card=1, peak_tflops=None,
         pattern=r"CPU"),
    # What benchmarks and tests drive; never a person's choice.
    Chip(name="null", vendor="null", precision="fp32", compiles_on="device", chips_per_card=1, peak_tflops=None,
         pattern=r"NULL"),
)  # fmt: skip


def chip_named(text: str) -> Chip:
    """The chip a person means by `310p3`, `Ascend310P3`, `Tesla T4`, `CPU`.

    Raises: UnknownChip, naming those there are.
    """
    plain = re.sub(r"[\s_-]", "", text).upper().removeprefix("ASCEND")
    for chip in CHIPS:
        if re.fullmatch(chip.pattern, plain):
            return chip
    names = ", ".join(chip.name for chip in CHIPS if chip.vendor != "null")
    raise UnknownChip(f"chip {text!r} is not known; there are {names}.", hint="dinoq devices")


def parse_chips(text: str) -> tuple[Chip, ...]:
    """`310P3,T4` as chips, in the order given, each once."""
    return tuple(dict.fromkeys(chip_named(part) for part in text.split(",") if part.strip())) or (chip_named(text),)


def parse_batches(text: str) -> tuple[int, ...]:
    """`1,16` as batch sizes, in the order given, each once.

    Raises: BadBatches for anything but whole numbers from 1 to 4096.
    """
    batches: list[int] = []
    for part in text.split(","):
        within = "" if part == text else f" in {text!r}"
        if not re.fullmatch(r"\s*[0-9]{1,5}\s*", part) or not 1 <= int(part) <= MAX_BATCH:
            raise BadBatches(
                f"batch {part.strip()!r}{within} is no whole number from 1 to {MAX_BATCH}.",
                hint="--batches 1,16",
            )
        batches.append(int(part))
    return tuple(dict.fromkeys(batches))


def parse_cell(text: str) -> tuple[str, int]:
    """`310p3:16` as a chip's name and a batch. Raises: UsageError of its kind."""
    chip, colon, batch = text.partition(":")
    if not colon:
        raise UsageError(f"run {text!r} is no CHIP:BATCH.", hint="--run 310P3:16")
    batches = parse_batches(batch)
    if len(batches) > 1:
        raise UsageError(f"run {text!r} names several batches; expected one.", hint="--run 310P3:16")
    return chip_named(chip).name, batches[0]
