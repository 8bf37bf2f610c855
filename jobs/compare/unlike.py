"""Why two runs do not belong beside each other: what makes a difference between them no regression of anything."""

from __future__ import annotations

from collections.abc import Callable

from dinoq.jobs.compare.sides import Side
from dinoq.jobs.measure import SCOPES

FED = {"dataset": "photos", "pure": "random data", "imported": "unknown data"}
Kind = tuple[str, Callable[[Side], str]]


def unlike(a: Side, b: Side) -> tuple[str, ...]:
    """`precision: fp32 against fp16`, one text for each thing that keeps the two from being compared; none for a fair
    comparison. Of a run that never began, nothing is known that could."""
    kinds: tuple[Kind, ...] = (
        ("precision", lambda side: side.run.precision),
        ("timed on", lambda side: FED[side.mode]),
        ("origin", lambda side: side.run.origin or ""),
        ("pace", _pace),
    )
    found = [f"{what}: {of(a)} against {of(b)}" for what, of in kinds if of(a) and of(b) and of(a) != of(b)]
    return (*found, *_scopes(a, b))


def _pace(side: Side) -> str:
    """Simulated devices alone have a pace; empty for others."""
    return (side.run.pace or "not paced") if side.run.origin == "simulated" else ""


def _scopes(a: Side, b: Side) -> tuple[str, ...]:
    """Where another tool told the figures: whether any of them counts what the other's do."""
    here, there = _told(a), _told(b)
    if not (a.run.told or b.run.told) or not here or not there or set(here) & set(there):
        return ()
    return (f"scope: {', '.join(here)} images/s against {', '.join(there)}",)


def _told(side: Side) -> list[str]:
    rates = side.run.measured.throughput
    return [scope for scope in SCOPES if getattr(rates, scope) is not None]
