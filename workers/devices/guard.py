"""Runs a program and, told to end (SIGTERM), kills all it started: `python guard.py PROGRAM ARG...`.

A vendor's `atc` is a shell script around the real compiler: killing the script alone leaves the compiler behind.
Started through `workers/launch.py` in a session of its own, it is told so by the kernel when its parent dies.
"""

import os
import signal
import subprocess
import sys


def kill_all(*_: object) -> None:
    """End the whole process group, this process with it."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, kill_all)
    status = subprocess.call(sys.argv[1:])
    sys.exit(status if status >= 0 else 128 - status)
