"""A vendor's file in a process of its own, asked one thing at a time: who is there, what it compiles with, how it feels.

For what needs no program to be loaded; `device_process.py` is for the rest. What does not answer in time is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from dinoq.workers import children

CHILD = Path(__file__).parent / "devices" / "child.py"
MAX_ANSWER = 1 << 20


class VendorTrouble(Exception):
    """The vendor refused, died, or said nothing in time; the text says which."""


class VendorLink:
    """Use as a context. Its process dies with the thread that made it."""

    def __init__(self, vendor: str, *, python: str, env: Mapping[str, str], folder: Path) -> None:
        self._vendor, self._python = vendor, python
        self._log = folder / f"{vendor}.log"
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = [python, str(CHILD), vendor, str(theirs.fileno())]
        clean = children.without_empty_paths(env)
        try:
            self._process = children.start(argv, env=clean, cwd=folder, log=self._log, pass_fds=(theirs.fileno(),))
        except OSError as error:
            self._socket.close()
            raise VendorTrouble(f"{python} cannot be started: {error.strerror}") from None
        finally:
            theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process: by itself when it can, as it may hold a lock of the vendor's."""
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        children.kill(self._process)

    def interrupt(self) -> None:
        """End the process now, so that whoever waits for its answer goes on; may be called from a signal handler."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def ask(self, do: str, timeout_s: float, **wanted: object) -> Any:
        """The answer to one request. Raises: VendorTrouble."""
        self._socket.settimeout(timeout_s)
        try:
            self._socket.send(json.dumps({"do": do, **wanted}).encode())
            message = self._socket.recv(MAX_ANSWER)
        except TimeoutError:
            raise VendorTrouble(f"{self._vendor} did not answer within {timeout_s:.0f} s") from None
        except OSError:
            message = b""
        if not message:
            how = f"{self._python}, which asks {self._vendor}, ended with status {self._process.wait()}"
            raise VendorTrouble(f"{how}: {last_words(self._log)}")
        answer = json.loads(message)
        if "fault" in answer:
            raise VendorTrouble(answer["text"])
        return answer


def last_words(log: Path, since: int = 0) -> str:
    """The last line that stands in a log behind its first `since` bytes."""
    lines = log.read_bytes()[since:].decode(errors="replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")
