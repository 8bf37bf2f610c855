"""What a host's devices are called, and which of them are used."""

from __future__ import annotations

import platform

import pytest

from dinoq.jobs.errors import NoDevice
from dinoq.workers.devices import catalog
from dinoq.workers.devices.catalog import LocalDevice, Surroundings, discover, narrowed
from tests.builders import make_device

HERE = Surroundings(host="cpu-1", env={"PATH": "/nowhere"}, python="python3")


def local(chip: str, index: int) -> LocalDevice:
    return LocalDevice(facts=make_device("h", chip, index), vendor="", options={}, python="python3")


def test_a_container_that_is_made_anew_has_the_same_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "MACHINE_IDS", ("/nowhere/machine-id",))
    keys = []
    for container in ("3f2a", "99bc"):
        monkeypatch.setattr(platform, "node", lambda container=container: container)
        keys += [device.facts.key for device in discover(HERE).devices if device.vendor == "cpu"]
    assert keys == ["cpu-1/cpu-1/cpu:0"] * 2


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["T4:0", "T4:1", "cpu:0"]),
        ("T4", ["T4:0", "T4:1"]),
        ("T4:1,cpu:0", ["T4:1", "cpu:0"]),
        ("0", ["T4:0", "cpu:0"]),
        ("none", []),
    ],
)
def test_devices_are_chosen_by_index_name_or_chip(wanted: str | None, names: list[str]) -> None:
    there = [local("T4", 0), local("T4", 1), local("cpu", 0)]
    assert [device.name for device in narrowed(there, wanted)] == names


def test_a_device_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NoDevice, match="device '310P3' is not on this host; it has cpu:0"):
        narrowed([local("cpu", 0)], "310P3")
