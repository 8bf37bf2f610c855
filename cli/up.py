"""`dinoq up` makes this machine a worker host; `dinoq down` ends that. `dinoq worker` is what `up` starts."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.evaluate import DeviceList, Prep
from dinoq.jobs.errors import EnvironmentTrouble

if TYPE_CHECKING:
    from dinoq.workers.worker_process import WorkerSetup


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("down")(down)
    worker = typer.Typer(hidden=True, rich_markup_mode=None)
    worker.command("prep")(worker_prep)
    worker.command("device")(worker_device)
    app.add_typer(worker, name="worker")


def up(device: DeviceList = None, prep: Prep = None) -> None:
    """Start this host's workers, in the foreground: one per device, and preprocessing."""
    from dinoq.cli.hosting import local_setup, supervise
    from dinoq.cli.ledger import open_ledger

    now = settings.load({"device": device, "prep": prep})
    supervise(open_ledger(now), local_setup(now), only_job=None)


def down(
    drain: Annotated[bool, typer.Option("--drain", help="finish the items in hand first")] = False,
) -> None:
    """End the `dinoq up` of this state folder; its work is handed back."""
    from dinoq.workers.state_folder import is_locked, pointer

    now = settings.load()
    owner = pointer(now.state)
    if owner is None or not is_locked(now.state):
        console.note(f"no dinoq up is alive on {now.state}.")
        return
    try:
        os.kill(owner.pid, signal.SIGUSR1 if drain else signal.SIGTERM)
    except ProcessLookupError:
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


def worker_device(name: str) -> None:
    """Serve one device (started by dinoq up)."""
    from dinoq.workers.device_process import Deadlines
    from dinoq.workers.devices.catalog import local_devices, narrowed
    from dinoq.workers.worker_process import run_device

    now = settings.load()
    device = narrowed(local_devices(now.host, now.get("null_devices") or ""), name)[0]
    deadlines = Deadlines(running_s=now.number("running_deadline_s", Deadlines().running_s))
    run_device(
        _setup(now), device, now.get(f"{device.vendor}_python") if device.vendor == "ascend" else None, deadlines
    )


def _setup(now: settings.Settings) -> WorkerSetup:
    import logging

    from dinoq.cli.hosting import worker_identity
    from dinoq.workers import state_folder
    from dinoq.workers.worker_process import WorkerSetup

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    identity = worker_identity(now)
    return WorkerSetup(
        id=identity.id,
        host=now.host,
        state=now.state,
        store=now.store,
        state_id=state_folder.prepare(now.state),
        database_url=now.database_url,
        broker_url=now.need("broker_url", "DINOQ_BROKER_URL"),
        env=now.env,
        only_job=identity.only_job,
    )
