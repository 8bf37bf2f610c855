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
    print(answer.err, answer.out)
    assert answer.code == 0, answer.err
    report = answer.json
    assert counts(report) == {"310P3": (PHOTOS, TOP1), "T4": (PHOTOS, TOP1)}
    assert lab.predictions(report["job"]) == lab.predictions(UNDISTURBED)
    print(lab.health())
    print(lab.shell.dinoq("logs", report["job"]).out)
    assert 0
