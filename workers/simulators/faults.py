"""What is to go wrong with simulated devices and toolchains: DINOQ_SIM_FAULTS="lost@310P3:1:500,compile@310P3:16:E19010".

    busy@CHIP:INDEX[:once=FILE]      a foreign process computes on the device (only while FILE exists)
    lost@CHIP:INDEX:N                the device is gone after N batches of one process, and stays so
    slow@CHIP:INDEX:FACTOR           every batch takes FACTOR times as long
    throttle@CHIP:INDEX[:N]          hot and slow after N batches
    hang@CHIP:INDEX:N                the batch after N others never ends; the GIL is held
    compile@CHIP:BATCH:CODE          the toolchain fails for that batch with the vendor's code
    import@CHIP                      the vendor's module cannot be imported
    sticky@CHIP:INDEX:N              the batch after N others ends in a CUDA launch failure: the process is lost, the card not
    denied@CHIP                      NVML refuses this user
    hang-atc@CHIP[:once=FILE]        atc never ends (only while FILE exists)
    no-file-atc@CHIP                 atc says that all is well and writes nothing
    hang-npu-smi@CHIP  garbled-npu-smi@CHIP  dcmi-npu-smi@CHIP  no-processes-npu-smi@CHIP
                                     it never ends; prints half a table; finds no driver (-8005); has no process table

INDEX is the vendor's number of the device, as in dinoq's own names. Warm-up batches count.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

GRAMMAR: dict[str, tuple[str, ...]] = {
    "busy": ("index", "[while_file]"),
    "lost": ("index", "after"),
    "slow": ("index", "factor"),
    "throttle": ("index", "[after]"),
    "hang": ("index", "after"),
    "compile": ("batch", "code"),
    "import": (),
    "sticky": ("index", "after"),
    "denied": (),
    "hang-atc": ("[while_file]",),
    "no-file-atc": (),
    "hang-npu-smi": (),
    "garbled-npu-smi": (),
    "dcmi-npu-smi": (),
    "no-processes-npu-smi": (),
}
"""The fields after the chip; those in brackets may be left out."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; `index` None: with every device of the chip, or its toolchain."""

    kind: str
    chip: str
    index: int | None = None
    after: int = 0
    factor: float = 1.0
    batch: int = 0
    code: str = ""
    while_file: str = ""


def injected() -> list[Fault]:
    """All faults that the environment names. Raises: ValueError."""
    return parse(os.environ.get("DINOQ_SIM_FAULTS", ""))


def active(kind: str, chip: str, index: int | None = None) -> Fault | None:
    """The first fault of that kind that hits the device now, or None."""
    for fault in injected():
        if fault.kind == kind and fault.chip == chip and fault.index == index:
            if not fault.while_file or os.path.exists(fault.while_file):
                return fault
    return None


def compile_fault(chip: str, batch: int) -> Fault | None:
    """The fault that makes the toolchain fail for this batch, or None."""
    return next((f for f in injected() if (f.kind, f.chip, f.batch) == ("compile", chip, batch)), None)


def parse(text: str) -> list[Fault]:
    """Faults from their text, separated by commas. Raises: ValueError, saying which and what was expected."""
    return [_fault(part.strip()) for part in text.split(",") if part.strip()]


def _fault(text: str) -> Fault:
    kind, _, rest = text.partition("@")
    if kind not in GRAMMAR:
        raise ValueError(f"fault {text!r} is of no known kind; there are {', '.join(GRAMMAR)}")
    fields = GRAMMAR[kind]
    chip, *values = rest.split(":", len(fields))
    needed = [name for name in fields if not name.startswith("[")]
    expected = f"{kind}@CHIP" + "".join(f":{name.upper()}" for name in fields)
    if not chip or len(values) < len(needed) or not all(values):
        raise ValueError(f"fault {text!r} is incomplete; expected {expected}")
    try:
        given = {name.strip("[]"): _value(name.strip("[]"), value) for name, value in zip(fields, values)}
    except ValueError:
        raise ValueError(f"fault {text!r} has a value that cannot be read; expected {expected}") from None
    return Fault(kind, chip, **given)


def _value(name: str, text: str) -> Any:
    if name == "code":
        return text
    if name == "while_file":
        if not text.startswith("once="):
            raise ValueError(text)
        return text[len("once=") :]
    number = float(text) if name == "factor" else int(text)
    if number < 0:
        raise ValueError(text)
    return number
