"""From what a file tells and a person adds to one run, whole: nothing is guessed, and what is said twice must agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from dinoq.jobs.chips import MAX_BATCH, Chip, Precision, chip_named
from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.readers import Reading
from dinoq.jobs.ledger import Origin
from dinoq.jobs.told import Told, joined

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person says of what is imported; None or empty for what they leave to the file."""

    chip: Chip | None = None
    batch: int | None = None
    precision: Precision | None = None
    origin: Origin | None = None
    driver: str = ""
    toolkit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRun:
    """One run that another tool worked. `model` is the name it gave the model, empty for none."""

    chip: Chip
    batch: int
    precision: Precision
    origin: Origin
    model: str
    told: Told


def decide(reading: Reading, given: Given, name: str) -> ForeignRun:
    """The run that `name` tells of. Raises: BadResults, asking for what nobody said, or naming what disagrees."""
    told_chip = chip_named(reading.chip) if reading.chip else None
    chip = _one("the chip", told_chip, given.chip, name, "--chip 310P3")
    batch = _one("the batch", reading.batch, given.batch, name, "--batch 16")
    if not 1 <= batch <= MAX_BATCH:
        raise BadResults(f"{name} says batch {batch}; expected 1 to {MAX_BATCH}.", hint="the file as the tool wrote it")
    # Nothing may become a card's figure by being left unsaid.
    origin: Origin = _one("whether a card or a simulator made it", reading.origin, given.origin, name, "--origin real")
    told = reading.told
    if reading.precision is None and given.precision is None and chip.vendor == "ascend":
        default = f"precision is not told; taken as {chip.precision}, which atc makes unless told otherwise"
        precision, told = chip.precision, replace(told, notes=(*told.notes, default))
    else:
        mine = given.precision or (chip.precision if chip.name == "cpu" else None)
        precision = _one("the precision", reading.precision, mine, name, "--precision fp16")
    said = {
        "precision": "as given" if given.precision and reading.precision is None else "",
        "batch": "as given" if reading.batch is None else "",
    }
    return ForeignRun(
        chip=chip,
        batch=batch,
        precision=precision,
        origin=origin,
        model=reading.model,
        told=told.knowing(**said, driver=given.driver, toolkit=given.toolkit),
    )


def one_run_each(runs: Iterable[ForeignRun]) -> tuple[ForeignRun, ...]:
    """Runs by chip and batch, each cell once: speed and accuracy of the same run are put together.

    Raises: BadResults where two files tell the same of one cell, or where the origins differ.
    """
    cells: dict[tuple[str, int, str], ForeignRun] = {}
    for run in runs:
        cell = (run.chip.name, run.batch, run.precision)
        there = cells.get(cell)
        both = joined(there.told, run.told) if there else run.told
        if there and (both is None or there.origin != run.origin):
            files = " and ".join(one.name for one in (*there.told.files, *run.told.files))
            raise BadResults(
                f"{files} tell of the same run, {run.chip.name} bs{run.batch} {run.precision}.",
                hint="import one of them, or each by itself",
            )
        cells[cell] = replace(run, told=both or run.told, model=run.model or (there.model if there else ""))
    return tuple(cells[cell] for cell in sorted(cells))


def _one(what: str, told: T | None, given: T | None, name: str, flag: str) -> T:
    """What the file says, or else the person."""
    if told is not None and given is not None and told != given:
        option = flag.split()[0]
        raise BadResults(
            f"{name} says {_shown(told)}, but {option} {_shown(given)} is given.", hint=f"leave out {option}"
        )
    value = told if told is not None else given
    if value is None:
        raise BadResults(f"{name} does not say {what}.", hint=flag)
    return value


def _shown(value: object) -> str:
    return value.name if isinstance(value, Chip) else str(value)
