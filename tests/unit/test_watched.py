"""One device as its sampler sees it, and the idle check that goes by its word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.jobs.exclusive import UNTOLD
from dinoq.jobs.ledger import Phase
from dinoq.workers.telemetry import idle as idle_module
from dinoq.workers.telemetry.idle import CANNOT_TELL, SETTLING, Idle, hindrance
from dinoq.workers.telemetry.reading import Reading, last
from dinoq.workers.telemetry.watched import Watched
from tests.builders import make_device
from tests.readings import told

T4 = make_device(chip="T4")
OTHER = "pid 4127 python3 17.4 GB"
OURS = f"pid {os.getpid()}"


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    made = Watched(T4, tmp_path)
    made.file.parent.mkdir(parents=True)
    return made


@pytest.fixture
def idle(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Idle:
    monkeypatch.setattr(idle_module, "POLL_S", 0.001)
    return Idle(watched.file, "host-a/T4:0", wait_s=0.05)


def open_device(tmp_path: Path, pid: int = os.getpid()) -> Path:
    """As a device process that has begun leaves it."""
    file = tmp_path / "run" / "T4-0" / "pid"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(pid))
    return file


def held(*_: object) -> None:
    """The lease is kept."""


def test_a_reading_is_left_for_the_workers(watched: Watched) -> None:
    seen = watched.take(told(power_w=58.0))
    assert last(watched.file) == seen
    assert (seen.telemetry["power_w"], seen.foreign, seen.busy) == (58.0, (), "")


def test_an_old_reading_and_one_of_another_boot_tell_nothing(watched: Watched) -> None:
    watched.take(told())
    assert last(watched.file, within_s=0.0) is None
    watched.file.write_text(watched.file.read_text().replace('"at_s": ', '"at_s": 9999999'))
    assert last(watched.file) is None
    watched.file.write_text("{")
    assert last(watched.file) is None


def test_quiet_readings_in_a_row_are_counted_and_foreign_work_begins_anew(watched: Watched) -> None:
    looks = [told(), told(OURS, utilisation_pct=80.0), told(), told(OTHER), told(), told()]
    open_device(watched.file.parents[2])
    seen = [watched.take(look) for look in looks]
    assert [one.clear for one in seen] == [1, 2, 3, 0, 1, 2]
    assert [one.idle for one in seen] == [1, 0, 1, 0, 1, 2]


def test_who_keeps_a_device_busy_is_said(watched: Watched) -> None:
    assert watched.take(told(OTHER)).busy == OTHER
    assert watched.take(told(utilisation_pct=80.0)).busy == "utilisation 80 %"


def test_a_program_of_ours_is_let_go_once_when_a_wait_takes_long(
    watched: Watched, idle: Idle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two hosts of one device would wait for each other."""
    watched.take(told(OTHER))
    gone: list[str] = []
    idle.wait(True, held, lambda: gone.append("too soon"))
    monkeypatch.setattr(idle_module, "IDLE_CLOSE_S", 0.01)
    idle.wait(True, held, lambda: gone.append("now"))
    idle.wait(False, held, lambda: gone.append("nothing is there"))
    assert gone == ["now"]


def test_our_own_process_keeps_nobody_waiting(watched: Watched, tmp_path: Path) -> None:
    open_device(tmp_path)
    seen = watched.take(told(OURS, utilisation_pct=80.0))
    assert (seen.foreign, seen.busy) == ((), "")


def test_a_process_that_ended_between_question_and_answer_was_ours(watched: Watched, tmp_path: Path) -> None:
    file = open_device(tmp_path)
    watched.look()
    file.unlink()
    assert watched.take(told(OURS)).foreign == ()


def test_a_pid_file_of_a_dead_process_is_nobodys(watched: Watched, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-S", "-c", ""])
    dead.wait()
    open_device(tmp_path, dead.pid)
    assert watched.take(told(f"pid {dead.pid}")).foreign == (f"pid {dead.pid}",)


def test_in_a_container_the_baseline_is_taken_before_our_process_and_survives_the_sampler(tmp_path: Path) -> None:
    first = Watched(T4, tmp_path)
    first.file.parent.mkdir(parents=True)
    first.take(told("pid 1000001"))
    open_device(tmp_path)
    assert first.take(told("pid 1000001", "pid 1000002")).foreign == ("pid 1000001",)
    assert Watched(T4, tmp_path).take(told("pid 1000001", "pid 1000002")).foreign == ("pid 1000001",)


def judged(watched: Watched, *looks: dict[str, object], holds_program: bool = False) -> str:
    seen: Reading | None = None
    for look in looks:
        seen = watched.take(look)
    return hindrance(seen, holds_program=holds_program)


def test_two_quiet_readings_make_a_device_idle(watched: Watched) -> None:
    assert judged(watched, told()) == SETTLING
    assert judged(watched, told()) == ""


def test_foreign_work_load_and_silence_are_hindrances(watched: Watched) -> None:
    assert judged(watched, told(), told(), told(OTHER)) == OTHER
    assert judged(watched, told(OURS, utilisation_pct=80.0)) == OURS
    assert judged(watched, told(table=False, utilisation_pct=80.0)) == "utilisation 80 %"
    assert judged(watched, told(table=False), told(table=False)) == CANNOT_TELL
    assert judged(watched) == CANNOT_TELL


def test_load_of_our_own_loaded_program_is_none(watched: Watched, tmp_path: Path) -> None:
    open_device(tmp_path)
    looks = [told(OURS, utilisation_pct=80.0)] * 2
    assert judged(watched, *looks) == "utilisation 80 %"
    assert judged(watched, *looks, holds_program=True) == ""


def test_a_busy_device_is_waited_for_and_the_lease_kept(watched: Watched, tmp_path: Path) -> None:
    patient, phases = Idle(watched.file, "T4:0", wait_s=60), []
    watched.take(told(OTHER))

    def beat(phase: Phase, _: int) -> None:
        phases.append(phase)
        watched.take(told())

    patient.wait(False, beat)
    assert phases == [Phase.WAITING] * 2
    assert patient.beside() == ""


def test_a_device_that_stays_busy_is_used_all_the_same_and_that_is_remarked(watched: Watched, idle: Idle) -> None:
    watched.take(told(table=False, utilisation_pct=80.0))
    idle.wait(False, held)
    assert idle.beside() == "foreign work on host-a/T4:0 (utilisation 80 %)"


def test_without_a_sampler_a_run_goes_on_soon_and_says_that_it_cannot_tell(
    idle: Idle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_module, "BLIND_S", 0.01)
    idle.wait(False, held)
    assert idle.beside() == UNTOLD


def test_who_comes_while_a_part_runs_is_remarked(watched: Watched, idle: Idle) -> None:
    for _ in range(2):
        watched.take(told())
    idle.wait(False, held)
    assert idle.beside() == ""
    watched.take(told(OTHER))
    assert idle.beside() == f"foreign work on host-a/T4:0 ({OTHER})"
