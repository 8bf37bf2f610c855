"""A device is to be idle before a run opens it: waits for the sampler's word, and says so where it cannot be had."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from dinoq.jobs.exclusive import UNTOLD, remark
from dinoq.jobs.ledger import Phase
from dinoq.workers.device_process import IDLE_CLOSE_S
from dinoq.workers.telemetry.reading import Reading, last

log = logging.getLogger(__name__)

QUIET_READINGS = 2
"""So many in a row make a device idle."""
BLIND_S = 3.0
"""How long a sampler's word is waited for."""
POLL_S = 0.1
CANNOT_TELL = "cannot tell"
SETTLING = "one more reading"


class Idle:
    """One device's idle check. `file` is where its sampler leaves readings, `label` names the device, `wait_s` is how
    long a busy one is waited for."""

    def __init__(self, file: Path, label: str, wait_s: float) -> None:
        self._file = file
        self._label = label
        self._wait_s = wait_s
        self._opened_anyway = ""

    def wait(
        self, holds_program: bool, beat: Callable[[Phase, int], None], let_go: Callable[[], None] = lambda: None
    ) -> None:
        """Until nobody else is on the device, or no longer can be waited; the lease is kept meanwhile.

        A device on which our process holds a program may still show that one's load. After a minute it is let go: whoever
        is there may wait for us in turn.
        """
        begun, said = time.monotonic(), ""
        while reason := hindrance(last(self._file), holds_program=holds_program):
            limit_s = BLIND_S if reason == CANNOT_TELL else self._wait_s
            if time.monotonic() - begun >= limit_s:
                log.warning("%s is opened all the same: idle: %s", self._label, reason)
                break
            if reason not in (said, SETTLING):
                log.info("waiting for idle: %s on %s", reason, self._label)
                said = reason
            if holds_program and time.monotonic() - begun >= IDLE_CLOSE_S:
                let_go()
                holds_program = False
            beat(Phase.WAITING, 0)
            time.sleep(POLL_S)
        told = reason not in ("", SETTLING, CANNOT_TELL)
        self._opened_anyway = remark(self._label, [reason]) if told else UNTOLD if reason else ""

    def beside(self) -> str:
        """A part's remark on who else was on the device, now or when it was opened; empty for nobody."""
        seen = last(self._file)
        if seen is not None and seen.foreign:
            return remark(self._label, seen.foreign)
        return self._opened_anyway or (UNTOLD if seen is None or seen.foreign is None else "")


def hindrance(seen: Reading | None, *, holds_program: bool) -> str:
    """What keeps a device from being idle, in words; empty for nothing."""
    if seen is None:
        return CANNOT_TELL
    if seen.foreign:
        return ", ".join(seen.foreign)
    if seen.loaded and not holds_program:
        return f"utilisation {seen.telemetry['utilisation_pct']:.0f} %"
    if seen.foreign is None:
        return CANNOT_TELL
    return "" if (seen.clear if holds_program else seen.idle) >= QUIET_READINGS else SETTLING
