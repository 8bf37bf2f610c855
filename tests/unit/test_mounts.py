"""Which file system holds a folder, read from the kernel's table of mounts."""

from pathlib import Path

import pytest

from dinoq.jobs.errors import BadFolder
from dinoq.workers import state_folder
from dinoq.workers.data.mounts import network_filesystem
from dinoq.workers.state_folder import prepare

TABLE = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /mnt/far rw shared:2 - nfs4 server:/export rw
41 40 8:2 / /mnt/far/near rw - xfs /dev/sdb1 rw
42 22 0:42 / /mnt/with\040blank rw - cifs //server/share rw
43 22 0:43 / /over rw - nfs server:/a rw
44 22 0:44 / /over rw - tmpfs tmpfs rw
45 22 0:45 / /ssh rw - fuse.sshfs me@far:/ rw
46 22 0:46 / /usb rw - fuseblk /dev/sdc1 rw
not a line of the table
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/ada", None),
        ("/mnt/far", "nfs4"),
        ("/mnt/far/away/not/there/yet", "nfs4"),
        ("/mnt/farther", None),
        ("/mnt/far/near/state", None),
        ("/mnt/with blank/state", "cifs"),
        ("/over/state", None),
        ("/ssh/state", "fuse.sshfs"),
        ("/usb/state", None),
    ],
)
def test_the_innermost_and_latest_mount_decides(folder: str, kind: str | None) -> None:
    assert network_filesystem(Path(folder), TABLE) == kind


def test_without_a_table_every_folder_counts_as_local() -> None:
    assert network_filesystem(Path("/mnt/far"), "") is None


def test_this_machines_own_table_is_understood(tmp_path: Path) -> None:
    assert network_filesystem(Path("/proc")) is None


def test_a_state_folder_on_a_network_is_refused_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_folder, "network_filesystem", lambda _: "nfs4")
    with pytest.raises(BadFolder, match=r"network file system \(nfs4\)") as caught:
        prepare(tmp_path)
    assert "DINOQ_STATE" in caught.value.hint
