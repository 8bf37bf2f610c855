"""One life of a device process: how it begins, how it is let go, and what its end says."""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import socket
import struct
import subprocess
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dinoq.jobs.ledger import FailureClass
from dinoq.workers import children
from dinoq.workers.tasks import WorkFailed
from dinoq.workers.telemetry.reading import PID_FILE
from dinoq.workers.vendor_link import CHILD, MAX_ANSWER, last_words

log = logging.getLogger(__name__)

LOOK_S = 1
"""How long its parent waits for a word before it looks whether anybody still needs it."""
GENTLE_S = 5.0
"""How long a vendor may take to close its device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSetup:
    """How a device process is started: the vendor's file and interpreter, its options, folder, log and environment.
    `simulated` is what its device is registered as."""

    vendor: str
    options: dict[str, str]
    python: str
    env: Mapping[str, str]
    workdir: Path
    log: Path
    simulated: bool = False


@dataclass
class Incarnation:
    """One life of the device process. `verdict` is why it ended, once it has; `answered` whether it ever said anything;
    its words begin in the log behind `log_begin` bytes."""

    process: Any
    link: socket.socket
    log_begin: int = 0
    answered: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    answers: queue.SimpleQueue[dict[str, Any] | None] = field(default_factory=queue.SimpleQueue)
    verdict: WorkFailed | None = None
    buried: threading.Event = field(default_factory=threading.Event)


def spawn(setup: ChildSetup) -> Incarnation | None:
    """Start the device process, its pid noted in its folder; None where it cannot be started.

    Call it from a thread that lives as long as the process should.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Of receiving alone: a send that timed out would lose a message.
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", LOOK_S, 0))
    setup.workdir.mkdir(parents=True, exist_ok=True)
    argv = [setup.python, str(CHILD), setup.vendor, str(theirs.fileno())]
    log_begin = setup.log.stat().st_size if setup.log.exists() else 0
    try:
        process = children.start(argv, env=setup.env, cwd=setup.workdir, log=setup.log, pass_fds=(theirs.fileno(),))
    except OSError:
        log.exception("the device process did not start")
        ours.close()
        return None
    finally:
        theirs.close()
    (setup.workdir / PID_FILE).write_text(str(process.pid))
    return Incarnation(process, ours, log_begin)


def next_message(link: socket.socket) -> bytes:
    """The next message, empty when there will be none. Raises: BlockingIOError when none came for LOOK_S; OSError.

    One that ends with messages unread, as after a fault with more batches sent, resets the link: Linux says so once,
    and before it gives what was sent last.
    """
    try:
        return link.recv(MAX_ANSWER)
    except ConnectionResetError:
        return link.recv(MAX_ANSWER)


def end_gently(life: Incarnation) -> None:
    """Let it close its device and end by itself; its parent's thread then finds it gone."""
    life.link.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(subprocess.TimeoutExpired):
        life.process.wait(GENTLE_S)


def cause_of_death(life: Incarnation, setup: ChildSetup) -> WorkFailed:
    """What the exit status says, and the last line of its log. Killed from outside (a person, the kernel short of memory)
    is no fault of the device, nor is an interpreter that is none, or lacks numpy: it ends before it answers."""
    code = life.process.returncode
    if code in (-signal.SIGKILL, -signal.SIGTERM):
        return WorkFailed(FailureClass.TRANSIENT, f"the device process was killed (signal {-code})", life.id)
    how = f"died of signal {-code}" if code < 0 else f"ended with status {code}"
    said = f"{last_words(setup.log, life.log_begin)}; see {setup.log}"
    if code >= 0 and not life.answered:
        text = f"the device process {how} before it answered, run by {setup.python}: {said}"
        return WorkFailed(FailureClass.TRANSIENT, text, life.id)
    return WorkFailed(FailureClass.DEVICE, f"the device process {how}: {said}", life.id)
