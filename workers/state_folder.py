"""The state folder of one host: its lock, its id, and the pointer that says where the broker is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from dinoq.jobs.errors import BadFolder, StateBusy
from dinoq.workers.data.mounts import network_filesystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What a living supervisor says of itself: its pid, host, the broker it uses, and the job if it works for one
    alone."""

    pid: int
    host: str
    broker_url: str
    only_job: int | None = None


def prepare(state: Path) -> str:
    """Make the folder, refuse one that cannot serve, and return its id (kept in a file, made once).

    Raises: BadFolder on a network file system: locks and SQLite's log are not safe there.
    """
    try:
        if kind := network_filesystem(state):
            raise BadFolder(
                f"state folder {state} is on a network file system ({kind}), where locks and SQLite are not safe.",
                hint="set DINOQ_STATE to a local folder; DINOQ_STORE may stay shared",
            )
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = state / "id"
        with contextlib.suppress(FileExistsError), mark.open("x") as new:
            new.write(uuid.uuid4().hex)
        return mark.read_text().strip()
    except OSError as error:
        raise BadFolder(f"state folder {state} cannot be used: {error.strerror}.", hint="set DINOQ_STATE") from None


def lock(state: Path) -> IO[str]:
    """Own the state folder until the returned file is closed. Raises: StateBusy, naming the owner."""
    held = (state / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        owner = pointer(state)
        who = f"pid {owner.pid} on {owner.host}" if owner else "another supervisor"
        raise StateBusy(f"state folder {state} is in use by {who}.", hint="dinoq down, or set DINOQ_STATE") from None
    return held


def is_locked(state: Path) -> bool:
    """Whether a supervisor is alive on this state folder."""
    try:
        with (state / "lock").open("a+") as probe:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def point(state: Path, to: Pointer) -> None:
    """Say where the supervisor and its broker are; readable by us alone, as the URL may hold a password."""
    fresh = state / f"supervisor.{to.pid}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(asdict(to), out)
    fresh.replace(state / "supervisor.json")


def pointer(state: Path) -> Pointer | None:
    """What the last supervisor said; it may be dead (`is_locked` tells)."""
    try:
        return Pointer(**json.loads((state / "supervisor.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def unpoint(state: Path) -> None:
    """The supervisor is leaving."""
    (state / "supervisor.json").unlink(missing_ok=True)
