"""The rows of `dinoq devices`: what this host found, joined with what the fleet's workers registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from dinoq.cli.render.columns import Narrowed, narrowed, table
from dinoq.cli.render.words import printable

if TYPE_CHECKING:
    from dinoq.db.doing import Doing
    from dinoq.db.fleet import DeviceRow, WorkerRow
    from dinoq.jobs.ledger import DeviceFacts, Toolchain

HEADS = ("device", "card", "chip", "origin", "health", "busy", "driver", "toolkit", "worker")
EXPENDABLE = ("driver", "card", "chip")
Row = dict[str, object]


def device_rows(known: Iterable[DeviceRow], here: Iterable[DeviceFacts], doings: Mapping[str, Doing]) -> list[Row]:
    """One row per device, by host, chip and index: its facts and the columns of the table."""
    rows = {row.facts.key: row for row in known}
    found = {one.key: one for one in here}
    facts = {key: row.facts for key, row in rows.items()} | found
    # Where a worker lives, its sampler knows better whose processes are there: a driver's pids may not be this host's.
    facts |= {key: replace(found[key], busy=row.facts.busy) for key, row in rows.items() if row.worker and key in found}
    ordered = sorted(facts.values(), key=lambda one: (one.host, one.chip, one.index))
    return [_row(one, rows.get(one.key), doings, present=one.key in found) for one in ordered]


def device_text(rows: Sequence[Row], room: int | None) -> Narrowed:
    """The table in so many columns; as wide as it is for None."""
    cells = [[printable(str(row[head] or "-")) for head in HEADS] for row in rows]
    if room is None:
        return Narrowed(table(HEADS, cells), ())
    return narrowed(HEADS, cells, room, EXPENDABLE)


def toolchain_lines(workers: Iterable[WorkerRow]) -> list[str]:
    """`compiles: CANN 8.0.RC2 on vm (simulated)`: the living compile workers of the fleet."""
    found = [(worker.facts.host, chain) for worker in workers if worker.alive for chain in worker.facts.toolchains]
    return list(dict.fromkeys(_compiles(host, chain) for host, chain in found))


def doing_text(doing: Doing | None) -> str:
    """`running job 42`, `waiting, job 42`, `idle 4 s`."""
    if doing is None or (doing.job is None and doing.idle_ms is None):
        return "idle"
    if doing.job is None:
        return f"idle {_ago(doing.idle_ms or 0)}"
    return f"waiting, job {doing.job}" if doing.phase in ("", "waiting") else f"{doing.phase} job {doing.job}"


def _row(facts: DeviceFacts, row: DeviceRow | None, doings: Mapping[str, Doing], *, present: bool) -> Row:
    worker = row.worker if row else ""
    health, busy = "OK" if facts.healthy else "ill", facts.busy
    if not present and not worker:
        health, busy = "-", ""  # nobody looks after it now
    if row is not None and row.state == "faulty":
        health = "faulty"
    shown: Row = {"device": facts.label, "health": health, "busy": busy}
    shown["worker"] = doing_text(doings.get(worker)) if worker else ""
    return {**asdict(facts), **shown, "worker_id": worker}


def _compiles(host: str, chain: Toolchain) -> str:
    simulated = " (simulated)" if chain.origin == "simulated" else ""
    return f"compiles: {chain.toolkit} on {host}{simulated}"


def _ago(ms: int) -> str:
    seconds = ms // 1000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
