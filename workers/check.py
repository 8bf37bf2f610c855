"""One thing that a doctor tried, and how it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dinoq.jobs.errors import DinoqError
from dinoq.workers.devices.base import DeviceFault, Status
from dinoq.workers.tasks import WorkFailed


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried."""

    name: str
    status: Status
    text: str
    cure: str = ""


def tried(name: str, attempt: Callable[[], str]) -> Check:
    """Found, with what `attempt` tells of it, or broken, with why."""
    try:
        return Check(name, "found", attempt())
    except DinoqError as error:
        return Check(name, "broken", str(error), error.hint)
    except (WorkFailed, DeviceFault, OSError) as error:
        return Check(name, "broken", str(error))
