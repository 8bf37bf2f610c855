"""A floor that a throughput must reach, as people write it: `310P3/T4 >= 1.6`, `310P3@16 >= 2500 img/s per chip`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dinoq.jobs.chips import Precision, chip_named, parse_batches
from dinoq.jobs.errors import UsageError
from dinoq.jobs.spec import RunSpec
from dinoq.jobs.status import Status

Operator = Literal[">=", ">"]
Per = Literal["card", "chip"]
EXAMPLE = '--gate "310P3/T4 >= 1.6" or --gate "310P3@16 >= 2500 img/s"'
OPERATORS: dict[str, Operator] = {">=": ">=", "\N{GREATER-THAN OR EQUAL TO}": ">=", ">": ">"}
CODES: Mapping[Status, int] = {
    Status.FAIL: 4,
    Status.UNDECIDED: 5,
    Status.NOT_MEASURED: 6,
    Status.INCOMPLETE: 6,
    Status.IMPLAUSIBLE: 7,
}
SIGN = re.compile(r"[<>=!\u2264\u2265\u2260]+")
NUMBER = r"(?P<number>[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?|[0-9]+\.)"
UNIT = r"(?P<unit>(?:img|imgs|images)\s*/\s*s|fps)"
PER = r"(?:per\s+(?P<per>card|chip)|(?P<to>card)\s+to\s+card|(?P<of>chip)\s+to\s+chip)"
FLOOR = re.compile(rf"\s*{NUMBER}\s*{UNIT}?(?:\s+{PER})?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The compute figure of a chip, or that over another chip's, must be at least (`>`: above) `threshold`.

    `batch` None: the best batch of each. Of whole cards, or `per` chip. Without `against`, images/s.
    """

    chip: str
    threshold: float
    batch: int | None = None
    against: str | None = None
    operator: Operator = ">="
    per: Per = "card"

    def __str__(self) -> str:
        """As `parse_gate` reads it."""
        at = "" if self.batch is None else f"@{self.batch}"
        sides = f"{self.chip}{at}" if self.against is None else f"{self.chip}{at}/{self.against}{at}"
        number = repr(self.threshold).removesuffix(".0")
        unit = " img/s" if self.against is None else ""
        return f"{sides} {self.operator} {number}{unit}{' per chip' if self.per == 'chip' else ''}"

    @property
    def chips(self) -> tuple[str, ...]:
        """The chips that it names."""
        return (self.chip,) if self.against is None else (self.chip, self.against)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What became of a gate: PASS where the whole 95 % interval from `low` to `high` clears the floor, FAIL where none
    of it does, else UNDECIDED; INCOMPLETE where a run that is missing could change that, another word where there is no
    `value`. `detail` has the numbers behind it and their unit.
    `decides`: the exit code follows from it.
    """

    text: str
    status: Status
    value: float | None
    low: float | None
    high: float | None
    detail: str
    decides: bool = True

    @property
    def exit_code(self) -> int:
        """What this gate alone would end the process with. One that nothing was measured for has not been met."""
        return CODES.get(self.status, 0) if self.decides else 0


def parse_gate(text: str) -> Gate:
    """`CHIP[@BATCH] >= NUMBER img/s`, or `CHIP[@BATCH]/CHIP[@BATCH] >= NUMBER`, either `per chip`; chips as people name
    them. Raises: UsageError of its kind."""
    sign = SIGN.search(text)
    if sign is None:
        raise UsageError(f"gate {text!r} has no >= in it.", hint=EXAMPLE)
    if sign.group() not in OPERATORS:
        raise UsageError(f"gate {text!r} is no floor: a throughput must be >= or > a number.", hint=EXAMPLE)
    floor = FLOOR.fullmatch(text, sign.end())
    threshold = float(floor["number"]) if floor else 0.0
    if floor is None or not 0.0 < threshold < math.inf:
        said = text[sign.end() :].strip()
        raise UsageError(f"gate {text!r}: {said!r} is no number above 0, with or without img/s.", hint=EXAMPLE)
    chip, batch, against = _sides(text, text[: sign.start()])
    if (against is None) is not bool(floor["unit"]):
        wrong = "a ratio has no unit" if against else "a throughput is in img/s, a ratio of two chips"
        raise UsageError(f"gate {text!r} does not say what is measured: {wrong}.", hint=EXAMPLE)
    per: Per = "chip" if floor["of"] or (floor["per"] or "").lower() == "chip" else "card"
    operator = OPERATORS[sign.group()]
    return Gate(chip=chip, threshold=threshold, batch=batch, against=against, operator=operator, per=per)


def _sides(gate: str, text: str) -> tuple[str, int | None, str | None]:
    named = [_side(part) for part in text.split("/")]
    if len(named) == 1:
        return *named[0], None
    if len(named) > 2:
        raise UsageError(f"gate {gate!r} names more than two chips.", hint=EXAMPLE)
    (chip, batch), (against, other) = named
    if batch != other:
        raise UsageError(
            f"gate {gate!r}: a ratio is at an equal batch, named on both sides, or of the best ones, named on none.",
            hint='--gate "310P3@16/T4@16 >= 1.6"',
        )
    if chip == against:
        raise UsageError(f"gate {gate!r} holds {chip} against itself.", hint=EXAMPLE)
    return chip, batch, against


def _side(text: str) -> tuple[str, int | None]:
    """`310P3@16`, or `310P3:16` as runs are named elsewhere."""
    chip, at, batch = text.replace(":", "@", 1).partition("@")
    batches = parse_batches(batch) if at else ()
    if len(batches) > 1:
        raise UsageError(f"{text.strip()!r} names several batches; a gate is about one.", hint=EXAMPLE)
    return chip_named(chip.strip()).name, batches[0] if batches else None


def check_gates(gates: Sequence[Gate], runs: Iterable[RunSpec]) -> None:
    """Before a job is worked, or judged: whether its runs are what the gates ask for.

    Raises: UsageError for a chip or a batch without a run, and for chips of different precisions.
    """
    asked = list(runs)
    for gate in gates:
        one, *other = (_precisions(gate, chip, asked) for chip in gate.chips)
        if other and not one & other[0]:
            told = " and ".join(
                f"{chip} at {', '.join(sorted(of))}" for chip, of in zip(gate.chips, (one, *other), strict=True)
            )
            raise UsageError(f"gate {gate}: {told} are never divided.", hint="--precision fp16")


def _precisions(gate: Gate, chip: str, runs: Sequence[RunSpec]) -> set[Precision]:
    of_chip = [run for run in runs if run.chip == chip]
    if not of_chip:
        there = ", ".join(dict.fromkeys(run.chip for run in runs))
        raise UsageError(f"gate {gate}: there is no run of {chip}; there are {there}.", hint=EXAMPLE)
    of_batch = [run for run in of_chip if gate.batch in (None, run.batch)]
    if not of_batch:
        there = ", ".join(str(batch) for batch in sorted({run.batch for run in of_chip}))
        text = f"gate {gate}: {chip} has no run of batch {gate.batch}; there are {there}."
        raise UsageError(text, hint=EXAMPLE)
    return {run.precision for run in of_batch}
