"""Folders, trees and label files."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoq.jobs.errors import BadDataset, BadLabels
from dinoq.workers.data.datasets import open_dataset, read_sample
from dinoq.workers.data.labels import read_labels
from dinoq.workers.data.mounts import network_filesystem


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def labels(tmp_path: Path, text: str) -> Path:
    (tmp_path / "labels.txt").write_text(text)
    return tmp_path / "labels.txt"


def test_labels_join_by_name_and_never_by_position(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "b.jpg", "a.jpg")
    made = open_dataset(root, labels(tmp_path, "b.jpg 7\na.jpg 3\n")).manifest
    assert (made.names, made.labels) == (("a.jpg", "b.jpg"), (3, 7))


def test_a_bare_name_stands_for_a_photo_in_a_folder_when_it_is_the_only_one(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "x/a.jpg")
    assert open_dataset(root, labels(tmp_path, "a.jpg 3\n")).manifest.names == ("x/a.jpg",)


def test_a_bare_name_that_two_photos_have_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "d", "x/a.jpg", "y/a.jpg")
    with pytest.raises(BadLabels, match=r"no line for x/a\.jpg, y/a\.jpg"):
        open_dataset(root, labels(tmp_path, "a.jpg 3\n"))


def test_class_folders_are_the_labels(tmp_path: Path) -> None:
    root = tree(tmp_path, "n02000000/b.jpg", "n01000000/z.jpg")
    made = open_dataset(root, None)
    assert (made.manifest.names, made.manifest.labels) == (("n01000000/z.jpg", "n02000000/b.jpg"), (0, 1))
    assert "2 WordNet folders are not ImageNet's 1000" in made.notes[1]


def test_loose_photos_without_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="no label file is given"):
        open_dataset(tree(tmp_path, "a.jpg"), None)


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


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "x\0y"])
def test_a_name_that_leaves_the_folder_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(PermissionError):
        read_sample(tree(tmp_path / "d", "a/b.jpg"), name)


def test_names_may_hold_blanks_and_apostrophes(tmp_path: Path) -> None:
    found = read_labels(labels(tmp_path, "potter's wheel 1.jpg 739\n./data/x y.jpg, 5\n\n"))
    assert found == {"potter's wheel 1.jpg": 739, "./data/x y.jpg": 5}


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
