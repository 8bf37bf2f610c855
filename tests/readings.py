"""Telemetry as a vendor tells it and as it is stored, with nothing in it that a test does not ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dinoq.jobs.telemetry import COLUMNS, Block, Samples

BEGUN_MS = 1_700_000_000_000


def make_block(
    later_ms: int = 0,
    *,
    device: str = "host-a/T4:0",
    begun_ms: int = BEGUN_MS,
    per_s: float | None = 1.0,
    reasons: str = "",
    who: str = "",
    **columns: Sequence[float],
) -> Block:
    """One reading a second; columns that are not given are not known."""
    n = len(next(iter(columns.values())))
    values = np.full((len(COLUMNS), n), np.nan, np.float32)
    values[0] = np.arange(n)
    for name, given in columns.items():
        values[COLUMNS.index(name)] = given
    samples = Samples(values, reasons, who)
    return Block(device=device, begun_ms=begun_ms + later_ms, samples=samples, achieved_per_s=per_s)


def told(*processes: str, table: bool = True, **sensors: Any) -> dict[str, Any]:
    """What a vendor's process answers of one device; idle unless something is said."""
    return {
        "power_w": None,
        "temperature_c": None,
        "clock_mhz": None,
        "utilisation_pct": 0.0,
        "processes": list(processes) if table else None,
        "throttle": None,
        "power_cap": None,
        **sensors,
    }
