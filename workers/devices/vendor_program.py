"""Runs a vendor's program: no shell, a time limit, no orphans, all it said kept up to a bound."""

import os
import signal
import subprocess
import sys
import tempfile
from typing import BinaryIO, Dict, List, NamedTuple, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
LAUNCH = os.path.join(os.path.dirname(HERE), "launch.py")
GUARD = os.path.join(HERE, "guard.py")
HEAD_BYTES = 50_000
TAIL_BYTES = 150_000


class Ran(NamedTuple):
    """How a program ended: its exit code (None: killed when its time was up), and stdout and stderr as one text."""

    code: Optional[int]
    output: str


def inherited() -> Dict[str, str]:
    """This process's environment: what its parent gave it. The one place of the device files that reads it whole."""
    return dict(os.environ)


def run(argv: List[str], env: Dict[str, str], timeout_s: float, cwd: Optional[str] = None) -> Ran:
    """Run a program that ends soon. Raises: OSError when it cannot be started."""
    # To a file, not a pipe: a grandchild that outlives the kill would keep a pipe open.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            argv,
            env=dict(env, LC_ALL="C"),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: Optional[int] = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        return Ran(code, bounded(said))


def run_guarded(argv: List[str], env: Dict[str, str], timeout_s: float, cwd: str) -> Ran:
    """The same for one that works for minutes: it also ends when the thread that started it does."""
    python = [sys.executable, "-S", "-E"]
    launched = [*python, LAUNCH, str(os.getpid()), str(int(signal.SIGTERM)), *python, GUARD]
    return run(launched + argv, env, timeout_s, cwd)


def bounded(said: BinaryIO) -> str:
    """What the file holds: the first 50 kB and the last 150 kB when it is more."""
    size = said.seek(0, os.SEEK_END)
    said.seek(0)
    if size <= HEAD_BYTES + TAIL_BYTES:
        return said.read().decode("utf-8", "replace")
    head = said.read(HEAD_BYTES).decode("utf-8", "replace")
    said.seek(-TAIL_BYTES, os.SEEK_END)
    tail = said.read().decode("utf-8", "replace")
    return "%s\n... %d bytes left out ...\n%s" % (head, size - HEAD_BYTES - TAIL_BYTES, tail)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program and what it started, if it has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
