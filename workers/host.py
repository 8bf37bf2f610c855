"""What one host runs: its set-up, and the worker processes that follow from it."""

from __future__ import annotations

import json
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dinoq.jobs.ledger import Toolchain
from dinoq.workers.devices.catalog import LocalDevice, sampled

MAX_DEATHS = 5
"""How often a worker may die within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What one host runs. `worker_argv` starts `dinoq`; `broker_url` None means the embedded server; `vendor_env` is what
    a simulated machine adds to the environment."""

    host: str
    state: Path
    broker_url: str | None
    devices: tuple[LocalDevice, ...]
    toolchains: tuple[Toolchain, ...]
    prep_threads: int
    worker_argv: Sequence[str]
    env: Mapping[str, str]
    vendor_env: Mapping[str, str]
    runtime_folder: Path
    only_job: int | None = None


@dataclass
class Child:
    """A worker that is to be alive. `give_up` is set when it died too often."""

    name: str
    argv: tuple[str, ...]
    told: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    worker_id: str = ""
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_DEATHS))
    not_before: float = 0.0
    give_up: bool = False

    @property
    def is_sampler(self) -> bool:
        """It claims no work: others go on without it, and it goes on while they finish."""
        return self.argv[1] == "sample"


def children_of(setup: Setup) -> Iterator[Child]:
    """The workers of this host. Only what is simulated is given the simulated machine."""
    simulated = json.dumps(dict(setup.vendor_env))
    if setup.prep_threads:
        yield Child("prep", ("worker", "prep", str(setup.prep_threads)))
    for chain in setup.toolchains:
        told = {"DINOQ_TOOLCHAIN": json.dumps(asdict(chain)), "DINOQ_VENDOR_ENV": simulated}
        yield Child(f"compile-{chain.vendor}", ("worker", "compile", chain.vendor), told)
    for device in setup.devices:
        told = {"DINOQ_LOCAL_DEVICE": device.to_json()}
        told |= {"DINOQ_VENDOR_ENV": simulated} if device.facts.origin == "simulated" else {}
        yield Child(device.name, ("worker", "device", device.name), told)
    for vendor, devices in sampled(setup.devices).items():
        told = {"DINOQ_LOCAL_DEVICES": json.dumps([device.to_json() for device in devices])}
        told |= {"DINOQ_VENDOR_ENV": simulated} if devices[0].facts.origin == "simulated" else {}
        yield Child(f"sample-{vendor}", ("worker", "sample", vendor), told)


def how_it_ended(code: int) -> str:
    """In words."""
    return f"signal {-code}" if code < 0 else f"status {code}"
