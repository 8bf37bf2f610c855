"""What this host needs, each piece tried for real: found, missing or broken, and the cure."""

from __future__ import annotations

import functools
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dinoq.broker.app import check_url
from dinoq.broker.embedded import answers, private_folder, server_binary, server_command, server_warnings
from dinoq.db.engine import masked_url, open_database
from dinoq.jobs.chips import chip_named
from dinoq.jobs.errors import DinoqError
from dinoq.jobs.ledger import Toolchain
from dinoq.workers import children, state_folder
from dinoq.workers.data.store import open_store
from dinoq.workers.device_process import ChildSetup, Deadlines, DeviceProcess, ProgramKey
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.flight import Inference
from dinoq.workers.models.probe import PROBE_ANSWER, PROBE_INPUT, SIDE, probe_pictures, probe_recipe, write_probe
from dinoq.workers.tasks import WorkFailed

LOW_DISK_BYTES = 10 << 30
"""A stored ImageNet validation set takes 7.5 GB."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried."""

    name: str
    status: Literal["found", "missing", "broken", "warning"]
    text: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is to be tried."""

    state: Path
    store: Path
    runtime_folder: Path
    database_url: str
    broker_url: str | None
    insecure_broker: bool
    devices: tuple[LocalDevice, ...]
    toolchains: tuple[Toolchain, ...] = ()
    troubles: tuple[str, ...] = ()
    atc_python: str | None = None
    env: Mapping[str, str]


def examine(host: Host) -> Iterator[Check]:
    """Every check in turn, each as soon as it is done."""
    yield _try("state folder", lambda: f"{host.state} (local), id {state_folder.prepare(host.state)[:8]}")
    yield _try("store", lambda: f"{host.store}, id {open_store(host.store).id[:8]}")
    yield _disk(host.store)
    yield _try("database", lambda: _database(host.database_url))
    yield _try("queue server", lambda: _broker(host))
    for trouble in host.troubles:
        vendor, _, text = trouble.partition(": ")
        yield Check(vendor, "broken", text)
    for chain in host.toolchains:
        yield Check(f"toolchain {chain.vendor}", "found", f"{chain.toolkit} ({chain.origin})")
    for device in host.devices:
        name = f"device {device.facts.chip}:{device.facts.index}"
        yield _try(name, functools.partial(_device, host, device))
    if not host.devices:
        yield Check("devices", "missing", "none is enabled on this host", "leave out --device none")


def _try(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name, "found", attempt())
    except DinoqError as error:
        return Check(name, "broken", str(error), error.hint)
    except WorkFailed as error:
        return Check(name, "broken", str(error), "see the vendor's log named there")
    except OSError as error:
        return Check(name, "broken", str(error))


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


def _device(host: Host, device: LocalDevice) -> str:
    """Open the device in a process of its own and let it tell red from green from blue."""
    with tempfile.TemporaryDirectory(prefix="dinoq-doctor-") as scratch:
        folder = Path(scratch)
        write_probe(folder / "probe.onnx")
        setup = ChildSetup(
            vendor=device.vendor,
            options=device.options,
            python=device.python,
            env=children.without_empty_paths(host.env),
            workdir=folder,
            log=folder / "vendor.log",
            simulated=device.facts.origin == "simulated",
        )
        process = DeviceProcess(setup, Deadlines(loading_s=60, compiling_s=300, running_s=30))
        try:
            classes = _classes(process, folder / "probe.onnx", device)
        finally:
            process.close()
    if classes != PROBE_ANSWER:
        raise OSError(f"FAIL: it takes red, green, blue, red for {classes}")
    return f"PASS: {device.facts.name or device.facts.chip}, {device.facts.toolkit}"


def _classes(process: DeviceProcess, model: Path, device: LocalDevice) -> list[int]:
    def no_lease(*_: object) -> None:
        """Nobody waits for this."""

    work = Inference(probe_pictures(), probe_recipe(), batch=2, laps=1)
    precision = chip_named(device.facts.chip).precision
    wanted = {"onnx": str(model), "batch": 2, "precision": precision, "flags": {}, "into": str(model.parent)}
    shape = {"input_name": PROBE_INPUT, "height": str(SIDE), "width": str(SIDE), "arch": device.facts.arch}
    with process.turn(no_lease):
        artifact, _ = process.compile({**wanted, "options": {**device.options, **shape}}, no_lease)
        process.load(ProgramKey(artifact=artifact, batch=2, precision=precision, crop=SIDE), no_lease)
        process.feed(work, no_lease)
    process.wait(work, no_lease)
    return [int(best) for best in work.classes[:, 0]]
