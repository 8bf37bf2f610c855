"""Whether a process on a device is one of dinoq's own."""

import os

CHILD = os.path.join(os.path.dirname(os.path.realpath(__file__)), "child.py")


def is_ours(pid: int) -> bool:
    """Whether it is a device process of this installation; in a container the driver's pids may not be ours to read."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return any(os.path.realpath(word) == CHILD.encode() for word in file.read().split(b"\0"))
    except OSError:
        return False
