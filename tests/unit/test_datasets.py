"""Folders, trees, tars and label files, put together."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dinoq.jobs.errors import BadDataset, BadLabels
from dinoq.workers.data.datasets import open_dataset
from dinoq.workers.data.mounts import network_filesystem
from tests.archives import pack


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def labels(tmp_path: Path, text: str) -> Path:
    (tmp_path / "labels.txt").write_text(text)
    return tmp_path / "labels.txt"


def test_photos_are_in_the_order_of_their_names_with_their_labels(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "b.jpg", "a.jpg")
    made = open_dataset(root, labels(tmp_path, "b.jpg 7\na.jpg 3\n")).manifest
    assert (made.names, made.labels) == (("a.jpg", "b.jpg"), (3, 7))


def test_a_tar_of_a_folder_is_the_same_dataset(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "b.jpg", "x/a.jpg")
    given = labels(tmp_path, "b.jpg 7\na.jpg 3\n")
    packed = open_dataset(pack(root, tmp_path / "d.tar"), given)
    assert packed.manifest == open_dataset(root, given).manifest
    assert packed.photos.kind == "tar"


def test_a_bare_name_that_two_photos_have_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "x/a.jpg", "y/a.jpg")
    with pytest.raises(BadLabels, match=r"no line for x/a\.jpg, y/a\.jpg"):
        open_dataset(root, labels(tmp_path, "a.jpg 3\n"))


@pytest.mark.parametrize("above", ["", "val/", "imagenet/val/"])
@pytest.mark.parametrize("packed", [False, True])
def test_class_folders_are_the_labels_wherever_they_begin(tmp_path: Path, above: str, packed: bool) -> None:
    root = tree(tmp_path / "d", f"{above}n02000000/b.jpg", f"{above}n01000000/z.jpg")
    made = open_dataset(pack(root, tmp_path / "d.tar") if packed else root, None)
    assert made.manifest.names == (f"{above}n01000000/z.jpg", f"{above}n02000000/b.jpg")
    assert made.manifest.labels == (0, 1)
    assert "2 WordNet folders are not ImageNet's 1000" in made.notes[1]


def test_numbered_folders_that_sort_as_numbers_are_the_labels(tmp_path: Path) -> None:
    assert open_dataset(tree(tmp_path, "02/a.jpg", "10/b.jpg"), None).manifest.labels == (0, 1)


def test_numbered_folders_that_do_not_sort_as_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match=r"numbers that do not sort as text \(0, 10, 2\)"):
        open_dataset(tree(tmp_path, "0/a.jpg", "2/a.jpg", "10/b.jpg"), None)


def test_a_class_folder_without_a_photo_is_refused(tmp_path: Path) -> None:
    tree(tmp_path, "a/1.jpg", "b/readme.txt", "c/2.jpg")
    with pytest.raises(BadLabels, match=r"folders without a photo \(b\)"):
        open_dataset(tmp_path, None)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a/1.jpg")
    listed = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("/a"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(BadDataset, match="/a cannot be listed: Permission denied"):
        open_dataset(tmp_path, None)


def test_loose_photos_without_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="no label file is given"):
        open_dataset(tree(tmp_path, "c/x.jpg", "a.jpg"), None)


def test_hidden_and_foreign_files_are_no_photos(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "c/a.JPEG", "c/.b.jpg", ".git/c.jpg", "c/readme.txt")
    assert open_dataset(root, None).manifest.names == ("c/a.JPEG",)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="holds no photos"):
        open_dataset(tmp_path, None)


def test_a_limit_takes_the_same_sample_whatever_the_rest(tmp_path: Path) -> None:
    names = [f"c/{n:03}.jpg" for n in range(100)]
    made = open_dataset(tree(tmp_path, *names), None, limit=10)
    assert len(made.manifest) == 10
    assert made.part_of == 100
    assert list(made.manifest.names) == sorted(made.manifest.names) != names[:10]
    fewer = open_dataset(tmp_path, None, limit=5).manifest
    assert set(fewer.names) < set(made.manifest.names)


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/share rw shared:1 - nfs4 server:/x rw
31 30 8:2 / /mnt/share/local rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/var", None), ("/mnt/share/state", "nfs4"), ("/mnt/share/local/x", None), ("/mnt/shared", None)],
)
def test_a_network_file_system_is_known_by_the_longest_mount_point(folder: str, kind: str | None) -> None:
    assert network_filesystem(Path(folder), MOUNTS) == kind
