"""Why an item is not to be had, or not by the worker that asks. A reason is a sentence; empty means none."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dinoq.db.fleet import clock, living
from dinoq.db.requests import Asked, Asker
from dinoq.db.tables.fleet import Device, Worker
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import Kind


def not_to_be_had(asked: Asked) -> str:
    """Why nobody may have it now; empty for no reason."""
    if asked.state != "queued":
        return f"item {asked.id} is {asked.state}"
    if asked.job_state != "active":
        return f"job {asked.job_id} is {asked.job_state}"
    if asked.kind == Kind.INFER and asked.run_state != "open":
        return f"run {asked.run_no} of job {asked.job_id} is {asked.run_state}"
    return ""


def not_by(asker: Asker | None, asked: Asked) -> str:
    """Why this worker may not have it, though another may."""
    if asker is None:
        return "the worker is not registered, or was seen dead"
    if asker.only_job not in (None, asked.job_id):
        return f"the worker works for job {asker.only_job} only"
    if asker.store_id != asked.store_id:
        return f"job {asked.job_id} keeps its files in another store than this worker's"
    if asker.kind == "prep":
        return "" if asked.kind == Kind.PREPROCESS else f"prep workers do not {asked.kind}"
    if asker.kind == "compile":
        return _not_by_toolchain(asker, asked)
    return _not_by_device(asker, asked) or _not_bound_to(asker, asked)


def _not_by_toolchain(asker: Asker, asked: Asked) -> str:
    if asked.kind != Kind.COMPILE:
        return f"compile workers do not {asked.kind}"
    chip = chip_named(asked.chip or "")
    if chip.compiles_on == "device" or asked.ready_made:
        return f"{asked.kind} for {asked.chip} needs the device"
    toolchain = asker.toolchains.get(chip.vendor)
    if toolchain is None:
        return f"host {asker.host} has no toolchain for {asked.chip}"
    return "" if asked.origin in (None, toolchain.origin) else f"run {asked.run_no} is for {asked.origin} devices"


def _not_by_device(asker: Asker, asked: Asked) -> str:
    if asked.kind == Kind.PREPROCESS:
        return "device workers do not preprocess"
    if asked.chip != asker.chip:
        return f"run {asked.run_no} is for {asked.chip}, not {asker.chip}"
    if asked.kind == Kind.COMPILE and chip_named(asker.chip).compiles_on == "host" and not asked.ready_made:
        return f"{asker.chip} artifacts are compiled by hosts that have the toolchain"
    if asked.origin not in (None, asker.origin):
        return f"run {asked.run_no} is for {asked.origin} devices"
    return "" if asker.device_state == "ok" else f"device {asker.device} is {asker.device_state}"


def _not_bound_to(asker: Asker, asked: Asked) -> str:
    """A run is measured with what it was compiled for."""
    if asked.kind == Kind.INFER and (asked.toolkit, asked.arch) != (asker.toolkit, asker.arch):
        return f"run {asked.run_no} is bound to {asked.toolkit} {asked.arch}, not {asker.toolkit} {asker.arch}"
    return ""


def better_elsewhere(session: Session, asker: Asker, asked: Asked) -> bool:
    """Whether the item is to avoid this device, and a healthy living one that it need not avoid could take it."""
    if asker.device not in asked.avoid:
        return False
    others = select(Device.facts).join(Worker, Worker.device_key == Device.key)
    others = others.where(
        *(Device.chip == asker.chip, Device.origin == asker.origin, Device.state == "ok"),
        *(Device.key.not_in(asked.avoid), living(clock(session)), Worker.store_id == asked.store_id),
        or_(Worker.only_job.is_(None), Worker.only_job == asked.job_id),
    )
    bound = (asked.toolkit, asked.arch)
    fits = ((facts.get("toolkit", ""), facts.get("arch", "")) == bound for facts in session.scalars(others))
    return any(asked.kind == Kind.COMPILE or fit for fit in fits)
