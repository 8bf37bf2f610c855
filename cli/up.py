"""`dinoq up` makes this machine a worker host; `dinoq down` ends that."""

from __future__ import annotations

import os
import signal
import time
from typing import Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.options import DeviceList, IntoFleet, Pace, Prep, Simulate
from dinoq.jobs.errors import EnvironmentTrouble


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("down")(down)


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
