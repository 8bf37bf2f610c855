"""What a supervisor does about workers that die, without waiting for any of it: time and processes are made up."""

from __future__ import annotations

import itertools
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from dinoq.jobs.errors import EnvironmentTrouble, StateBusy
from dinoq.jobs.ledger import Hint, Kind, Toolchain
from dinoq.workers import children, state_folder, supervisor
from dinoq.workers.host import MAX_DEATHS, Setup
from dinoq.workers.supervisor import GRACE_S, SWEEP_S, TICK_S, Supervisor
from tests.supervised import NO_LEDGER, Process, World, after, run, with_cards, with_device


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """In place of the clock, the processes, the ledger and the broker."""
    made = World()
    monkeypatch.setattr(supervisor, "time", made)
    for name in ("sweep", "worker_lost", "publish", "next_past_job", "summarise"):
        monkeypatch.setattr(supervisor, name, getattr(made, name))
    monkeypatch.setattr(supervisor, "predecessors_lost", lambda *_: [])
    monkeypatch.setattr(supervisor, "note_absence", lambda *_: None)
    monkeypatch.setattr(supervisor, "trust_again", lambda _, keys: made.trusted.extend(keys))
    monkeypatch.setattr(supervisor, "register_device", lambda _, facts: made.registered.append(facts.key))
    monkeypatch.setattr(children, "start", made.start)
    monkeypatch.setattr(children, "kill", made.kill)
    return made


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """A host that only preprocesses."""
    return Setup(
        host="h",
        state=tmp_path,
        broker_url="redis://127.0.0.1:1/0",
        devices=(),
        toolchains=(),
        prep_threads=2,
        worker_argv=("dinoq",),
        env={},
        vendor_env={},
        runtime_folder=tmp_path,
    )


def test_each_device_has_a_worker_and_preparation_one(world: World, setup: Setup) -> None:
    assert run(world, with_device(setup, 0, 1), after(world, 1))
    assert [argv for _, argv, _ in world.started] == [
        ("dinoq", "worker", "prep", "2"),
        ("dinoq", "worker", "device", "cpu:0"),
        ("dinoq", "worker", "device", "cpu:1"),
    ]


def test_each_vendor_whose_devices_tell_how_they_feel_has_one_sampler(world: World, setup: Setup) -> None:
    run(world, with_cards(setup, 0, 1), after(world, 1))
    assert [argv for _, argv, _ in world.started if "sample" in argv] == [("dinoq", "worker", "sample", "tensorrt")]
    assert len(world.starts("device")) == 2


def test_a_sampler_that_dies_starts_again_and_its_loss_ends_nothing(world: World, setup: Setup) -> None:
    world.lives["sample"] = itertools.repeat(0)
    assert run(world, replace(with_cards(setup, 0), only_job=3), after(world, 100))
    assert len(world.starts("sample")) == MAX_DEATHS


def test_a_living_sampler_is_nobody_to_wait_for(world: World, setup: Setup) -> None:
    world.lives = {"prep": itertools.repeat(0), "device": itertools.repeat(0)}
    with pytest.raises(EnvironmentTrouble, match="every worker died too often"):
        run(world, with_cards(setup, 0), lambda: False)


def test_samplers_go_on_until_the_workers_have_left(
    world: World, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def send_signal(process: Process, _: int) -> None:
        left = [other.returncode for _, argv, other in world.started if "sample" not in argv]
        asked.append(next(argv for _, argv, one in world.started if one is process))
        assert "sample" not in asked[-1] or left == [0, 0]
        process.returncode = 0

    monkeypatch.setattr(Process, "send_signal", send_signal)
    run(world, with_cards(setup, 0), after(world, 1))
    assert asked[-1] == ("dinoq", "worker", "sample", "tensorrt")


def test_a_host_without_preparation_starts_none(world: World, setup: Setup) -> None:
    run(world, replace(with_device(setup, 0), prep_threads=0), after(world, 1))
    assert world.starts("prep") == []


def test_a_worker_that_dies_is_told_to_the_ledger_and_the_person_and_starts_again(world: World, setup: Setup) -> None:
    world.lives["prep"] = iter([2])
    run(world, setup, after(world, 5))
    assert len(world.starts()) == 2
    assert len(world.lost) == 1
    assert world.sent == [Hint(7, Kind.PREPROCESS)]
    (said,) = world.said
    assert said.startswith("worker prep ended (status 1) and starts again; log: ")


def test_each_life_has_a_name_of_its_own(world: World, setup: Setup) -> None:
    world.lives["prep"] = iter([1, 1])
    run(world, setup, after(world, 5))
    assert len(set(world.lost)) == 2


def test_whoever_dies_again_and_again_waits_twice_as_long_each_time(world: World, setup: Setup) -> None:
    world.lives["prep"] = iter([0] * (MAX_DEATHS - 1))
    run(world, setup, after(world, 20))
    waits = [later - earlier for earlier, later in itertools.pairwise(world.starts())]
    assert waits == pytest.approx([0.25, 0.5, 1, 2], abs=2.5 * TICK_S)


def test_deaths_that_are_far_apart_are_no_reason_to_give_up(world: World, setup: Setup) -> None:
    world.lives["prep"] = itertools.repeat(20)
    assert run(world, setup, after(world, 300))
    assert len(world.starts()) >= 2 * MAX_DEATHS


def test_where_every_worker_died_too_often_it_ends_with_the_place_to_look(world: World, setup: Setup) -> None:
    world.lives["prep"] = itertools.repeat(0)
    with pytest.raises(EnvironmentTrouble, match=r"every worker died too often and is given up; see .*/logs") as caught:
        run(world, setup, lambda: False)
    assert (len(world.starts()), caught.value.hint) == (MAX_DEATHS, "dinoq doctor")


def test_a_host_goes_on_with_what_is_left(world: World, setup: Setup) -> None:
    world.lives["device"] = itertools.repeat(0)
    assert run(world, with_device(setup, 0), after(world, 100))
    assert (len(world.starts("device")), len(world.starts("prep"))) == (MAX_DEATHS, 1)


@pytest.mark.parametrize("kind", ["prep", "compile", "device"])
def test_a_single_job_ends_when_nobody_is_left_for_a_part_of_it(world: World, setup: Setup, kind: str) -> None:
    world.lives[kind] = itertools.repeat(0)
    chain = Toolchain(vendor="ascend", toolkit="kit 1", origin="real")
    with pytest.raises(EnvironmentTrouble, match=f"every {kind} worker died too often"):
        run(world, replace(with_device(setup, 0), only_job=3, toolchains=(chain,)), lambda: False)
    others = [sent for other in {"prep", "compile", "device"} - {kind} for sent in world.signals(other)]
    assert others == [[signal.SIGTERM]] * 2


def test_a_ledger_out_of_reach_ends_nothing(world: World, setup: Setup) -> None:
    world.lives["prep"], world.broken = iter([1]), True
    assert run(world, setup, after(world, 10))
    assert len(world.starts()) == 2


def test_an_end_that_cannot_be_asked_for_has_not_come_and_is_said_now_and_then(world: World, setup: Setup) -> None:
    back = after(world, 40)

    def reached() -> bool:
        if not back():
            raise EnvironmentTrouble("the database does not serve.")
        return True

    assert run(world, setup, reached)
    assert len([words for words in world.said if "does not serve" in words]) == 2


def test_whose_work_is_taken_from_the_killed_is_told_to_others(world: World, setup: Setup) -> None:
    with Supervisor(setup, NO_LEDGER, world.said.append) as made:

        def asked() -> bool:
            made.ask()
            made.ask()
            return False

        made.run(lambda: bool(world.started))
        world.sent.clear()
        assert not made.run(asked)
    assert world.sent


def test_the_ledger_is_swept_once_a_second(world: World, setup: Setup) -> None:
    run(world, setup, after(world, 10))
    assert world.sweeps == pytest.approx(10, abs=1)


@pytest.mark.parametrize(("gently", "number"), [(False, signal.SIGTERM), (True, children.DRAIN)])
def test_whoever_is_asked_to_leave_asks_its_workers_and_kills_nobody(
    world: World, setup: Setup, gently: bool, number: int
) -> None:
    with Supervisor(setup, NO_LEDGER, world.said.append) as made:

        def asked() -> bool:
            if world.started:
                made.ask(gently=gently)
            return False

        assert not made.run(asked)
    assert world.signals() == [[number]]
    assert world.lost == []


def test_whoever_does_not_leave_in_time_is_killed_and_told_to_the_ledger(
    world: World, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Process, "send_signal", lambda process, number: process.signals.append(number))
    begun = world.now
    run(world, setup, after(world, 1))
    assert world.signals() == [[signal.SIGTERM, signal.SIGKILL]]
    assert len(world.lost) == 1
    assert world.now - begun == pytest.approx(1 + GRACE_S, abs=1)


def test_a_person_who_starts_a_host_anew_trusts_its_devices_again(world: World, setup: Setup) -> None:
    run(world, with_device(setup, 0, 1), lambda: True)
    assert world.trusted == ["h/cpu:0", "h/cpu:1"]


def test_the_ledger_knows_the_devices_before_their_workers_have_begun(world: World, setup: Setup) -> None:
    run(world, with_device(setup, 0, 1), lambda: True)
    assert world.registered == ["h/cpu:0", "h/cpu:1"]
    assert world.starts("device") == []


def test_the_state_folder_is_ours_meanwhile_and_free_afterwards(world: World, setup: Setup) -> None:
    def second() -> bool:
        with pytest.raises(StateBusy, match="on h"), Supervisor(setup, NO_LEDGER, print):
            raise AssertionError
        return True

    assert run(world, setup, second)
    assert not state_folder.is_locked(setup.state)
    assert state_folder.pointer(setup.state) is None


def test_past_jobs_are_summed_up_one_after_each_sweep(world: World, setup: Setup) -> None:
    world.past = [3, 2]
    run(world, setup, after(world, 4))
    (first, one), (second, other) = world.summed_up
    assert (one, other) == (3, 2)
    assert second - first >= SWEEP_S


def test_a_past_job_that_cannot_be_summed_up_is_tried_once_and_hides_no_other(world: World, setup: Setup) -> None:
    world.past, world.damaged = [3, 2], (3,)
    run(world, setup, after(world, 6))
    assert [job for _, job in world.summed_up] == [3, 2]


def test_a_supervisor_of_one_job_sums_up_no_other(world: World, setup: Setup) -> None:
    world.past = [3]
    run(world, replace(setup, only_job=7), after(world, 4))
    assert world.summed_up == []
