"""Who holds which simulated device, told between the processes of a machine by one small file per device and process.

Programs such as npu-smi read them; a file whose process is dead counts for nothing. A device computes while the file's
time of change lies ahead, and for a second after it: that costs the computing process two system calls per batch.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from dinoq.workers.simulators import faults, machine

RUNNING_S = 3600.0
"""How far ahead the time of change is set while a batch is executed."""
LINGER_S = 1.0
FOREIGN_PID = 4_000_000
"""Where pids of processes that only exist as an injected fault begin; a real one is hardly so high."""


class Occupant(NamedTuple):
    """A process that holds the device; `computing` when it does so now or did within the last second."""

    pid: int
    memory_mb: int
    name: str
    computing: bool
    throttled: bool = False


class Entry:
    """This process's own file for a device; gone when closed, or when the process ends."""

    def __init__(self, device: machine.Device, memory_mb: int) -> None:
        self._path = machine.state_folder() / f"{_prefix(device)}{os.getpid()}"
        self._pid = os.getpid()
        self._closed = False
        self._told = {"pid": os.getpid(), "born": _born(os.getpid()), "name": Path(sys.executable).name}
        self.tell(memory_mb=memory_mb)
        atexit.register(self.close)

    def tell(self, **facts: int) -> None:
        """Change what others see: `memory_mb`, `throttled`."""
        if self._closed:
            return
        self._told.update(facts)
        draft = self._path.with_name("." + self._path.name)
        draft.write_text(json.dumps(self._told))
        os.utime(draft, (0, 0))
        draft.replace(self._path)

    def computing(self, now: bool) -> None:
        """Say that a batch begins, or has ended."""
        at = time.time() + (RUNNING_S if now else 0.0)
        os.utime(self._path, (at, at))

    def close(self) -> None:
        """Let go of the device; a forked child leaves its parent's file alone."""
        atexit.unregister(self.close)
        self._closed = True
        if os.getpid() == self._pid:
            self._path.unlink(missing_ok=True)


def occupants(device: machine.Device) -> list[Occupant]:
    """The living processes that hold the device, and a foreign one while the fault `busy` puts it there."""
    found = [_read(path) for path in sorted(machine.state_folder().glob(_prefix(device) + "*"))]
    alive = [occupant for occupant in found if occupant]
    if faults.active("busy", device.chip, device.index):
        alive.append(Occupant(FOREIGN_PID + device.index, 17400, "python3", computing=True))
    return alive


def mark_lost(device: machine.Device) -> None:
    """From now on nobody can open the device."""
    (machine.state_folder() / f"lost-{device.chip}-{device.index}").touch()


def is_lost(device: machine.Device) -> bool:
    """Whether the device has fallen off the bus."""
    return (machine.state_folder() / f"lost-{device.chip}-{device.index}").exists()


def _prefix(device: machine.Device) -> str:
    return f"{device.chip}-{device.index}."


def _read(path: Path) -> Occupant | None:
    try:
        changed, told = path.stat().st_mtime, json.loads(path.read_text())
    except OSError:
        return None  # its owner has just let go
    if _born(told["pid"]) != told["born"]:
        path.unlink(missing_ok=True)
        return None
    computing = changed + LINGER_S > time.time()
    return Occupant(told["pid"], told["memory_mb"], told["name"], computing, bool(told.get("throttled")))


def _born(pid: int) -> str:
    """When the process began, in ticks since boot: pids are used again. Empty for a dead one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if stat[0] == "Z" else stat[19]
