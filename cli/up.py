"""`dinoq up` makes this machine a worker host; `dinoq down` ends that. `dinoq worker` is what `up` starts."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.evaluate import DeviceList, IntoFleet, Pace, Prep, Simulate
from dinoq.jobs.errors import EnvironmentTrouble

if TYPE_CHECKING:
    from dinoq.workers.device_process import Deadlines
    from dinoq.workers.worker_process import WorkerSetup


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("down")(down)
    worker = typer.Typer(hidden=True, rich_markup_mode=None)
    worker.command("prep")(worker_prep)
    worker.command("compile")(worker_compile)
    worker.command("device")(worker_device)
    worker.command("sample")(worker_sample)
    app.add_typer(worker, name="worker")


def up(
    device: DeviceList = None,
    prep: Prep = None,
    simulate: Simulate = None,
    pace: Pace = None,
    into_fleet: IntoFleet = False,
) -> None:
    """Start this host's workers, in the foreground: one per device, and preprocessing."""
    from dinoq.cli.hosting import local_setup, supervise
    from dinoq.cli.ledger import open_ledger
    from dinoq.cli.machine import check_fleet, discovered

    now = settings.load({"device": device, "prep": prep, "simulate": simulate, "pace": pace})
    check_fleet(now, into_fleet=into_fleet)
    supervise(open_ledger(now), local_setup(now, discovered(now)), only_job=None)


def down(
    drain: Annotated[bool, typer.Option("--drain", help="finish the items in hand first")] = False,
) -> None:
    """End the `dinoq up` of this state folder; its work is handed back."""
    from dinoq.workers.children import DRAIN
    from dinoq.workers.state_folder import is_locked, pointer

    now = settings.load()
    owner = pointer(now.state)
    if owner is None or not is_locked(now.state):
        console.note(f"no dinoq up is alive on {now.state}.")
        return
    try:
        os.kill(owner.pid, DRAIN if drain else signal.SIGTERM)
    except (ProcessLookupError, PermissionError):  # its number is nobody here, or somebody else
        raise EnvironmentTrouble(
            f"pid {owner.pid} owns {now.state} from another container.", hint="end it there"
        ) from None
    while is_locked(now.state):
        time.sleep(0.05)
    console.say(f"dinoq up (pid {owner.pid}) has ended")


def worker_prep(threads: int) -> None:
    """Serve preprocessing (started by dinoq up)."""
    from dinoq.cli.hosting import worker_identity
    from dinoq.workers.worker_process import run_prep

    now = settings.load()
    run_prep(_setup(now), threads, worker_identity(now).datasets)


def worker_compile(vendor: str) -> None:
    """Serve a vendor's toolchain (started by dinoq up)."""
    import json

    from dinoq.cli.machine import ascend_options
    from dinoq.jobs.ledger import Toolchain
    from dinoq.workers.worker_process import run_compile

    now = settings.load()
    options = ascend_options(now) if vendor == "ascend" else {}
    run_compile(_setup(now), Toolchain(**json.loads(now.env["DINOQ_TOOLCHAIN"])), options, _deadlines(now))


def worker_device(name: str) -> None:
    """Serve one device (started by dinoq up); `name` is for people who look at processes."""
    from dinoq.workers.devices.catalog import device_from_json
    from dinoq.workers.worker_process import run_device

    now = settings.load()
    setup = _setup(now)
    idle_wait_s = now.number("idle_wait_s", 600.0)
    run_device(setup, device_from_json(now.env["DINOQ_LOCAL_DEVICE"]), _deadlines(now), idle_wait_s)


def worker_sample(vendor: str) -> None:
    """Sample a vendor's devices (started by dinoq up)."""
    import json

    from dinoq.cli.hosting import worker_identity
    from dinoq.workers.devices.catalog import device_from_json
    from dinoq.workers.telemetry.sampler import Source, run_sampler

    now = settings.load()
    _log_to_stderr()
    devices = tuple(map(device_from_json, json.loads(now.env["DINOQ_LOCAL_DEVICES"])))
    env = {**now.env, **worker_identity(now).vendor_env}
    run_sampler(Source(vendor=vendor, devices=devices, env=env, python=sys.executable), now.state, now.database_url)


def _deadlines(now: settings.Settings) -> Deadlines:
    from dinoq.workers.device_process import Deadlines

    usual = Deadlines()
    return Deadlines(
        compiling_s=now.number("compiling_deadline_s", usual.compiling_s),
        running_s=now.number("running_deadline_s", usual.running_s),
    )


def _setup(now: settings.Settings) -> WorkerSetup:
    from dinoq.cli.hosting import worker_identity
    from dinoq.workers import state_folder
    from dinoq.workers.worker_process import WorkerSetup

    _log_to_stderr()
    identity = worker_identity(now)
    return WorkerSetup(
        id=identity.id,
        host=now.host,
        state=now.state,
        store=now.store,
        state_id=state_folder.prepare(now.state),
        database_url=now.database_url,
        broker_url=now.need("broker_url", "DINOQ_BROKER_URL"),
        vendor_env={**now.env, **identity.vendor_env},
        only_job=identity.only_job,
    )


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
