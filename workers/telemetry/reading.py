"""The last reading of a device, as the sampler leaves it in a file for the workers of the same host."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dinoq.jobs.ledger import DeviceFacts

FRESH_S = 5.0
"""An older reading tells nothing about now."""
PID_FILE = "pid"
"""In a device process's folder while it lives: so the sampler can tell it from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a device. `at_s` is the host's monotonic clock.

    `telemetry` is what the vendor told, by the names of `devices.base.Telemetry`; `foreign` who else was there, None where
    that cannot be told; `busy` says in words what keeps the device from being idle, empty for nothing. `clear` counts
    the readings in a row without foreign work, `idle` those that also showed no load. `baseline` are the pids that
    were there before our own process, None where nobody looked.
    """

    at_s: float
    wall_ms: int
    telemetry: dict[str, Any]
    foreign: tuple[str, ...] | None
    busy: str = ""
    clear: int = 0
    idle: int = 0
    baseline: tuple[int, ...] | None = None

    @property
    def loaded(self) -> bool:
        """Whether the device shows load, whoever's it is."""
        return bool(self.telemetry.get("utilisation_pct"))


def reading_file(state: Path, facts: DeviceFacts) -> Path:
    """Where the last reading of a device is."""
    return state / "run" / "telemetry" / f"{facts.chip}-{facts.index}.json"


def leave(path: Path, reading: Reading) -> None:
    """Replace the file by this reading; who reads meanwhile sees the old one or the new one."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(reading)), encoding="utf-8")
    draft.replace(path)


def last(path: Path, *, within_s: float = FRESH_S) -> Reading | None:
    """The reading in the file; None where there is none so young, or none that can be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        for name in ("foreign", "baseline"):
            told[name] = None if told[name] is None else tuple(told[name])
        found = Reading(**told)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The monotonic clock begins anew with the host: a reading of another life of it may lie ahead.
    return found if 0.0 <= time.monotonic() - found.at_s <= within_s else None
