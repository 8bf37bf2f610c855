"""What this host needs, each piece tried for real: found, missing or broken, and the cure."""

from __future__ import annotations

import functools
import platform
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dinoq.broker.app import check_url
from dinoq.broker.embedded import answers, private_folder, server_binary, server_command, server_warnings
from dinoq.db.engine import masked_url, open_database
from dinoq.jobs.ledger import Toolchain
from dinoq.workers import children, state_folder, trial
from dinoq.workers.check import Check, tried
from dinoq.workers.data.store import open_store
from dinoq.workers.devices.catalog import LocalDevice, Surroundings
from dinoq.workers.trial import Bench
from dinoq.workers.vendor_checks import vendor_checks

LOW_DISK_BYTES = 10 << 30
"""A stored ImageNet validation set takes 7.5 GB."""
COMPILED_FOR = "310P3"
"""What a toolchain is tried for on a host that has no chip of its vendor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is to be tried; `env` is the environment of programs, `where` that of vendors'."""

    state: Path
    store: Path
    runtime_folder: Path
    database_url: str
    broker_url: str | None
    insecure_broker: bool
    devices: tuple[LocalDevice, ...]
    toolchains: tuple[Toolchain, ...] = ()
    troubles: tuple[str, ...] = ()
    where: Surroundings
    env: Mapping[str, str]


def examine(host: Host) -> Iterator[Check]:
    """Every check in turn, each as soon as it is done."""
    yield tried("state folder", lambda: f"{host.state} (local), id {state_folder.prepare(host.state)[:8]}")
    yield tried("store", lambda: f"{host.store}, id {open_store(host.store).id[:8]}")
    yield _disk(host.store)
    yield tried("database", lambda: _database(host.database_url))
    yield tried("queue server", lambda: _broker(host))
    pieces = []
    for check in vendor_checks(host.where):
        pieces.append(check)
        yield check
    if not any(piece.status == "broken" for piece in pieces):  # else the piece says why
        yield from (Check("discovery", "broken", trouble) for trouble in host.troubles)
    with tempfile.TemporaryDirectory(prefix="dinoq-doctor-") as scratch:
        logs = host.state / "logs" if host.state.is_dir() else Path(scratch)
        yield from _trials(host, Bench(scratch=Path(scratch), logs=logs, env=host.where.env))


def _trials(host: Host, bench: Bench) -> Iterator[Check]:
    """Every toolchain makes the small model, every device runs it; nothing is loaded beside those who work here."""
    if host.state.is_dir() and state_folder.is_locked(host.state):
        yield from _left_alone(host)
        return
    made: dict[str, Path] = {}
    for chain in host.toolchains:
        for chip in dict.fromkeys(d.facts.chip for d in host.devices if d.vendor == chain.vendor) or [COMPILED_FOR]:
            yield tried(f"compiling for {chip}", functools.partial(_compiled, host, bench, chain, chip, made))
    for device in host.devices:
        facts = device.facts
        name = f"device {facts.chip}:{facts.index}"
        if facts.busy:
            yield Check(name, "warning", f"not opened: {facts.busy} computes there", "try again when it is idle")
        elif device.compiled_apart and facts.chip not in made:
            text = f"not opened: no model for {facts.chip} was made here"
            yield Check(name, "warning", text, "a job will tell; its artifacts come from a host with the toolkit")
        else:
            yield _verdict(name, bench, device, made.get(facts.chip))
    if not host.devices:
        yield Check("devices", "missing", "none is enabled on this host", "leave out --device none")


def _left_alone(host: Host) -> Iterator[Check]:
    """Others measure with these devices: one that is opened, or a core that compiles, would be in their figures."""
    owner = state_folder.pointer(host.state)
    who = "dinoq up" if owner is None or owner.only_job is None else f"dinoq run (job {owner.only_job})"
    for device in host.devices:
        name = f"device {device.facts.chip}:{device.facts.index}"
        yield Check(name, "warning", f"not opened: {who} works on it", "dinoq devices tells of it; or dinoq down first")
    for chain in host.toolchains:
        text = f"not tried: {who} works on this host"
        yield Check(f"compiling with {chain.toolkit}", "warning", text, "dinoq logs tells of it; or dinoq down first")


def _compiled(host: Host, bench: Bench, chain: Toolchain, chip: str, made: dict[str, Path]) -> str:
    begun = time.monotonic()
    made[chip] = trial.compiled(
        bench,
        vendor=chain.vendor,
        chip=chip,
        arch=platform.machine(),
        python=host.where.python,
        options=host.where.ascend,
    )
    return f"PASS: {chain.toolkit} ({chain.origin}), {time.monotonic() - begun:.0f} s"


def _verdict(name: str, bench: Bench, device: LocalDevice, artifact: Path | None) -> Check:
    check = tried(name, lambda: trial.verdict(bench, device, artifact))
    return check if check.status == "found" else Check(name, check.status, f"FAIL: {check.text}", check.cure)


def _disk(store: Path) -> Check:
    there = next(folder for folder in (store, *store.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.0f} GB free for shards"
    return Check("disk", "found" if free > LOW_DISK_BYTES else "warning", text, "7.5 GB hold 50,000 photos")


def _database(url: str) -> str:
    open_database(url).close()
    return masked_url(url)


def _broker(host: Host) -> str:
    if host.broker_url is not None:
        check_url(host.broker_url, insecure=host.insecure_broker)
        return "; ".join(server_warnings(host.broker_url)) or "reached, keeps its messages"
    binary = server_binary()
    with tempfile.TemporaryDirectory(prefix="dinoq-", dir=host.runtime_folder) as scratch:
        folder = private_folder(Path(scratch), "broker")
        argv = server_command(binary, folder)
        process = children.start(argv, env=host.env, cwd=folder, log=folder / "log", death_signal=signal.SIGTERM)
        try:
            deadline = time.monotonic() + 5
            while not answers(folder):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise OSError(f"{binary} does not start")
                time.sleep(0.01)
        finally:
            children.kill(process)
    return f"{binary} starts and answers"
