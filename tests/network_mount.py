"""Runs a command that sees a network file system: `python network_mount.py FOLDER COMMAND...`; needs root.

The mount is real and Linux names it `fuse.sshfs`; behind it we answer for a folder that can be looked at, no more. It
exists in a mount namespace of this process alone, so nothing stays mounted, and nobody else ever sees it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import threading

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000  # linux/sched.h, linux/mount.h
LOOKUP, FORGET, GETATTR, INIT = 1, 2, 3, 26  # linux/fuse.h, as are the structs below
ATTR_OUT = struct.Struct("<QII QQQQQQ IIIIIIIIII")
INIT_OUT = struct.Struct("<IIIIHHIIHH32x")
NOT_ALLOWED = 77
"""Exit code where this machine lets nobody mount."""
libc = ctypes.CDLL(None, use_errno=True)


def must(result: int) -> None:
    """Raises: OSError of a call into libc that failed."""
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(folder: str) -> int:
    """Mount onto `folder` in a namespace of our own; the device on which the kernel asks."""
    must(libc.unshare(CLONE_NEWNS))
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    must(libc.mount(b"far:/share", folder.encode(), b"fuse.sshfs", 0, options))
    return device


def serve(device: int) -> None:
    """Answer until the mount is gone."""
    while True:
        try:
            request = os.read(device, 1 << 18)
        except OSError:
            return  # unmounted
        _, opcode, unique = struct.unpack_from("<IIQ", request)
        if opcode == FORGET:
            continue
        error, body = answer(opcode)
        os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


def answer(opcode: int) -> tuple[int, bytes]:
    """Error number and body."""
    if opcode == INIT:
        return 0, INIT_OUT.pack(7, 31, 0, 0, 1, 1, 4096, 1, 1, 0)
    if opcode == GETATTR:
        times, owner = [0] * 6, [0] * 2
        return 0, ATTR_OUT.pack(1, 0, 0, 1, 0, 0, *times, stat.S_IFDIR | 0o755, 2, *owner, 0, 4096, 0)
    return errno.ENOENT if opcode == LOOKUP else errno.ENOSYS, b""


if __name__ == "__main__":
    try:
        opened = mount(sys.argv[1])
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    threading.Thread(target=serve, args=(opened,), daemon=True).start()
    sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
