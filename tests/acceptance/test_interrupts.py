"""Ctrl-C at every stage, once and twice: 130, a sentence that says how to go on, nobody left behind, nothing lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from dinoq.db.engine import Database
from dinoq.jobs.ledger import Kind
from tests.acceptance.conftest import COLOURS, Bench, done
from tests.chaos.evaluation import device_workers
from tests.command import Answer, Shell
from tests.crew import at_work, items
from tests.processes import PATIENCE_S, alive, descendants, eventually

PHOTOS = 15
AT_ONCE_S = 10.0
"""Less than a supervisor's patience with a worker that does not leave."""
SOME, LONG = ("--loop", "100"), ("--loop", "10000")
BALLAST = 1 << 24
STAGES = (
    (Kind.COMPILE, "compiling", "4"),
    (Kind.PREPROCESS, "running", "4"),
    (Kind.INFER, "loading", "4"),
    (Kind.INFER, "running", "4,8"),  # while the second run waits for the lane
)
"""What is at work when Ctrl-C comes: kind and phase of an item, and the batches of the job."""


def ctrl_c(process: subprocess.Popen[str]) -> None:
    """As a terminal sends it: to the whole foreground group."""
    os.killpg(process.pid, signal.SIGINT)


def ended(process: subprocess.Popen[str], patience_s: float = 60) -> Answer:
    """What it said to its end. Cut off inside an `exec`, as dataclasses are made, Python ends by the signal itself, which
    a shell shows as the same 130."""
    out, err = process.communicate(timeout=patience_s)
    assert "Traceback" not in err
    return Answer(130 if process.returncode == -signal.SIGINT else process.returncode, out, err)


def hear(process: subprocess.Popen[str], words: str) -> None:
    """Read what it says until these words come."""
    assert process.stderr is not None
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    heard = any(words in line for line in process.stderr)
    watchdog.cancel()
    assert heard, f"it ended without saying {words!r}"


def interrupt(process: subprocess.Popen[str], times: int) -> Answer:
    """Ctrl-C once, or again as soon as the first has been heard; nobody may be left."""
    left = descendants(process.pid)
    ctrl_c(process)
    if times == 2:
        hear(process, "Ctrl-C again kills")
        ctrl_c(process)
    answer = ended(process)
    eventually(lambda: not any(alive(pid) for pid in left), "no process left", AT_ONCE_S)
    return answer


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """A bench whose photos take a second to preprocess."""
    for n in range(PHOTOS):
        photo = bench.photos / f"p{n}.jpg"
        if n < len(COLOURS):
            Image.new("RGB", (3200, 2600), COLOURS[n]).save(photo, quality=95)
        else:
            photo.unlink(missing_ok=True)
            photo.hardlink_to(bench.photos / f"p{n % 3}.jpg")
    bench.relabel("".join(f"p{n}.jpg {n % 3}\n" for n in range(PHOTOS)))
    return bench


# -- before anything is stored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "words"), [("typer", ""), ("sqlalchemy", "note:  interrupted; what was stored")])
def test_during_the_imports_it_just_ends(shell: Shell, tmp_path: Path, module: str, words: str) -> None:
    (tmp_path / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass\n")
    answer = shell.dinoq("jobs", PYTHONPATH=str(tmp_path))
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.startswith(words)
    assert len(answer.err.splitlines()) == bool(words)


def opened(fifo: Path) -> IO[bytes] | None:
    """The writing end, once somebody waits at the other."""
    try:
        return os.fdopen(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK), "wb")
    except OSError as error:
        assert error.errno == errno.ENXIO
        return None


def nothing_is_stored(bench: Bench, process: subprocess.Popen[str]) -> None:
    answer = ended(process)
    assert (answer.code, answer.out) == (130, "")
    assert answer.err == "note:  interrupted; what was stored before is kept. See: dinoq jobs\n"
    assert list(bench.shell.home.glob(".dinoq/store/models/*")) == []
    assert bench.shell.dinoq("jobs", "--json").json == []


def test_while_planning_nothing_is_stored(bench: Bench) -> None:
    bench.labels.unlink()
    os.mkfifo(bench.labels)
    process = bench.shell.start("run", *bench.args())
    with eventually(partial(opened, bench.labels), "the reading of the labels"):
        ctrl_c(process)
        nothing_is_stored(bench, process)


def test_while_the_model_is_copied_nothing_is_stored(bench: Bench) -> None:
    model = onnx.load(str(bench.model))
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(BALLAST, np.float32), "ballast"))
    onnx.save(model, str(bench.model))
    process = bench.shell.start("run", *bench.args())
    while not list(bench.shell.home.glob(".dinoq/store/models/.*")):
        assert process.poll() is None  # asked without a pause: the copy takes a tenth of a second
    ctrl_c(process)
    nothing_is_stored(bench, process)


# -- while it works ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_run_hands_back_at_every_stage_and_the_next_up_completes_it(
    busy: Bench, ledger: Database, times: int
) -> None:
    for job, (kind, phase, batches) in enumerate(STAGES, start=1):
        process = busy.shell.start("run", *busy.args("--batches", batches, *SOME))
        eventually(partial(at_work, ledger, job, kind, phase), f"{kind} {phase}")
        answer = interrupt(process, times)
        assert (answer.code, answer.out) == (130, "")
        assert f"of job {job}. Resume: dinoq up   Stop for good: dinoq cancel {job}" in answer.err
        assert {row.attempts for row in items(ledger, job) if row.state != "done"} == {0}
    busy.shell.start("up")
    for job, (_, _, batches) in enumerate(STAGES, start=1):
        eventually(partial(done, ledger, job), "the end")
        runs = busy.shell.dinoq("report", job, "--format", "json").json["runs"]
        counted = [(run["coverage"]["counted"], run["top1"]["correct"]) for run in runs]
        assert counted == [(PHOTOS, PHOTOS)] * len(batches.split(","))


def test_the_second_one_waits_for_nobody(bench: Bench, ledger: Database) -> None:
    process = bench.shell.start("run", *bench.args(*LONG))
    eventually(lambda: at_work(ledger, 1, Kind.INFER, "running"), "inference")
    for pid, line in descendants(process.pid).items():
        if "worker device" in line:
            os.kill(pid, signal.SIGSTOP)  # will not leave of itself
    ctrl_c(process)
    hear(process, "Ctrl-C again kills")
    ctrl_c(process)
    answer = ended(process, AT_ONCE_S)
    assert answer.code == 130
    assert "Resume: dinoq up" in answer.err
    assert {row.state for row in items(ledger, 1, Kind.INFER)} == {"queued"}


def test_an_interrupted_demonstration_keeps_its_pictures_for_the_next_up(
    shell: Shell, ledger: Database, tmp_path: Path
) -> None:
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    process = shell.start("demo", TMPDIR=str(drawn))
    hear(process, "job 1  cpu bs1")  # it is under way, and told of by the supervisor
    answer = interrupt(process, 1)
    assert answer.code == 130
    assert f"note:  the pictures stay in {drawn}/dinoq-demo-" in answer.err
    shell.start("up")
    eventually(partial(done, ledger, 1), "the end")
    runs = shell.dinoq("report", 1, "--format", "json").json["runs"]
    assert [(run["top1"]["correct"], run["top5"]["correct"]) for run in runs] == [(302, 374)] * 2


def test_a_demonstration_that_has_no_job_yet_leaves_no_pictures(shell: Shell, tmp_path: Path) -> None:
    process = shell.start("demo", TMPDIR=str(tmp_path))
    eventually(lambda: list(tmp_path.glob("dinoq-demo-*/images/*")), "the drawing")
    assert interrupt(process, 1).code == 130
    assert list(tmp_path.glob("dinoq-demo-*")) == []


# -- hosts and onlookers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
def test_an_up_hands_back_and_says_so(bench: Bench, ledger: Database, times: int) -> None:
    bench.shell.dinoq("submit", *bench.args(*LONG))
    up = bench.shell.start("up")
    eventually(lambda: at_work(ledger, 1, Kind.INFER, "running"), "inference")
    answer = interrupt(up, times)
    assert answer.code == 130
    assert "note:  interrupted; this host's work is handed back. Resume: dinoq up\n" in answer.err
    assert [(row.state, row.attempts) for row in items(ledger, 1, Kind.INFER)] == [("queued", 0)]


def test_an_idle_up_leaves(shell: Shell) -> None:
    up = shell.start("up")
    eventually(lambda: device_workers(shell), "the worker")
    answer = interrupt(up, 1)
    assert (answer.code, answer.out) == (130, "")
    assert "Resume: dinoq up" in answer.err


@pytest.mark.long
def test_whoever_only_watches_stops_nothing(bench: Bench, ledger: Database) -> None:
    up = bench.shell.start("up")
    eventually(lambda: device_workers(bench.shell), "the worker")
    onlookers = (("run", *bench.args(*LONG)), ("submit", *bench.args("--wait")))
    for job, command in enumerate(onlookers, start=1):
        process = bench.shell.start(*command)
        hear(process, f"job {job}  ")
        ctrl_c(process)
        answer = ended(process)
        assert answer.code == 130
        assert f"note:  stopped watching; job {job} goes on. Watch: dinoq status {job} --watch" in answer.err
        assert f"Stop for good: dinoq cancel {job}" in answer.err
    watching = bench.shell.start("status", "2", "--watch")
    hear(watching, "job 2  ")
    ctrl_c(watching)
    assert ended(watching).code == 130
    assert up.poll() is None
    bench.shell.dinoq("cancel", 1)
    eventually(partial(done, ledger, 2), "the other's end")
