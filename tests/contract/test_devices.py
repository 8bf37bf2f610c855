"""What every device file owes the seam, over all of them; each in a device process of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dinoq.jobs import windows
from dinoq.jobs.ledger import Failure, FailureClass
from dinoq.jobs.measure import MIN_BATCHES
from dinoq.jobs.recipe import RECIPES
from dinoq.workers import children, device_process
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.devices.base import Telemetry
from dinoq.workers.devices.catalog import LocalDevice, Surroundings, discover
from dinoq.workers.flight import Inference
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.random_feed import RandomFeed
from dinoq.workers.simulators.install import install
from dinoq.workers.tasks import WorkFailed
from dinoq.workers.vendor_link import VendorLink
from tests.evaluation import Model, evaluate, free, photos
from tests.models import write_mean_colour
from tests.processes import alive, eventually

Open = Callable[..., DeviceProcess]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    """A machine that has one device of every vendor, simulated where it has to be."""
    simulate = "310P3:1,T4:1"
    env = dict(os.environ)
    added = install(tmp_path_factory.mktemp("machine"), python=sys.executable, simulate=simulate, env=env)
    return Surroundings(host="here", env=env | added, python=sys.executable, null_devices="1:20000", simulate=simulate)


@pytest.fixture(scope="module")
def devices(machine: Surroundings) -> dict[str, LocalDevice]:
    return {device.vendor: device for device in discover(machine).devices}


@pytest.fixture(params=["cpu", "null", "ascend", "tensorrt"])
def device(request: pytest.FixtureRequest, devices: dict[str, LocalDevice]) -> LocalDevice:
    return devices[request.param]


@pytest.fixture
def opened(device: LocalDevice, machine: Surroundings, tmp_path: Path) -> Iterator[Open]:
    made: list[DeviceProcess] = []

    simulated_here = device.vendor in ("ascend", "tensorrt")

    def open_device(running_s: float = 30.0, simulated: bool = device.facts.origin == "simulated") -> DeviceProcess:
        setup = ChildSetup(
            vendor=device.vendor,
            options=device.options,
            python=sys.executable,
            env=children.without_empty_paths(machine.env if simulated_here else os.environ),
            workdir=tmp_path / "run",
            log=tmp_path / "log",
            simulated=simulated,
        )
        made.append(DeviceProcess(setup, Deadlines(loading_s=60, compiling_s=60, running_s=running_s)))
        return made[-1]

    yield open_device
    for process in made:
        process.close()


@pytest.fixture
def model(device: LocalDevice, tmp_path: Path) -> Model:
    return Model(write_mean_colour(tmp_path / "model.onnx", side=224, classes=1000), device)


def test_discovery_tells_who_is_there(device: LocalDevice) -> None:
    facts = device.facts
    assert facts.host == "here"
    assert facts.healthy
    assert facts.key
    assert facts.toolkit
    assert facts.label == f"here/{facts.chip}:{facts.index}"


def test_discovery_is_stable(device: LocalDevice, machine: Surroundings) -> None:
    assert device in discover(machine).devices


def test_a_compiled_artifact_loads_at_its_batch(opened: Open, model: Model) -> None:
    process = opened()
    with process.turn(free):
        assert process.load(model.program(process, 4), free) > 0


def test_what_is_loaded_is_what_the_device_is_registered_as(opened: Open, model: Model) -> None:
    process = opened(simulated=model.device.facts.origin != "simulated")
    with process.turn(free), pytest.raises(WorkFailed, match="the device is registered as"):
        process.load(model.program(process, 4), free)


def test_every_sample_is_answered_whatever_the_last_batch(opened: Open, model: Model) -> None:
    work = evaluate(opened(), model, n=11, batch=4)
    assert work.n_done == 11
    assert work.classes[:, 0].tolist() == [0] * 11


def test_times_are_told_for_every_batch(opened: Open, model: Model) -> None:
    times = evaluate(opened(), model, n=11, batch=4, laps=2).measured(0.0)
    assert len(times.compute_ms) == 6
    assert (times.compute_ms > 0).all()
    assert times.timed.tolist() == [True, True, False] * 2
    assert times.fed_ms < times.done_ms


def test_random_pixels_are_timed_until_they_are_steady(
    opened: Open, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW_MS", 1.0)
    process, work = opened(), RandomFeed(RECIPES["dino"], 4)
    with process.turn(free):
        process.load(model.program(process, 4), free)
        process.feed(work, free)
    process.wait(work, free)
    times = work.measured(0.0)
    assert windows.AGREEING <= len(times.windows) <= windows.MAX_WINDOWS
    assert times.timed.sum() == sum(times.windows[-windows.AGREEING :]) >= MIN_BATCHES
    assert work.n_done == 4 * len(times.compute_ms)
    assert (times.compute_ms > 0).all()


def test_a_device_that_dies_under_random_pixels_is_told(opened: Open, model: Model) -> None:
    process, work = opened(), RandomFeed(RECIPES["dino"], 4)
    with process.turn(free):
        process.load(model.program(process, 4), free)
        os.kill(process.pid or 0, signal.SIGSEGV)
        with pytest.raises(WorkFailed) as failed:
            process.feed(work, free)
    assert failed.value.failure.kind is FailureClass.DEVICE


def test_a_loaded_program_is_not_loaded_again(opened: Open, model: Model) -> None:
    process = opened()
    with process.turn(free):
        process.load(key := model.program(process, 4), free)
        assert process.load(key, free) == 0.0


def test_another_batch_is_another_program(opened: Open, model: Model) -> None:
    process = opened()
    assert evaluate(process, model, n=8, batch=4).n_done == 8
    assert evaluate(process, model, n=8, batch=8).n_done == 8


@pytest.mark.parametrize("device", ["null", "ascend"], indirect=True)
def test_a_device_that_nobody_needs_is_closed_and_opened_again(
    opened: Open, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = opened()
    evaluate(process, model, n=4, batch=4)
    first = process.pid
    assert (tmp_path / "run/pid").read_text() == str(first)
    monkeypatch.setattr(device_process, "IDLE_CLOSE_S", 0.1)
    eventually(lambda: not (tmp_path / "run/pid").exists(), "the device to be closed")
    assert first is not None and not alive(first)
    assert not process.holds_program
    assert evaluate(process, model, n=4, batch=4).n_done == 4


@pytest.mark.parametrize("device", ["null", "tensorrt"], indirect=True)
def test_a_device_that_its_holder_lets_go_is_closed_and_opened_again(opened: Open, model: Model) -> None:
    process = opened()
    evaluate(process, model, n=4, batch=4)
    with process.turn(free):
        process.let_go()
        assert (process.pid, process.holds_program) == (None, False)
    assert evaluate(process, model, n=4, batch=4).n_done == 4


@pytest.mark.parametrize("device", ["null"], indirect=True)
def test_a_device_that_is_held_is_not_closed(opened: Open, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    process = opened()
    evaluate(process, model, n=4, batch=4)
    looked = threading.Event()
    monkeypatch.setattr(DeviceProcess, "_close_if_idle", noting(DeviceProcess._close_if_idle, looked))
    monkeypatch.setattr(device_process, "IDLE_CLOSE_S", 0.0)
    with process.turn(free):
        assert looked.wait(10)
        assert process.holds_program


def noting(method: Callable[..., None], done: threading.Event) -> Callable[..., None]:
    """The method, and a sign that it was called and came back."""

    def noted(*args: object) -> None:
        method(*args)
        done.set()

    return noted


def test_every_device_is_sampled_in_one_question(device: LocalDevice, machine: Surroundings, tmp_path: Path) -> None:
    with VendorLink(device.vendor, python=sys.executable, env=machine.env, folder=tmp_path) as link:
        (reading,) = link.ask("sample", 30, devices=[device.options])["readings"]
    assert set(reading) == set(Telemetry._fields)
    if device.vendor in ("ascend", "tensorrt"):
        assert (reading["processes"], reading["utilisation_pct"], reading["throttle"]) == ([], 0, "")
        assert reading["power_w"] > 0 and reading["clock_mhz"] > 0 and reading["temperature_c"] > 0


def in_flight(process: DeviceProcess, model: Model, n_works: int) -> list[Inference]:
    """Works whose batches the device process, stopped, has in hand."""
    evaluate(process, model, n=4, batch=4)
    os.kill(process.pid or 0, signal.SIGSTOP)
    works = [Inference(photos(4), RECIPES["dino"], 4, 1) for _ in range(n_works)]
    for work in works:
        with process.turn(free):
            process.feed(work, free)
    return works


def failures_of(process: DeviceProcess, works: list[Inference]) -> list[Failure]:
    failures = []
    for work in works:
        with pytest.raises(WorkFailed) as failed:
            process.wait(work, free)
        failures.append(failed.value.failure)
    return failures


def test_a_killed_device_process_is_charged_to_nobody_and_replaced(opened: Open, model: Model) -> None:
    process = opened()
    works = in_flight(process, model, 1)
    os.kill(process.pid or 0, signal.SIGKILL)
    assert [failure.kind for failure in failures_of(process, works)] == [FailureClass.TRANSIENT]
    assert evaluate(process, model, n=4, batch=4).n_done == 4


def test_a_device_that_shows_no_progress_is_killed_and_charged(opened: Open, model: Model) -> None:
    process = opened(running_s=0.2)
    evaluate(process, model, n=4, batch=4)
    os.kill(process.pid or 0, signal.SIGSTOP)
    with pytest.raises(WorkFailed, match="no progress while running") as hung:
        evaluate(process, model, n=4, batch=4)
    assert hung.value.failure.kind is FailureClass.DEVICE


def test_a_crash_is_charged_to_the_device_once_however_many_items_were_in_flight(opened: Open, model: Model) -> None:
    process = opened()
    works = in_flight(process, model, 2)
    os.kill(process.pid or 0, signal.SIGSEGV)
    os.kill(process.pid or 0, signal.SIGCONT)
    first, second = failures_of(process, works)
    assert first.kind is FailureClass.DEVICE
    assert first.incarnation == second.incarnation != ""


def test_its_own_words_go_to_the_log(opened: Open, model: Model, tmp_path: Path) -> None:
    process = opened()
    evaluate(process, model, n=4, batch=4)
    process.close()
    assert (tmp_path / "log").exists()
