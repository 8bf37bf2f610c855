"""Which file drives which vendor's chips, and what of them this host has. A new vendor is one line."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dinoq.jobs.errors import NoDevice
from dinoq.jobs.ledger import DeviceFacts, Origin, Toolchain
from dinoq.workers.devices.base import Found
from dinoq.workers.devices.npu_smi import USUAL_FOLDERS
from dinoq.workers.vendor_link import VendorLink, VendorTrouble

DISCOVERY_S = 70.0
"""Longer than a vendor's file waits for npu-smi, up to three times, so that it can say that it waited in vain."""

MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where devices are looked for. `env` is the environment of vendors' programs and modules, a simulated machine's
    where `simulate` names one (`310P3:4,T4:1`); `pace` says what its times are taken from, empty for its own."""

    host: str
    env: Mapping[str, str]
    python: str
    null_devices: str = ""
    simulate: str = ""
    pace: str = ""
    ascend_python: str = ""
    ascend: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """What a vendor's interface shows here."""
        return "simulated" if self.simulate else "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDevice:
    """A device of this host: its facts, and what its device process needs to open it."""

    facts: DeviceFacts
    vendor: str
    options: dict[str, str]
    python: str

    @property
    def name(self) -> str:
        """As `--device` takes it: `310P3:0`."""
        return f"{self.facts.chip}:{self.facts.index}"

    @property
    def compiled_apart(self) -> bool:
        """Whether its models are made by a toolchain that needs no device, perhaps on another host."""
        return hasattr(importlib.import_module(f"dinoq.workers.devices.{self.vendor}"), "toolkit")

    def to_json(self) -> str:
        """For the environment of its worker; `device_from_json` reads it back."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What a host has; `troubles` are sentences about vendors that are there and do not answer, `missing` says by vendor
    what would have to be there first."""

    devices: tuple[LocalDevice, ...] = ()
    toolchains: tuple[Toolchain, ...] = ()
    troubles: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, vendor: str) -> str:
        """Why the vendor's chips are not among the devices, as the end of a sentence; empty where nothing is known."""
        troubles = [text for text in self.troubles if text.startswith(f"{vendor}: ")]
        return next(iter(troubles), self.missing.get(vendor, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One file of this folder. `signs` says whether it is worth asking here; `apart`: in a process of its own, as the
    vendor's module or program is asked; `own_keys`: its devices' keys are unique in a fleet; `needs`: what is missing
    where it finds nobody.

    `pieces` is the file that a doctor asks, under `title`; where there is no sign, it says `absent` and names `page`.
    """

    module: str
    signs: Callable[[Surroundings], bool]
    apart: bool = True
    own_keys: bool = False
    needs: Callable[[Surroundings], str] = lambda _: ""
    title: str = ""
    pieces: str = ""
    absent: str = ""
    page: str = ""


def _always(_: Surroundings) -> bool:
    return True


def _has_ascend(where: Surroundings) -> bool:
    path = os.pathsep.join((where.env.get("PATH", os.defpath), USUAL_FOLDERS))
    return bool(where.ascend.get("set_env") or shutil.which("npu-smi", path=path) or shutil.which("atc", path=path))


def _has_nvidia(where: Surroundings) -> bool:
    return "T4" in where.simulate or importlib.util.find_spec("pynvml") is not None


def _ascend_needs(where: Surroundings) -> str:
    if shutil.which("npu-smi", path=f"{where.env.get('PATH', '')}:{USUAL_FOLDERS}"):
        return "npu-smi answers and lists none"
    return "npu-smi is not on this host: no Ascend driver, or not mounted into this container"


def _nvidia_needs(where: Surroundings) -> str:
    if not _has_nvidia(where):
        return "the package nvidia-ml-py is not installed: pip install 'dinoq[t4]'"
    return "NVML finds none: no NVIDIA driver on this host, or the container was started without GPUs"


VENDORS: tuple[Vendor, ...] = (
    Vendor(module="cpu", signs=_always, apart=False),
    Vendor(module="null", signs=lambda where: bool(where.null_devices), apart=False),
    Vendor(
        module="ascend",
        signs=_has_ascend,
        needs=_ascend_needs,
        title="Ascend",
        pieces="ascend_pieces",
        absent="neither npu-smi nor atc is on this host",
        page="docs/ascend.md",
    ),
    Vendor(
        module="tensorrt",
        signs=_has_nvidia,
        own_keys=True,
        needs=_nvidia_needs,
        title="T4",
        pieces="nvidia_pieces",
        absent="nvidia-ml-py is not installed",
        page="docs/t4.md",
    ),
)
"""In the order in which devices are listed."""


def discover(where: Surroundings) -> Discovered:
    """Every device and toolchain of this host, by asking each vendor's file."""
    asked = {vendor.module: _asked(vendor, where) for vendor in VENDORS if vendor.signs(where)}
    found = {name for name, one in asked.items() if one.devices}
    return Discovered(
        devices=tuple(device for one in asked.values() for device in one.devices),
        toolchains=tuple(toolchain for one in asked.values() for toolchain in one.toolchains),
        troubles=tuple(trouble for one in asked.values() for trouble in one.troubles),
        missing={vendor.module: vendor.needs(where) for vendor in VENDORS if vendor.module not in found},
    )


def narrowed(devices: Iterable[LocalDevice], wanted: str | None) -> tuple[LocalDevice, ...]:
    """The devices that `--device` names: `none`, indices (`0,2`), names (`cpu:0`, `310P3:1`), or chips (`T4`); all for None.

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
        matching = [device for device in there if name in (str(device.facts.index), device.name, device.facts.chip)]
        if not matching:
            have = ", ".join(device.name for device in there) or "none"
            raise NoDevice(f"device {name!r} is not on this host; it has {have}.", hint="dinoq devices")
        chosen += [device for device in matching if device not in chosen]
    return tuple(chosen)


def sampled(devices: Iterable[LocalDevice]) -> dict[str, tuple[LocalDevice, ...]]:
    """By vendor, the devices whose vendor tells how they feel."""
    apart = [vendor.module for vendor in VENDORS if vendor.apart]
    there = tuple(devices)
    found = {vendor: tuple(device for device in there if device.vendor == vendor) for vendor in apart}
    return {vendor: mine for vendor, mine in found.items() if mine}


def interpreter(vendor: Vendor, where: Surroundings) -> str:
    """What runs the vendor's module: the one named for it, else dinoq's own."""
    return where.ascend_python if vendor.module == "ascend" and where.ascend_python else where.python


def device_from_json(text: str) -> LocalDevice:
    """The device that `to_json` wrote."""
    values = json.loads(text)
    return LocalDevice(**{**values, "facts": DeviceFacts(**values["facts"])})


def _asked(vendor: Vendor, where: Surroundings) -> Discovered:
    if not vendor.apart:
        module = importlib.import_module(f"dinoq.workers.devices.{vendor.module}")
        found = module.discover({"null_devices": where.null_devices})
        return Discovered(devices=tuple(_local(one, vendor, where) for one in found))
    options = dict(where.ascend) if vendor.module == "ascend" else {}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="dinoq-ask-") as folder,
            VendorLink(vendor.module, python=where.python, env=where.env, folder=Path(folder)) as link,
        ):
            answer = link.ask("discover", DISCOVERY_S, options=options)
    except VendorTrouble as trouble:
        return Discovered(troubles=(f"{vendor.module}: {trouble}",))
    toolkit, why = answer["toolkit"], answer["trouble"]
    chain = Toolchain(vendor=vendor.module, toolkit=toolkit, origin=where.origin) if toolkit else None
    return Discovered(
        devices=tuple(_local(Found(**one), vendor, where) for one in answer["found"]),
        toolchains=() if chain is None else (chain,),
        troubles=(f"{vendor.module}: {why}",) if why else (),
    )


def _local(found: Found, vendor: Vendor, where: Surroundings) -> LocalDevice:
    origin: Origin = "simulated" if vendor.module == "null" else where.origin if vendor.apart else "real"
    known = {one.name for one in dataclasses.fields(DeviceFacts)} & set(found._fields)
    told = {name: getattr(found, name) for name in known - {"key", "cores"}}
    key = found.key if vendor.own_keys and origin == "real" else f"{_machine_id(where.host)}/{where.host}/{found.key}"
    facts = DeviceFacts(
        **told,
        key=f"simulated/{key}" if origin == "simulated" else key,
        host=where.host,
        index=found.logic_id,
        origin=origin,
        cores=found.cores or None,
        pace=where.pace if vendor.apart else "",
    )
    options = dict(found.options or {})
    return LocalDevice(facts=facts, vendor=vendor.module, options=options, python=interpreter(vendor, where))


def _machine_id(host: str) -> str:
    """A container may have none; its name is another each time, the host's as it was set is not."""
    for place in MACHINE_IDS:
        try:
            if text := Path(place).read_text().strip():
                return text
        except OSError:
            continue
    return host
