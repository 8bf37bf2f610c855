"""Where an export goes: new, whole, and only where there is room."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dinoq.jobs.errors import BadFolder, UsageError
from dinoq.workers.exports.places import fresh_folder, require_free, require_room, write_texts


def disk(monkeypatch: pytest.MonkeyPatch, *, blocks: int, inodes: int = 1000, total: int = 1000) -> None:
    """A disk with so many free blocks of 4096 bytes and so many free inodes."""
    facts = SimpleNamespace(f_bsize=4096, f_frsize=4096, f_bavail=blocks, f_favail=inodes, f_files=total)
    monkeypatch.setattr(os, "statvfs", lambda _: facts)


def test_a_filled_folder_takes_its_place(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "out/dump") as into:
        (into / "a.txt").write_text("1")
        assert not (tmp_path / "out/dump").exists()
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["dump", "a.txt"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_of_an_interrupted_export_nothing_is_left(tmp_path: Path, stop: type[BaseException]) -> None:
    with pytest.raises(stop), fresh_folder(tmp_path / "dump") as into:
        (into / "a.txt").write_text("1")
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"disk of .* is full"), fresh_folder(tmp_path / "dump") as into:
        (into / "a.txt").write_text("1")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    with pytest.raises(UsageError, match="is there already"), fresh_folder(tmp_path / "dump"):
        pytest.fail("it began")
    assert list(tmp_path.iterdir()) == [tmp_path / "dump"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"), fresh_folder(tmp_path / "file/dump"):
        pytest.fail("it began")


def test_another_text_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(UsageError, match="b is there already"):
        write_texts({tmp_path / "a": "new", tmp_path / "b": "new"})
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").read_text() == "mine"


def test_the_same_text_may_be_there(tmp_path: Path) -> None:
    write_texts({tmp_path / "sub/a": "same"})
    require_free({tmp_path / "sub/a": "same", tmp_path / "b": "new"})
    write_texts({tmp_path / "sub/a": "same"})
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a"]


def test_a_disk_that_is_too_small_is_said_with_both_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, blocks=999)
    with pytest.raises(BadFolder, match=r"needs 4\.1 MB for 500 files, and its disk has 4\.1 MB free"):
        require_room(tmp_path / "not/there/yet", 500, 4097)


def test_files_take_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, blocks=1000)
    require_room(tmp_path, 500, 4097)
    with pytest.raises(BadFolder):
        require_room(tmp_path, 501, 4097)


def test_a_disk_that_takes_too_few_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, blocks=10_000, inodes=10)
    with pytest.raises(BadFolder, match="takes only 10 more"):
        require_room(tmp_path, 11, 1)


def test_a_disk_without_a_number_of_files_takes_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, blocks=10_000, inodes=0, total=0)
    require_room(tmp_path, 11, 1)
