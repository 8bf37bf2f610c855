"""Being a host: which devices and folders this machine brings, and a supervisor over them in the foreground."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dinoq.cli import console, interrupts
from dinoq.cli.settings import Settings
from dinoq.jobs.chips import Chip, chip_named
from dinoq.jobs.errors import Interrupted, NoDevice, NoToolchain, UsageError
from dinoq.jobs.spec import JobSpec, RunSpec

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.workers.devices.catalog import Discovered
    from dinoq.workers.host import Setup


def local_setup(settings: Settings, found: Discovered) -> Setup:
    """What this host runs, from its settings and what it has. Raises: NoDevice, NoBroker, UsageError."""
    from dinoq.broker.app import check_url
    from dinoq.broker.embedded import server_warnings
    from dinoq.cli.machine import vendor_env
    from dinoq.workers.devices.catalog import narrowed
    from dinoq.workers.host import Setup

    url = settings.get("broker_url")
    if url is not None:
        check_url(url, insecure=settings.insecure_broker)
        for text in server_warnings(url):
            console.note(text)
    for trouble in found.troubles:
        console.note(f"{trouble}; see dinoq doctor")
    return Setup(
        host=settings.host,
        state=settings.state,
        broker_url=url,
        devices=narrowed(found.devices, settings.get("device")),
        toolchains=found.toolchains,
        prep_threads=prep_threads(settings),
        # -P: a `redis.py` in the user's folder is not what we import.
        worker_argv=(sys.executable, "-P", "-m", "dinoq"),
        env=worker_env(settings),
        vendor_env=vendor_env(settings),
        runtime_folder=settings.runtime_folder,
    )


def worker_env(settings: Settings) -> dict[str, str]:
    """The environment that gives a worker the very settings of its supervisor, wherever they came from."""
    import json

    told = {
        "DINOQ_STATE": str(settings.state),
        "DINOQ_STORE": str(settings.store),
        "DINOQ_DATABASE_URL": settings.database_url,
        "DINOQ_HOST": settings.host,
        "DINOQ_DATASETS": json.dumps({name: entry.get("path", "") for name, entry in settings.datasets.items()}),
    }
    if settings.config.path is not None:  # workers run in another folder
        told["DINOQ_CONFIG"] = str(settings.config.path)
    for name in ("running_deadline_s", "compiling_deadline_s", "idle_wait_s", "ascend_set_env", "ascend_atc_python"):
        if (text := settings.get(name)) is not None:
            told[f"DINOQ_{name.upper()}"] = text
    return {**settings.env, **told}


def require_devices(setup: Setup, found: Discovered, spec: JobSpec) -> None:
    """Raises: NoDevice when this host lacks a chip of the job or has only ill ones, UsageError when it is told to
    prepare no photos and the job has some."""
    if spec.slice_batches and not setup.prep_threads:
        raise UsageError("prep is 0: nobody would prepare the photos of this run.", hint="--prep 2")
    for chip in _chips(spec.runs):
        mine = [device.facts for device in setup.devices if device.facts.chip == chip.name]
        if not mine:
            raise _no_chip(setup, found, chip)
        if not any(facts.healthy for facts in mine):
            ill = ", ".join(facts.label for facts in mine)
            raise NoDevice(f"no {chip.name} of this host is healthy, says its driver: {ill}.", hint="dinoq doctor")


def require_compilers(db: Database, setup: Setup, runs: Iterable[RunSpec]) -> None:
    """Raises: NoToolchain when neither this host nor a living one of the fleet compiles for a chip of these runs."""
    from dinoq.db.fleet import living_toolchains

    here = {chain.vendor for chain in setup.toolchains}
    origins = {device.facts.chip: device.facts.origin for device in setup.devices}
    for chip in _chips(runs):
        if chip.compiles_on == "host" and chip.vendor not in here | living_toolchains(db, origins[chip.name]):
            raise NoToolchain(
                f"this host has a {chip.name} and nothing to compile for it: atc is not on PATH, nor on a living host.",
                hint="set [ascend] set_env to CANN's set_env.sh; or dinoq up on a host with atc",
            )


def _chips(runs: Iterable[RunSpec]) -> list[Chip]:
    return list(dict.fromkeys(chip_named(run.chip) for run in runs))


def for_job(setup: Setup, spec: JobSpec) -> Setup:
    """Only those of this host's workers that the job has work for."""
    chips = {chip.name: chip for chip in _chips(spec.runs)}
    vendors = {chip.vendor for chip in chips.values()}
    return replace(
        setup,
        devices=tuple(device for device in setup.devices if device.facts.chip in chips),
        toolchains=tuple(chain for chain in setup.toolchains if chain.vendor in vendors),
        prep_threads=setup.prep_threads if spec.slice_batches else 0,
    )


def _no_chip(setup: Setup, found: Discovered, chip: Chip) -> NoDevice:
    there = ", ".join(sorted({device.facts.chip for device in setup.devices})) or "none"
    text = f"this host has no {chip.name} (it has {there}), and no dinoq up is alive here"
    if any(device.facts.chip == chip.name for device in found.devices):
        return NoDevice(f"{text}: --device leaves it out.", hint="leave out --device")
    why = found.why_not(chip.vendor)
    hint = f"dinoq doctor; or dinoq up on a {chip.name} host, then dinoq submit"
    return NoDevice(f"{text}{f': {why}' if why else ''}.", hint=hint)


def supervise(db: Database, setup: Setup, *, only_job: int | None) -> None:
    """Run the supervisor in the foreground: until the job has ended or cannot go on here, or for ever without a job.

    Raises: Interrupted.
    """
    from dinoq.cli.progress import Progress
    from dinoq.cli.waiting import InVain
    from dinoq.workers.supervisor import Supervisor

    with Supervisor(replace(setup, only_job=only_job), db, console.note) as supervisor:
        if only_job is None:
            _say_hello(setup)
            supervisor.run(lambda: False)
            if supervisor.interrupted:
                raise Interrupted("interrupted; this host's work is handed back.", hint="Resume: dinoq up")
            return
        in_vain = InVain(db, only_job, [device.facts.key for device in setup.devices])
        with Progress(db, only_job) as progress:
            done = supervisor.run(lambda: progress.ended() or in_vain())
    if in_vain.chips:
        in_vain.tell()
    if not done:
        raise Interrupted(
            f"interrupted; {progress.summary()} of job {only_job}.", hint=interrupts.how_to_go_on(only_job)
        )


def _say_hello(setup: Setup) -> None:
    devices = ", ".join(f"{d.facts.chip}:{d.facts.index} ({d.facts.cores} cores)" for d in setup.devices) or "none"
    broker = "embedded" if setup.broker_url is None else "by URL"
    console.say(f"dinoq up on {setup.host}: devices {devices}; {setup.prep_threads} prep threads; broker {broker}")
    console.say("Ctrl-C hands the work back and leaves; again kills.")


def prep_threads(settings: Settings) -> int:
    """How many threads prepare photos on this host. Raises: UsageError."""
    text = settings.get("prep")
    if text is None:
        return len(os.sched_getaffinity(0))
    if not text.isdigit() or int(text) > 256:
        raise UsageError(f"prep is {text!r}; expected a whole number from 0 to 256.", hint="--prep 2")
    return int(text)


@dataclass(frozen=True)
class WorkerIdentity:
    """What a supervisor told this worker process through its environment."""

    id: str
    only_job: int | None
    datasets: dict[str, str]
    vendor_env: dict[str, str]


def worker_identity(settings: Settings) -> WorkerIdentity:
    """Read what `worker_env` and the supervisor wrote. Raises: UsageError when run by hand."""
    import json

    env = settings.env
    if "DINOQ_WORKER_ID" not in env:
        raise UsageError("dinoq worker is started by dinoq up, not by hand.", hint="dinoq up")
    only = env.get("DINOQ_ONLY_JOB") or ""
    return WorkerIdentity(
        env["DINOQ_WORKER_ID"],
        int(only) if only else None,
        json.loads(env["DINOQ_DATASETS"]),
        json.loads(env.get("DINOQ_VENDOR_ENV", "{}")),
    )
