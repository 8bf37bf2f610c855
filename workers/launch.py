"""Starts a program that dies with the process that wanted it: `python launch.py PARENT_PID SIGNAL PROGRAM ARG...`.

Run as a file, by any Python from 3.8 on, with the standard library only; the program takes its place (exec). Setting
the parent-death signal here, not in a fork hook, is safe beside threads. The signal follows the *thread* that
started us: start from one that lives as long as the program should.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(parent_pid: int, signal_no: int) -> None:
    """Ask the kernel to send us `signal_no` when the parent's thread ends; leave at once if it already has."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_no, 0, 0, 0)
    # The parent may have died before the line above: then nobody would ever send the signal.
    if os.getppid() != parent_pid:
        sys.exit(1)


if __name__ == "__main__":
    tie_to_parent(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
