"""`dinoq worker KIND NAME`: a process that `dinoq up` starts. Not for people, and without what their commands import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinoq.cli import settings
from dinoq.cli.console import complain
from dinoq.jobs.errors import DinoqError, UsageError

if TYPE_CHECKING:
    from dinoq.workers.device_process import Deadlines
    from dinoq.workers.worker_process import WorkerSetup


def run(argv: Sequence[str]) -> int:
    """Serve as the arguments say, until told to leave; the exit code."""
    serves = {"prep": _prep, "compile": _compile, "device": _device, "sample": _sample}
    try:
        if len(argv) != 2 or argv[0] not in serves:
            raise UsageError("dinoq worker is started by dinoq up, not by hand.", hint="dinoq up")
        serves[argv[0]](argv[1])
        return 0
    except DinoqError as error:
        complain(error)
        return error.exit_code


def _prep(threads: str) -> None:
    """Serve preprocessing."""
    from dinoq.cli.hosting import worker_identity
    from dinoq.workers.worker_process import run_prep

    now = settings.load()
    run_prep(_setup(now), int(threads), worker_identity(now).datasets)


def _compile(vendor: str) -> None:
    """Serve a vendor's toolchain."""
    import json

    from dinoq.cli.machine import ascend_options
    from dinoq.jobs.ledger import Toolchain
    from dinoq.workers.worker_process import run_compile

    now = settings.load()
    options = ascend_options(now) if vendor == "ascend" else {}
    run_compile(_setup(now), Toolchain(**json.loads(now.env["DINOQ_TOOLCHAIN"])), options, _deadlines(now))


def _device(name: str) -> None:
    """Serve one device; `name` is for people who look at processes."""
    from dinoq.workers.devices.catalog import device_from_json
    from dinoq.workers.worker_process import run_device

    now = settings.load()
    setup = _setup(now)
    idle_wait_s = now.number("idle_wait_s", 600.0)
    run_device(setup, device_from_json(now.env["DINOQ_LOCAL_DEVICE"]), _deadlines(now), idle_wait_s)


def _sample(vendor: str) -> None:
    """Sample a vendor's devices."""
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
