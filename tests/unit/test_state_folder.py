"""One supervisor per state folder."""

import stat
from pathlib import Path

import pytest

from dinoq.jobs.errors import StateBusy
from dinoq.workers.state_folder import Pointer, is_locked, lock, point, pointer, prepare, unpoint

HERE = Pointer(pid=4127, host="cann-07", broker_url="redis://:geheim@far/0")


def test_the_folder_keeps_its_id(tmp_path: Path) -> None:
    assert prepare(tmp_path / "state") == prepare(tmp_path / "state") != ""


def test_a_second_owner_is_refused_and_told_the_first(tmp_path: Path) -> None:
    point(tmp_path, HERE)
    with lock(tmp_path), pytest.raises(StateBusy, match="pid 4127 on cann-07"):
        lock(tmp_path)


def test_the_lock_goes_with_its_owner(tmp_path: Path) -> None:
    lock(tmp_path).close()
    assert not is_locked(tmp_path)
    with lock(tmp_path):
        assert is_locked(tmp_path)


def test_a_folder_that_is_not_there_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "nowhere")


def test_the_pointer_is_for_us_alone(tmp_path: Path) -> None:
    point(tmp_path, HERE)
    assert pointer(tmp_path) == HERE
    assert stat.S_IMODE((tmp_path / "supervisor.json").stat().st_mode) == 0o600


def test_a_broken_pointer_is_no_pointer(tmp_path: Path) -> None:
    (tmp_path / "supervisor.json").write_text("{")
    assert pointer(tmp_path) is None


def test_a_supervisor_that_left_points_nowhere(tmp_path: Path) -> None:
    point(tmp_path, HERE)
    unpoint(tmp_path)
    assert pointer(tmp_path) is None
