"""Devices of a run's chip that had no part in it, or no longer, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.record import DeviceTrouble, FleetDevice, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One device, as people name it, and why the run went on without it."""

    device: str
    why: str


def left_out(run: RunRecord) -> tuple[LeftOut, ...]:
    """Devices that failed and did nothing afterwards, were set aside before, or have not what the run is bound to.

    Toolkits and states are those that the ledger knows now; a device with results is never listed for them.
    """
    failed = {trouble.device: trouble for trouble in run.troubles if not trouble.went_on}
    faulty = {device.facts.key for device in run.fleet if device.state == "faulty"}
    found = [LeftOut(device=label_of(run, key), why=_failed(trouble, key in faulty)) for key, trouble in failed.items()]
    return (*found, *_never_there(run))


def went_on(run: RunRecord) -> tuple[str, ...]:
    """A sentence for each device that failed and finished something later."""
    return tuple(
        f"{label_of(run, one.device)} failed {_times(one.failures)} and went on: {one.error}"
        for one in run.troubles
        if one.went_on
    )


def bound_otherwise(facts: DeviceFacts, toolkit: str, arch: str) -> str:
    """How the device differs from what a run is bound to; empty when it fits, or nothing is bound yet."""
    if not toolkit or (facts.toolkit, facts.arch) == (toolkit, arch):
        return ""
    if facts.toolkit != toolkit:
        return f"has {facts.toolkit or 'no toolkit'}; the run is bound to {toolkit}"
    return f"is in an {facts.arch} host; the run is bound to {arch}"


def label_of(run: RunRecord, key: str) -> str:
    """The device as people name it; its key when the fleet no longer knows it."""
    known = (*run.devices, *(device.facts for device in run.fleet))
    return next((facts.label for facts in known if facts.key == key), key)


def _never_there(run: RunRecord) -> Iterator[LeftOut]:
    there = {result.device for result in run.results} | {trouble.device for trouble in run.troubles}
    for device in run.fleet:
        if device.facts.key in there:
            continue
        if why := bound_otherwise(device.facts, run.toolkit, run.arch):
            yield LeftOut(device=device.facts.label, why=why)
        elif _faulty_before(device, run):
            yield LeftOut(device=device.facts.label, why="was set aside as faulty before")


def _faulty_before(device: FleetDevice, run: RunRecord) -> bool:
    """Set aside when the run began, or now where it has not begun."""
    if device.state != "faulty":
        return False
    return None in (device.failed_ms, run.first_start_ms) or (device.failed_ms or 0) <= (run.first_start_ms or 0)


def _failed(trouble: DeviceTrouble, faulty: bool) -> str:
    aside = "; set aside as faulty" if faulty else ""
    return f"failed {_times(trouble.failures)}{aside}: {trouble.error}"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
