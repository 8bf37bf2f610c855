"""How long a batch takes by a table of figures, and the virtual clock that reports it.

A pace table is TOML, one table per chip, `images_per_s` by batch; `chips` says of how many chips together the figure is
(a 310 card's is of four). DINOQ_SIM_PACE names the file; without it programs report what they really took. A paced
program reports the table's time with a small seeded jitter, and waits only when it was faster and DINOQ_SIM_WAIT=1.
"""

from __future__ import annotations

import ctypes
import importlib
import math
import os
import random
import sys
import time
from typing import Any

JITTER = 0.003
"""Coefficient of variation of the reported times."""
SPIN_S = 0.0003
"""Sleep overshoots by about 0.1 ms, so the last stretch is spun."""
SLEEP_S = 0.5
"""The longest single sleep: usleep takes less than a second on some systems."""

_usleep = ctypes.PyDLL(None).usleep  # PyDLL, unlike CDLL, keeps the GIL, as the vendors' bindings do


def batch_ms(chip: str, batch: int) -> float | None:
    """What the table says that a batch takes on one chip, in ms; None where it is silent. Raises: ValueError."""
    path = os.environ.get("DINOQ_SIM_PACE", "")
    return from_table(read(path), chip, batch) if path else None


def waits() -> bool:
    """Whether a paced program that was faster than its table waits: asked for, or when it computes nothing at all."""
    return "1" in (os.environ.get("DINOQ_SIM_WAIT"), os.environ.get("DINOQ_SIM_NULL"))


def read(path: str) -> dict[str, Any]:
    """The table as TOML gives it. Raises: ValueError for a file that is no pace table."""
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        with open(path, "rb") as file:
            table: dict[str, Any] = toml.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"pace table {path} cannot be read: {error}") from None
    for chip, figures in table.items():
        if not isinstance(figures, dict) or not all(
            batch.isdecimal() and isinstance(rate, (int, float)) and rate > 0 and math.isfinite(rate)
            for batch, rate in figures.get("images_per_s", {"": 0}).items()
        ):
            raise ValueError(f"pace table {path}: [{chip}] needs images_per_s = {{ BATCH = a number above 0, ... }}")
    return table


def from_table(table: dict[str, Any], chip: str, batch: int) -> float | None:
    """The time of a batch on one chip in ms; None where the table is silent."""
    figures = table.get(chip, {})
    rate = figures.get("images_per_s", {}).get(str(batch))
    return None if rate is None else 1000.0 * batch * figures.get("chips", 1) / rate


class Jitter:
    """Seeded noise around a nominal time: the same text gives the same series."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def around(self, ms: float) -> float:
        """The nominal time, a little off."""
        return ms * max(0.5, self._random.gauss(1.0, JITTER))


def hold_until(end: float) -> None:
    """Wait until `time.perf_counter()` shows `end`, with the GIL held: no thread of this process runs meanwhile."""
    # The clock is read once a turn: usleep takes a rest below zero, as after a pause between two looks, for 71 minutes.
    while (rest_s := end - time.perf_counter() - SPIN_S) > 0:
        _usleep(int(min(SLEEP_S, rest_s) * 1e6))
    while time.perf_counter() < end:
        pass


def hang() -> None:
    """Never return, with the GIL held."""
    sleep = ctypes.PyDLL(None).sleep
    while True:
        sleep(3600)
