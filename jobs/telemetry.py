"""What devices told of themselves over time: blocks of readings as they are stored, and what they say of a run."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.exclusive import remark

BLOCK_MS = 10_000
"""How long a block of readings may last."""
COLUMNS = (
    *("offset_s", "power_w", "temperature_c", "clock_mhz", "utilisation_pct"),
    *("foreign", "throttled", "power_cap"),
)
"""Seconds since the block began, four sensors, then flags: how many foreign processes, throttled (0 or 1), held at the
power limit (0 or 1). NaN where unknown."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """Readings of one device in order: float32 [columns, n]. `throttle` and `foreign` are the last words that the
    block has on why it was slowed down, and on who else was there."""

    values: Floats
    throttle: str = ""
    foreign: str = ""

    _HEAD = struct.Struct("<BBIHH")

    def column(self, name: str) -> Floats:
        """One column by its name, float32 [n]."""
        values: Floats = self.values[COLUMNS.index(name)]
        return values

    def to_blob(self) -> bytes:
        """A version byte, counts of columns and readings, lengths of two UTF-8 texts, these, then little-endian columns."""
        throttle, said = _bounded(self.throttle), _bounded(self.foreign)
        columns, n = self.values.shape
        head = self._HEAD.pack(1, columns, n, len(throttle), len(said))
        return head + throttle + said + self.values.astype("<f4").tobytes()

    @classmethod
    def from_blob(cls, blob: bytes) -> Samples:
        """The readings that `to_blob` wrote. Raises: ValueError for an unknown version."""
        version, columns, n, throttle, said = cls._HEAD.unpack_from(blob)
        if (version, columns) != (1, len(COLUMNS)):
            raise ValueError(f"telemetry of version {version} with {columns} columns")
        at = cls._HEAD.size
        texts = [blob[at : at + throttle].decode(), blob[at + throttle : at + throttle + said].decode()]
        values = np.frombuffer(blob, "<f4", columns * n, at + throttle + said).reshape(columns, n)
        return cls(values, *texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is stored of one device at a time: `begun_ms` is the first reading's, by the database's clock;
    `achieved_per_s` is the rate that the vendor's tool allowed, None where one reading is all."""

    device: str
    begun_ms: int
    samples: Samples
    achieved_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensors:
    """One device's readings during a run. None where no reading tells; shares are fractions of those that do."""

    samples: int
    achieved_per_s: float | None
    power_mean_w: float | None
    power_max_w: float | None
    temperature_max_c: float | None
    clock_min_mhz: float | None
    clock_median_mhz: float | None
    utilisation_median_pct: float | None
    throttled: float | None
    throttle_reasons: tuple[str, ...]
    power_capped: float | None
    foreign_most: int | None
    foreign_names: tuple[str, ...]


def sensors(blocks: Iterable[Block], first_ms: int | None, last_ms: int | None) -> Sensors | None:
    """What one device's blocks say of the time from `first_ms` to `last_ms`; None where they hold no reading of it."""
    if first_ms is None or last_ms is None:
        return None
    parts = [(block, _within(block, first_ms, last_ms)) for block in blocks]
    parts = [(block, part) for block, part in parts if part.values.size]
    if not parts:
        return None
    values = Samples(np.concatenate([part.values for _, part in parts], axis=1))
    known = {name: (column := values.column(name))[np.isfinite(column)].astype(np.float64) for name in COLUMNS}
    rates = [block.achieved_per_s for block, _ in parts if block.achieved_per_s is not None]
    return Sensors(
        samples=values.values.shape[1],
        achieved_per_s=_figure(np.mean, np.array(rates)),
        power_mean_w=_figure(np.mean, known["power_w"]),
        power_max_w=_figure(np.max, known["power_w"]),
        temperature_max_c=_figure(np.max, known["temperature_c"]),
        clock_min_mhz=_figure(np.min, known["clock_mhz"]),
        clock_median_mhz=_figure(np.median, known["clock_mhz"]),
        utilisation_median_pct=_figure(np.median, known["utilisation_pct"]),
        throttled=_figure(np.mean, known["throttled"]),
        throttle_reasons=_words(part.throttle for _, part in parts if (part.column("throttled") > 0).any()),
        power_capped=_figure(np.mean, known["power_cap"]),
        foreign_most=None if (most := _figure(np.max, known["foreign"])) is None else int(most),
        foreign_names=_words(part.foreign for _, part in parts if (part.column("foreign") > 0).any()),
    )


def by_device(blocks: Sequence[Block], first_ms: int | None, last_ms: int | None) -> dict[str, Sensors]:
    """The readings of a run from the blocks of all its devices, by device key."""
    keys = dict.fromkeys(block.device for block in blocks)
    found = {key: sensors([b for b in blocks if b.device == key], first_ms, last_ms) for key in keys}
    return {key: told for key, told in found.items() if told is not None}


def foreign_remarks(told: Mapping[str, Sensors]) -> list[str]:
    """Where foreign work was seen, by the devices' labels, in the words of a part's remark."""
    return [remark(label, one.foreign_names) for label, one in told.items() if one.foreign_most]


def throttlings(told: Mapping[str, Sensors]) -> list[str]:
    """Which devices were slowed down by heat or hardware, by their labels, as reasons of a verdict."""
    return [
        f"{label} was throttled in {100 * one.throttled:.0f} % of its readings ({'; '.join(one.throttle_reasons)})"
        for label, one in told.items()
        if one.throttled
    ]


def _within(block: Block, first_ms: int, last_ms: int) -> Samples:
    """The block's readings of that time."""
    # float64: milliseconds of an epoch are too many for float32.
    at_ms = block.begun_ms + 1000.0 * block.samples.column("offset_s").astype(np.float64)
    kept = block.samples.values[:, (at_ms >= first_ms) & (at_ms <= last_ms)]
    return Samples(kept, block.samples.throttle, block.samples.foreign)


def _figure(of, values: NDArray[np.float64]) -> float | None:  # type: ignore[no-untyped-def]
    return float(of(values)) if values.size else None


def _words(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _bounded(text: str) -> bytes:
    """At most 64 kB of UTF-8, cut between characters."""
    return text.encode("utf-8", "replace")[:0xFFFF].decode("utf-8", "ignore").encode()
