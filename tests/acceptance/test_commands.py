"""The commands as a user types them."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import Bench
from tests.chaos.evaluation import device_workers, state_of
from tests.command import Shell
from tests.processes import eventually

COMMANDS = [
    "run",
    "up",
    "down",
    "submit",
    "status",
    "logs",
    "cancel",
    "retry",
    "report",
    "jobs",
    "results",
    "export",
    "import",
    "devices",
    "doctor",
    "demo",
    "db",
    "config",
]


def test_help_names_every_command(shell: Shell) -> None:
    words = shell.dinoq("--help").out.split()
    assert [name for name in COMMANDS if name not in words] == []


@pytest.mark.parametrize("name", ["run", "up", "report", "db"])
def test_a_command_explains_itself(shell: Shell, name: str) -> None:
    answer = shell.dinoq(name, "--help")
    assert answer.code == 0
    assert "Usage: dinoq" in answer.out


def test_the_demonstration_gives_the_known_counts(shell: Shell) -> None:
    answer = shell.dinoq("demo")
    assert answer.code == 0, answer.err
    for batch in (1, 16):
        assert f"bs{batch}: Top-1 302 and Top-5 374 of 400, as known from the drawing" in answer.out


def test_a_job_is_stored_with_nobody_alive_and_done_when_somebody_is(bench: Bench) -> None:
    answer = bench.shell.dinoq("submit", *bench.args())
    assert (answer.code, answer.out) == (0, "job 1\n")
    assert "no cpu worker is alive yet. Start workers: dinoq up" in answer.err
    bench.shell.start("up")
    eventually(lambda: state_of(bench.shell, 1) == "done", "the end")
    assert bench.shell.dinoq("report").code == 0


def test_a_chip_without_a_host_waits_and_says_so(bench: Bench) -> None:
    bench.shell.dinoq("submit", *bench.args("--chip", "310P3", "--batches", "1,16"))
    assert "WAITING: no 310P3 worker" in bench.shell.dinoq("status").out


def test_waiting_for_a_chip_without_a_host_ends_with_8_and_keeps_the_job(bench: Bench) -> None:
    answer = bench.shell.dinoq("submit", *bench.args("--wait"))
    assert answer.code == 8
    assert "no host has a cpu" in answer.err
    assert len(bench.shell.dinoq("jobs", "--json").json) == 1


def test_run_beside_a_living_up_lets_it_work(bench: Bench) -> None:
    up = bench.shell.start("up")
    eventually(lambda: device_workers(bench.shell), "the worker")
    answer = bench.run()
    assert answer.code == 0
    assert "the dinoq up of this state folder works on it" in answer.err
    assert bench.shell.dinoq("down").code == 0
    assert up.wait(30) == 0


@pytest.mark.long
def test_two_runs_on_one_state_folder_go_one_after_the_other(bench: Bench) -> None:
    first = bench.shell.start("run", *bench.args("--loop", "1500"))
    eventually((bench.shell.home / ".dinoq/state/supervisor.json").exists, "the first run")
    second = bench.run()
    assert "job 1 runs on this state folder" in second.err
    assert (second.code, second.json["job"], second.json["state"]) == (0, 2, "done")
    assert first.wait(60) == 0


def test_a_cancelled_job_is_over_and_incomplete(bench: Bench) -> None:
    bench.shell.dinoq("submit", *bench.args())
    assert bench.shell.dinoq("cancel").code == 0
    assert bench.shell.dinoq("status", "--json").json["state"] == "cancelled"
    assert bench.shell.dinoq("report").code == 6


def test_settings_come_from_the_file_and_say_so(bench: Bench) -> None:
    lines = {"model": bench.model, "data": bench.photos, "labels": bench.labels}
    text = "".join(f"{key} = {json.dumps(str(value))}\n" for key, value in lines.items())
    (bench.shell.home / "dinoq.toml").write_text(text)
    assert bench.shell.dinoq("submit", "--chip", "310P3", "--batches", "1,16").code == 0
    assert bench.shell.dinoq("config", "--json").json["model"]["source"].endswith("dinoq.toml")


def test_a_password_never_shows(bench: Bench) -> None:
    answer = bench.shell.dinoq("config", DINOQ_BROKER_URL="redis://:geheim@127.0.0.1/0")
    assert "geheim" not in answer.out + answer.err
    assert "***" in answer.out


def test_doctor_tries_everything_and_finds_it(shell: Shell) -> None:
    answer = shell.dinoq("doctor")
    assert answer.code == 0, answer.out
    assert "PASS" in answer.out


def test_a_run_that_nobody_would_prepare_is_refused_before_it_is_stored(bench: Bench) -> None:
    answer = bench.run("--prep", "0")
    assert (answer.code, answer.out) == (2, "")
    assert "nobody would prepare the photos" in answer.err
    assert bench.shell.dinoq("jobs", "--json").json == []


def test_logs_of_a_run_that_the_job_does_not_have_are_refused(bench: Bench) -> None:
    bench.shell.dinoq("submit", *bench.args())
    answer = bench.shell.dinoq("logs", "last", "--run", "T4:16")
    assert answer.code == 2
    assert "job 1 has no run T4:16; it has cpu:4" in answer.err


def test_an_unknown_job_is_told(shell: Shell) -> None:
    answer = shell.dinoq("report", "42")
    assert (answer.code, answer.out) == (2, "")
    assert "42" in answer.err


def test_foreign_modules_in_the_working_folder_do_not_get_in_the_way(bench: Bench) -> None:
    for name in ("cli", "workers", "broker", "jobs", "db", "redis", "celery"):
        (bench.shell.home / f"{name}.py").write_text("raise SystemExit('not ours')")
    (bench.shell.home / "x").mkdir()
    assert bench.run(PYTHONPATH=f"{bench.shell.home / 'x'}").code == 0
