"""Which file system a folder is on: locks, sockets and SQLite's log are not safe on a network's."""

from __future__ import annotations

import re
from pathlib import Path

NETWORK = re.compile(
    r"nfs4?|cifs|smb3?|smbfs|9p|ceph|lustre|glusterfs|beegfs|gpfs|afs|fuse\.(sshfs|glusterfs|ceph|s3fs|rclone)"
)
MOUNTS = Path("/proc/self/mountinfo")


def network_filesystem(folder: Path, mountinfo: str | None = None) -> str | None:
    """The kind of network file system that holds `folder` (`nfs4`, `cifs`, ...), None for a local one.

    `mountinfo` is the text of /proc/self/mountinfo; read from there when not given.
    """
    if mountinfo is None:
        mountinfo = MOUNTS.read_text(errors="replace") if MOUNTS.exists() else ""
    where, best, kind = folder.resolve(), -1, ""
    for line in mountinfo.splitlines():
        left, dash, right = line.partition(" - ")
        if not dash:
            continue
        point = Path(left.split()[4].encode().decode("unicode_escape"))
        # The longest mount point wins; of equal ones the later, which covers the earlier.
        if (point == where or point in where.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind if NETWORK.fullmatch(kind) else None
