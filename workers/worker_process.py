"""The main of a worker process: registers, keeps its heartbeat, serves its queues until asked to leave."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import dinoq
from dinoq.broker.app import make_app, publish, serve
from dinoq.broker.queues import PREP, chip_queue, compile_queue
from dinoq.db.engine import Database, open_database
from dinoq.db.fleet import beat, register_device, register_worker, retire_worker
from dinoq.db.hints import mark_unhinted
from dinoq.jobs.errors import EnvironmentTrouble
from dinoq.jobs.ledger import Hint, Toolchain, WorkerFacts, WorkerKind
from dinoq.workers import children
from dinoq.workers.compile_worker import CompileWorker
from dinoq.workers.data.store import Store, open_store, remove_leftovers
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.device_worker import DeviceWorker
from dinoq.workers.devices.base import DeviceFault
from dinoq.workers.devices.catalog import LocalDevice, sampled
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.prep_worker import PrepWorker, yield_to_devices
from dinoq.workers.tasks import Exit, Perform, work
from dinoq.workers.telemetry.idle import Idle
from dinoq.workers.telemetry.reading import reading_file

log = logging.getLogger(__name__)
HEARTBEAT_S = 3.0
COMPILE_GRACE_S = 60.0
DEVICE_THREADS = 2
"""One feeds the device while the other prepares the next item and commits the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a worker process is told by its supervisor, through the environment and its arguments; `vendor_env` is the
    environment of vendors' programs, a simulated machine's where there is one."""

    id: str
    host: str
    state: Path
    store: Path
    state_id: str
    database_url: str
    broker_url: str
    vendor_env: Mapping[str, str]
    only_job: int | None = None


def run_prep(setup: WorkerSetup, threads: int, roots: Mapping[str, str]) -> None:
    """Serve preprocess items in `threads` threads."""
    yield_to_devices()
    db, store = open_database(setup.database_url), open_store(setup.store)
    remove_leftovers(store)
    register_worker(db, _facts(setup, "prep", store))
    _serve(setup, db, PrepWorker(db, store, setup.state, roots).perform, [PREP], threads)


def run_compile(setup: WorkerSetup, toolchain: Toolchain, options: Mapping[str, str], deadlines: Deadlines) -> None:
    """Serve compile items of the vendor whose toolchain this host has; `options` are the vendor's settings."""
    db, store = open_database(setup.database_url), open_store(setup.store)
    register_worker(db, _facts(setup, "compile", store, toolchains=(toolchain,)))
    name = f"compile-{toolchain.vendor}"
    # The toolchain is killed by who started it, with its words kept; its process only when that does not work.
    told = {**options, "timeout_s": f"{deadlines.compiling_s:g}"}
    child = _child(setup, toolchain.vendor, sys.executable, told, name)
    process = DeviceProcess(child, replace(deadlines, compiling_s=deadlines.compiling_s + COMPILE_GRACE_S))
    worker = CompileWorker(db, store, process, setup.state / "run" / name)
    try:
        _serve(setup, db, worker.perform, [compile_queue(toolchain.vendor, toolchain.origin)], 1)
    finally:
        process.close()


def run_device(setup: WorkerSetup, device: LocalDevice, deadlines: Deadlines, idle_wait_s: float) -> None:
    """Serve compile and infer items of one device; a busy one is waited for so long, then used all the same."""
    db, store = open_database(setup.database_url), open_store(setup.store)
    facts, name = device.facts, f"{device.facts.chip}-{device.facts.index}"
    register_device(db, facts)
    register_worker(db, _facts(setup, "device", store, device_key=facts.key))
    child = _child(setup, device.vendor, device.python, device.options, name)
    process = DeviceProcess(replace(child, simulated=facts.origin == "simulated"), deadlines)
    worker = DeviceWorker(db, store, facts, process, _idle(setup, device, idle_wait_s))
    try:
        _serve(setup, db, worker.perform, [chip_queue(facts.chip, facts.origin)], DEVICE_THREADS)
    finally:
        process.close()


def _idle(setup: WorkerSetup, device: LocalDevice, wait_s: float) -> Idle | None:
    """The idle check of a device that a sampler watches."""
    return Idle(reading_file(setup.state, device.facts), device.facts.label, wait_s) if sampled([device]) else None


def _child(setup: WorkerSetup, vendor: str, python: str, options: Mapping[str, str], name: str) -> ChildSetup:
    """The process that holds the vendor's file, in a folder, with temporary files and an environment of its own.

    Raises: EnvironmentTrouble when that environment cannot be had.
    """
    folder = setup.state / "run" / name
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    try:
        env = children.vendor_env({**setup.vendor_env, "TMPDIR": str(folder / "tmp")}, options)
    except DeviceFault as fault:
        raise EnvironmentTrouble(f"{fault}.", hint="[ascend] set_env in dinoq.toml; dinoq doctor") from None
    return ChildSetup(
        vendor=vendor,
        options=dict(options),
        python=python,
        env=env,
        workdir=folder,
        log=setup.state / "logs" / f"{name}.vendor.log",
    )


def _facts(
    setup: WorkerSetup,
    kind: WorkerKind,
    store: Store,
    *,
    device_key: str | None = None,
    toolchains: tuple[Toolchain, ...] = (),
) -> WorkerFacts:
    return WorkerFacts(
        id=setup.id,
        host=setup.host,
        kind=kind,
        pid=os.getpid(),
        store_id=store.id,
        state_id=setup.state_id,
        version=dinoq.__version__,
        device_key=device_key,
        only_job=setup.only_job,
        toolchains=toolchains,
    )


def _serve(setup: WorkerSetup, db: Database, perform: Perform, queues: Sequence[str], threads: int) -> None:
    """Until SIGTERM (hand back at the next batch) or DRAIN (finish what is in hand)."""
    app, leave = make_app(setup.broker_url), Exit()

    def tell(hints: Iterable[Hint]) -> None:
        if unsent := publish(app, hints):
            mark_unhinted(db, unsent)

    def handle(item_id: int) -> None:
        work(item_id, db=db, worker_id=setup.id, perform=perform, publish=tell, leave=leave)

    gently = threading.Event()

    def finish_first(*_: object) -> None:
        gently.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def stopping() -> None:
        leave.leaving.set()
        if not gently.is_set():
            leave.stop.set()

    signal.signal(children.DRAIN, finish_first)
    gone = threading.Event()  # not `leaving`: whoever finishes what is in hand is alive meanwhile
    heart = threading.Thread(target=_keep_beating, args=(db, setup.id, gone), name="heartbeat", daemon=True)
    heart.start()
    try:
        serve(app, queues=queues, handler=handle, concurrency=threads, name=setup.id, on_stopping=stopping)
    finally:
        leave.leaving.set()
        gone.set()
        heart.join(HEARTBEAT_S)
        retire_worker(db, setup.id)
        db.close()


def _keep_beating(db: Database, worker_id: str, gone: threading.Event) -> None:
    while not gone.wait(HEARTBEAT_S):
        try:
            beat(db, worker_id)
        except Exception:
            log.exception("no heartbeat this time")
