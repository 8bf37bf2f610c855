"""Devices that break in the middle of a job: the rest goes on, and the counts are those of an undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.lab import PHOTOS, TOP1, Lab, counts, make_lab

UNDISTURBED = 1
"""The job that every other one is compared with."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One home for all; its first job met no fault."""
    made = make_lab(tmp_path_factory.mktemp("lab"))
    answer = made.run("310P3,T4", "310P3:1,T4:1")
    assert answer.code == 0, answer.err
    assert counts(answer.json) == {"310P3": (PHOTOS, TOP1), "T4": (PHOTOS, TOP1)}
    yield made
    made.shell.stop_all()


def test_lost_hanging_and_slow_devices_change_no_count(lab: Lab) -> None:
    faults = "lost@310P3:0:20,hang@310P3:1:20,slow@310P3:2:1.2,sticky@T4:0:100"
    variables = lab.faults(faults, "broken")
    answer = lab.run("310P3,T4", "310P3:3,T4:1", DINOQ_RUNNING_DEADLINE_S="4", **variables)
    assert answer.code == 0, answer.err
    report = answer.json
    assert counts(report) == {"310P3": (PHOTOS, TOP1), "T4": (PHOTOS, TOP1)}
    assert lab.predictions(report["job"]) == lab.predictions(UNDISTURBED)
    health = lab.health()
    assert (health["310P3:0"], health["310P3:1"], health["310P3:2"]) == ("faulty", "faulty", "-")
    assert [one["device"].split("/")[-1] for one in report["runs"][0]["left_out"]] == ["310P3:0", "310P3:1"]


def test_a_job_whose_only_device_is_lost_ends_incomplete_and_says_how_to_go_on(lab: Lab) -> None:
    answer = lab.run("310P3", "310P3:1", **lab.faults("lost@310P3:0:20", "lost"))
    assert answer.code in (6, 8), answer.err
    assert "310P3" in answer.err and "dinoq up" in answer.err
    assert "Traceback" not in answer.err


def test_a_batch_that_does_not_compile_fails_alone_with_the_vendors_code(lab: Lab) -> None:
    variables = {"DINOQ_SIM_FAULTS": "compile@310P3:8:E19010", "DINOQ_SIM_STATE": str(lab.folder / "compile")}
    answer = lab.run("310P3", "310P3:1", "--batches", "8,32", **variables)
    assert answer.code == 6, answer.err
    failed, well = answer.json["runs"]
    assert "E19010" in failed["error"] and failed["state"] == "failed"
    assert (well["coverage"]["counted"], well["top1"]["correct"]) == (PHOTOS, TOP1)
    assert "E19010" in lab.shell.dinoq("logs", "last", "--run", "310P3:8").out


def test_simulated_devices_do_not_join_a_fleet_unasked(lab: Lab) -> None:
    answer = lab.run("310P3", "310P3:1", DINOQ_DATABASE_URL=f"sqlite:///{lab.folder / 'fleet.sqlite'}")
    assert (answer.code, "--simulate-into-fleet" in answer.err) == (2, True), answer.err
