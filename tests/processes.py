"""Who descends from whom on this machine, read from /proc."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PATIENCE_S = 60.0
T = TypeVar("T")


def descendants(root: int) -> dict[int, str]:
    """Every living process under `root` and its command line."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if stat[0] != "Z":
            parents[int(folder.name)] = int(stat[1])
    found: dict[int, str] = {}
    frontier = [root]
    while frontier:
        frontier = [pid for pid, parent in parents.items() if parent in frontier]
        found |= {pid: command(pid) for pid in frontier}
    return found


def command(pid: int) -> str:
    """The command line, empty when it has just gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill_one(root: int, what: str) -> int:
    """kill -9 the descendant whose command line holds `what`, once there is one; its pid."""
    victim = eventually(lambda: next((pid for pid, line in descendants(root).items() if what in line), None), what)
    os.kill(victim, signal.SIGKILL)
    return victim


def eventually(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """What `look` finds, asked until it does; fails the test when it never does."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
