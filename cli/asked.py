"""What a report is judged by, beside the gates that its jobs were submitted with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dinoq.jobs.errors import UsageError
from dinoq.jobs.gates import Gate, parse_gate
from dinoq.jobs.pairs import MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """As `build_report` takes it; `margin` is a fraction."""

    strict: bool = False
    gates: tuple[Gate, ...] = ()
    latency_budget_ms: float | None = None
    margin: float = MARGIN


PLAIN = Asked()


def asked_for(gates: Iterable[str], latency_budget_ms: float | None, margin_pp: float, *, strict: bool) -> Asked:
    """From what flags say. Raises: UsageError for a gate that does not parse, a budget or a margin that is not above 0."""
    if latency_budget_ms is not None and not 0.0 < latency_budget_ms < math.inf:
        text = f"--latency-budget is {latency_budget_ms:g}; expected milliseconds above 0."
        raise UsageError(text, hint="--latency-budget 15")
    if not 0.0 < margin_pp <= 100.0:
        text = f"--margin is {margin_pp:g}; expected percentage points above 0, at most 100."
        raise UsageError(text, hint="--margin 1.0")
    floors = tuple(map(parse_gate, gates))
    return Asked(strict=strict, gates=floors, latency_budget_ms=latency_budget_ms, margin=margin_pp / 100.0)
