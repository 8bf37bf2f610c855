"""`dinoq devices`: what this host and the fleet have. `dinoq doctor`: what is wrong here, and the cure."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.options import DeviceList, Simulate


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("devices")(devices)
    app.command("doctor")(doctor)


def devices(
    simulate: Simulate = None, as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False
) -> None:
    """Every device of this host, and of the fleet as its workers registered it; then who compiles."""
    from dinoq.cli.device_table import device_rows, device_text, toolchain_lines
    from dinoq.cli.ledger import open_ledger
    from dinoq.cli.machine import discovered
    from dinoq.db.doing import doings
    from dinoq.db.fleet import list_devices, list_workers

    now = settings.load({"simulate": simulate})
    db = open_ledger(now)
    found = discovered(now)
    for trouble in found.troubles:
        console.note(f"{trouble}; see dinoq doctor")
    rows = device_rows(list_devices(db), [device.facts for device in found.devices], doings(db))
    if as_json:
        console.result(json.dumps(rows, indent=2))
        return
    made = device_text(rows, console.result_columns())
    console.result("\n".join([made.text, *toolchain_lines(list_workers(db))]))
    if made.left_out:
        console.note(f"no room for {', '.join(made.left_out)}; all of it: dinoq devices --json")


def doctor(
    device: DeviceList = None,
    simulate: Simulate = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> int:
    """Try each thing that dinoq can use here; every device is opened and runs a small model. Exit 8 if one is broken.

    What is merely missing is told, and is no fault: not every host has cards or compiles for them.
    """
    from dinoq.cli.machine import discovered, surroundings
    from dinoq.workers.devices.catalog import narrowed
    from dinoq.workers.doctor import Host, examine

    logging.getLogger("dinoq").addHandler(logging.NullHandler())  # each check says how it ended
    now = settings.load({"device": device, "simulate": simulate})
    found = discovered(now)
    host = Host(
        state=now.state,
        store=now.store,
        runtime_folder=now.runtime_folder,
        database_url=now.database_url,
        broker_url=now.get("broker_url"),
        insecure_broker=now.insecure_broker,
        devices=narrowed(found.devices, now.get("device")),
        toolchains=found.toolchains,
        troubles=found.troubles,
        where=surroundings(now),
        env=now.env,
    )
    checks = []
    for check in examine(host):
        checks.append(check)
        if not as_json:
            cure = f"\n{'':9}cure: {check.cure}" if check.cure and check.status != "found" else ""
            console.result(f"{check.status:8} {check.name}: {check.text}{cure}")
    if as_json:
        console.result(json.dumps([asdict(check) for check in checks], indent=2))
    return 8 if any(check.status == "broken" for check in checks) else 0
