"""Collects the readings of a host's devices and stores them in blocks of ten seconds, the open ones too."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from math import nan

import numpy as np

from dinoq.db.engine import Database
from dinoq.db.telemetry import database_ms, store_blocks
from dinoq.jobs.errors import DinoqError
from dinoq.jobs.telemetry import BLOCK_MS, Block, Samples
from dinoq.workers.telemetry.reading import Reading

log = logging.getLogger(__name__)

STORE_S = 2.0
"""How often SQL is written; a report that is made at once lacks no more than this."""
KEPT = 60
"""How many closed blocks of a device wait for a ledger that is out of reach: ten minutes."""


@dataclass
class _Open:
    """A block that is being filled; times are the host's monotonic clock. `since_s`: the reading before its first."""

    begun_s: float
    begun_ms: int
    since_s: float | None
    rows: list[tuple[float, ...]] = field(default_factory=list)
    last_s: float = 0.0
    throttle: str = ""
    foreign: str = ""

    def block(self, device: str) -> Block:
        samples = Samples(np.array(self.rows, np.float32).T, self.throttle, self.foreign)
        return Block(device=device, begun_ms=self.begun_ms, samples=samples, achieved_per_s=self._rate())

    def _rate(self) -> float | None:
        """Readings over the time since the one before, so that a vendor that hung in between shows."""
        first = self.begun_s if self.since_s is None else self.since_s
        steps = len(self.rows) - (self.since_s is None)
        return steps / (self.last_s - first) if steps and self.last_s > first else None


class Blocks:
    """Blocks of all devices of a sampler, by device key. One thread adds, another stores: SQL may keep it waiting."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._open: dict[str, _Open] = {}
        self._closed: list[Block] = []
        self._busy: dict[str, str] = {}
        self._changing = threading.Lock()

    def add(self, key: str, seen: Reading) -> None:
        """One more reading of a device. Raises: DinoqError when the database does not tell the time."""
        filling = self._open.get(key)
        if filling is None or (seen.at_s - filling.begun_s) * 1000 >= BLOCK_MS:
            filling = self._next(key, seen.at_s)
        told = seen.telemetry
        with self._changing:
            filling.rows.append(_row(seen.at_s - filling.begun_s, seen))
            filling.last_s = seen.at_s
            filling.throttle = told["throttle"] or filling.throttle
            filling.foreign = "; ".join(seen.foreign or ()) or filling.foreign
            self._busy[key] = seen.busy

    def store(self) -> None:
        """Write what there is; what cannot be written is kept for the next time."""
        with self._changing:
            closed, busy = list(self._closed), dict(self._busy)
            blocks = [*closed, *(filling.block(key) for key, filling in self._open.items() if filling.rows)]
        if not blocks:
            return
        try:
            store_blocks(self._db, blocks, busy)
        except DinoqError as error:
            log.warning("telemetry is kept for later: %s", error)
            closed = closed[: -KEPT * len(busy)]
        with self._changing:
            del self._closed[: len(closed)]

    def _next(self, key: str, at_s: float) -> _Open:
        filled = self._open.get(key)
        begun = _Open(at_s, database_ms(self._db), filled.last_s if filled else None)
        with self._changing:
            if filled:
                self._closed.append(filled.block(key))
            self._open[key] = begun
        return begun


def _row(offset_s: float, seen: Reading) -> tuple[float, ...]:
    """The columns of `jobs.telemetry.COLUMNS`."""
    told = seen.telemetry
    sensors = [told[name] for name in ("power_w", "temperature_c", "clock_mhz", "utilisation_pct")]
    flags = [
        None if seen.foreign is None else len(seen.foreign),
        None if told["throttle"] is None else bool(told["throttle"]),
        told["power_cap"],
    ]
    return (offset_s, *(nan if value is None else float(value) for value in [*sensors, *flags]))
