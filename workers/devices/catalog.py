"""Which file drives which vendor's chips. A new vendor is one line."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import NoDevice
from dinoq.jobs.ledger import DeviceFacts
from dinoq.workers.devices.base import Found

VENDORS: tuple[str, ...] = ("cpu", "null")
"""Modules of this folder, in the order devices are listed."""
SIMULATED = ("null",)
WITHOUT_SERIAL = ("cpu", "null")
"""The machine's id stands in, with the host's name, as one machine may act as two hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDevice:
    """A device of this host: its facts, and what its device process needs to open it."""

    facts: DeviceFacts
    vendor: str
    options: dict[str, str]


def local_devices(host: str, null_devices: str = "") -> tuple[LocalDevice, ...]:
    """Every device of this host, by asking each vendor's discovery; `null_devices` as `null.discover` reads it."""
    asked = {"null": (null_devices,)}
    return tuple(
        _local(found, vendor, host)
        for vendor in VENDORS
        for found in importlib.import_module(f"dinoq.workers.devices.{vendor}").discover(*asked.get(vendor, ()))
    )


def narrowed(devices: Iterable[LocalDevice], wanted: str | None) -> tuple[LocalDevice, ...]:
    """The devices that `--device` names: `none`, indices (`0,2`), or names (`cpu:0`, `310P3:1`); all for None.

    Raises: NoDevice for a name that is not there.
    """
    there = tuple(devices)
    if wanted is None:
        return there
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    chosen: list[LocalDevice] = []
    for name in names:
        matching = [d for d in there if name in (str(d.facts.index), f"{d.facts.chip}:{d.facts.index}")]
        if not matching:
            have = ", ".join(f"{d.facts.chip}:{d.facts.index}" for d in there) or "none"
            raise NoDevice(f"device {name!r} is not on this host; it has {have}.", hint="dinoq devices")
        chosen += [device for device in matching if device not in chosen]
    return tuple(chosen)


def _local(found: Found, vendor: str, host: str) -> LocalDevice:
    facts = DeviceFacts(
        key=f"{_machine_id()}/{host}/{found.key}" if vendor in WITHOUT_SERIAL else found.key,
        host=host,
        chip=found.chip,
        index=found.logic_id,
        origin="simulated" if vendor in SIMULATED else "real",
        card=found.card,
        healthy=found.healthy,
        busy=found.busy,
        driver=found.driver,
        toolkit=found.toolkit,
        arch=found.arch,
        cores=found.cores or None,
        name=found.name,
    )
    return LocalDevice(facts=facts, vendor=vendor, options=dict(found.options or {}))


def _machine_id() -> str:
    for place in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            if text := Path(place).read_text().strip():
                return text
        except OSError:
            continue
    return platform.node()
