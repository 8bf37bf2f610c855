"""Queue names: who is told of an item."""

from __future__ import annotations

from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import Hint, Kind, Origin

PREP = "prep"


def chip_queue(chip: str, origin: Origin) -> str:
    """The queue of one chip's devices: `chip.310P3`, or `chip.310P3@sim` for simulated ones."""
    return f"chip.{chip}{'@sim' if origin == 'simulated' else ''}"


def compile_queue(vendor: str, origin: Origin) -> str:
    """The queue of hosts that have the vendor's toolchain, with or without a device; simulated ones have their own."""
    return f"compile.{vendor}{'@sim' if origin == 'simulated' else ''}"


def queues_of(hint: Hint) -> tuple[str, ...]:
    """Where a hint goes. While a run's origin is not fixed, both its queues are told: hints are harmless."""
    if hint.kind is Kind.PREPROCESS or hint.chip is None:
        return (PREP,)
    chip = chip_named(hint.chip)
    origins: tuple[Origin, ...] = ("real", "simulated") if hint.origin is None else (hint.origin,)
    if chip.vendor == "cpu":  # never simulated
        origins = ("real",)
    if hint.kind is Kind.COMPILE and chip.compiles_on == "host" and not hint.ready_made:
        return tuple(compile_queue(chip.vendor, origin) for origin in origins)
    return tuple(chip_queue(chip.name, origin) for origin in origins)
