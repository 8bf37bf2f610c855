"""Whose work a device does: which processes on it are foreign, and how that is said in results and reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FOREIGN = "foreign work on "
"""How a part's remark about its device begins when somebody else computed there."""
UNTOLD = "unknown work"
"""A part's remark when nobody could tell whether somebody else computed there."""
_PID = re.compile(r"\bpid (\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What is known of our own processes on a device: `pid` of the living device process, None for none; `past` pids,
    which a driver may show a little longer; `baseline`, who was on the device before the living one opened it, None
    where nobody looked."""

    pid: int | None = None
    past: frozenset[int] = frozenset()
    baseline: frozenset[int] | None = None


def foreign(there: Sequence[str] | None, ours: Ours, *, computes: bool) -> tuple[str, ...] | None:
    """The entries of a device's process table that are not ours; None where that cannot be told.

    `there` holds texts as `pid 4127 python3 17.4 GB`, None for a driver without a table; `computes`: the device shows
    load. In a container the driver's pids may not be ours: when our process lives and is not in the table, one entry
    that was not in the baseline is taken for it.
    """
    if there is None or (computes and not there):
        return None
    known = ours.past if ours.pid is None else ours.past | {ours.pid}
    others = [entry for entry in there if pid_of(entry) not in known]
    listed = ours.pid is not None and any(pid_of(entry) == ours.pid for entry in there)
    if ours.pid is None or listed or not others:
        return tuple(others)
    if ours.baseline is None:
        return None
    new = next((entry for entry in others if pid_of(entry) not in ours.baseline), None)
    if new is not None:
        others.remove(new)
    return tuple(others)


def pid_of(entry: str) -> int | None:
    """The pid that an entry begins with; None where it has none."""
    found = _PID.search(entry)
    return int(found.group(1)) if found else None


def remark(label: str, who: Iterable[str]) -> str:
    """`foreign work on vm/310P3:0 (pid 4127 python3 17.4 GB)`: one word of a part's `overlap`, so without commas."""
    return f"{FOREIGN}{label} ({'; '.join(who)})".replace(",", ";")


def contaminations(remarks: Iterable[str]) -> list[str]:
    """Each device with foreign work once, as reasons of a verdict."""
    by_device: dict[str, str] = {}
    for text in remarks:
        if text.startswith(FOREIGN):
            by_device.setdefault(text.partition(" (")[0], text)
    return [f"contaminated: {text}" for text in by_device.values()]
