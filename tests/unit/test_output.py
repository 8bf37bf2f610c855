"""Files that a command is asked to write."""

from pathlib import Path

import pytest

from dinoq.cli.output import check_free, write_whole
from dinoq.jobs.errors import UsageError


def test_a_new_file_is_fine(tmp_path: Path) -> None:
    check_free(tmp_path / "report.md", force=False)


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("kept")
    with pytest.raises(UsageError, match="is there already") as refused:
        check_free(path, force=False)
    assert "--force" in str(refused.value.hint)


def test_unless_that_is_wished(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("old")
    check_free(path, force=True)
    write_whole(path, "new\n")
    assert path.read_text() == "new\n"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_file(tmp_path: Path, force: bool) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        check_free(tmp_path, force=force)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*deep"):
        check_free(tmp_path / "deep" / "report.md", force=False)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(path, "text")
    assert list(tmp_path.iterdir()) == []


def test_text_that_no_file_can_hold_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\udc80")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("report.md", "old")]


def test_a_link_stays_a_link_and_a_private_file_private(tmp_path: Path) -> None:
    target, link = tmp_path / "target.md", tmp_path / "link.md"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_whole(link, "new")
    assert (link.is_symlink(), target.read_text(), target.stat().st_mode & 0o777) == (True, "new", 0o600)


def test_a_device_is_written_into_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    path.symlink_to("/dev/null")
    check_free(path, force=False)
    write_whole(path, "text")
    assert path.is_char_device()


def test_a_name_that_no_file_can_have_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        check_free(tmp_path / ("x" * 300), force=False)
