"""Children never outlive their parent, keep their own session, and leave their words in a log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.workers import children
from dinoq.workers.children import LAUNCHER, without_empty_paths
from tests.processes import alive, eventually

SLEEPER = [sys.executable, "-S", "-E", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child that would live for ten minutes."""
    child = children.start(SLEEPER, env=os.environ, cwd=tmp_path, log=tmp_path / "logs/child.log")
    yield child
    children.kill(child)


def run(tmp_path: Path, code: str, **env: str) -> str:
    """What a child that runs this code leaves in its log."""
    argv = [sys.executable, "-S", "-E", "-c", code]
    child = children.start(argv, env={**os.environ, **env}, cwd=tmp_path, log=tmp_path / "logs/child.log")
    assert child.wait(60) == 0
    return (tmp_path / "logs/child.log").read_text()


def test_a_child_has_a_session_folder_and_environment_of_its_own_and_nothing_to_read(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getsid(0) == os.getpid(), os.getcwd(), os.environ['X'], repr(sys.stdin.read()))"
    assert run(tmp_path, code, X="7") == f"True {tmp_path} 7 ''\n"


def test_both_of_its_outputs_are_appended_to_the_log(tmp_path: Path) -> None:
    run(tmp_path, "print('first')")
    assert run(tmp_path, "import sys; sys.stderr.write('second')") == "first\nsecond"


def test_a_kill_reaches_what_the_child_started(tmp_path: Path) -> None:
    code = f"import subprocess, time; print(subprocess.Popen({SLEEPER!r}).pid, flush=True); time.sleep(600)"
    log = tmp_path / "child.log"
    child = children.start([sys.executable, "-c", code], env=os.environ, cwd=tmp_path, log=log)
    grandchild = int(eventually(log.read_text, "the grandchild"))
    children.kill(child)
    assert child.returncode == -signal.SIGKILL
    eventually(lambda: not alive(grandchild), "the grandchild's end")


def test_a_child_that_has_ended_may_be_killed_again(started: subprocess.Popen[bytes]) -> None:
    children.kill(started)
    children.kill(started)
    assert started.returncode == -signal.SIGKILL


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_dies_with_its_parent_by_the_signal_it_was_promised(tmp_path: Path, how: signal.Signals) -> None:
    says = "signal.signal(signal.SIGTERM, lambda *_: (print('asked', flush=True), sys.exit()))"
    child = f"import signal, sys, time; {says}; print('ready', flush=True); time.sleep(600)"
    parent = (
        "import os, pathlib, sys, time; from dinoq.workers import children\n"
        f"child = children.start([sys.executable, '-c', {child!r}], env=os.environ, cwd=pathlib.Path.cwd(),"
        f" log=pathlib.Path('child.log'), death_signal={int(how)})\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    log = tmp_path / "child.log"
    with subprocess.Popen([sys.executable, "-c", parent], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        eventually(lambda: "ready" in log.read_text(), "the child")
        process.kill()
    eventually(lambda: not alive(pid), "the child's end")
    assert log.read_text() == ("ready\n" if how is signal.SIGKILL else "ready\nasked\n")


def test_a_child_whose_parent_is_gone_already_never_begins(tmp_path: Path) -> None:
    """The signal would never come: the launcher was told of a parent that is not its own."""
    argv = [sys.executable, str(LAUNCHER), "1", str(int(signal.SIGKILL)), sys.executable, "-c", "print('began')"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_program_that_is_not_there_ends_the_child_and_is_told(tmp_path: Path) -> None:
    child = children.start(["/no/such/program"], env=os.environ, cwd=tmp_path, log=tmp_path / "log")
    assert child.wait(60) == 1
    assert "No such file" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("paths", "kept"),
    [("/x:", "/x"), (":/x", "/x"), ("/x::/y", "/x:/y"), ("", None), (":", None), ("/x:/y", "/x:/y"), (None, None)],
)
def test_the_working_folder_is_no_place_to_import_from(paths: str | None, kept: str | None) -> None:
    env = {"A": "1"} if paths is None else {"A": "1", "PYTHONPATH": paths}
    assert without_empty_paths(env) == ({"A": "1"} if kept is None else {"A": "1", "PYTHONPATH": kept})
