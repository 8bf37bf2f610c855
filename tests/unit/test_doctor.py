"""What is tried on a host, and that whatever is wrong becomes a line with its cure, never an end."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from dinoq.jobs.errors import NoBroker
from dinoq.jobs.ledger import FailureClass, Toolchain
from dinoq.workers import doctor, state_folder, trial
from dinoq.workers.check import Check
from dinoq.workers.devices.catalog import LocalDevice, Surroundings, discover
from dinoq.workers.doctor import Host, examine
from dinoq.workers.models.probe import PROBE_ANSWER
from dinoq.workers.tasks import WorkFailed

HERE = Surroundings(host="here", env={}, python="python3")


class Usage(NamedTuple):
    """A disk."""

    total: int
    used: int
    free: int


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host on which all is well, but for what a test breaks; its server and devices are not started for real."""
    monkeypatch.setattr(doctor, "_broker", lambda _: "starts and answers")
    monkeypatch.setattr(trial, "_classes", lambda *_: PROBE_ANSWER)
    monkeypatch.setattr(doctor, "vendor_checks", lambda _: [])
    return Host(
        state=tmp_path / "state",
        store=tmp_path / "store",
        runtime_folder=tmp_path,
        database_url=f"sqlite:///{tmp_path}/state/dinoq.sqlite",
        broker_url=None,
        insecure_broker=False,
        devices=tuple(device for device in discover(HERE).devices if device.vendor == "cpu"),
        env=os.environ,
        where=HERE,
    )


def checks(host: Host) -> dict[str, Check]:
    """Every check by its name."""
    return {check.name: check for check in examine(host)}


def failing(error: Exception) -> Callable[..., object]:
    """What raises this, whatever it is called with."""

    def attempt(*_: object) -> object:
        raise error

    return attempt


def test_where_all_is_well_everything_is_found(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    found = checks(host)
    assert list(found) == ["state folder", "store", "disk", "database", "queue server", "device cpu:0"]
    assert {check.status for check in found.values()} == {"found"}
    assert found["device cpu:0"].text.startswith("PASS: ")


def test_a_small_disk_is_a_warning(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 5 * 10**9))
    assert (checks(host)["disk"].status, checks(host)["disk"].text) == ("warning", "5 GB free for shards")


def test_a_store_that_cannot_be_made_is_broken_and_the_rest_is_still_tried(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = checks(replace(host, store=tmp_path / "file/deep/store"))
    assert (found["store"].status, found["store"].cure) == ("broken", "set DINOQ_STORE")
    assert found["device cpu:0"].status == "found"


def test_a_password_of_the_database_is_not_shown(host: Host) -> None:
    check = checks(replace(host, database_url="mysql://ada:geheim@far/d"))["database"]
    assert check.status == "broken"
    assert "geheim" not in check.text + check.cure


@pytest.mark.parametrize(
    ("error", "text", "cure"),
    [
        (NoBroker("no server.", hint="install one"), "no server.", "install one"),
        (OSError("it does not start"), "it does not start", ""),
    ],
)
def test_a_server_that_does_not_come_up_is_broken(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str, cure: str
) -> None:
    monkeypatch.setattr(doctor, "_broker", failing(error))
    check = checks(host)["queue server"]
    assert (check.status, check.text, check.cure) == ("broken", text, cure)


def test_a_device_that_answers_wrongly_fails(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_classes", lambda *_: [2, 1, 0, 2])
    check = checks(host)["device cpu:0"]
    assert (check.status, check.text) == ("broken", "FAIL: it takes red, green, blue, red for [2, 1, 0, 2]")


def test_a_device_that_dies_is_broken_with_its_reason(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_classes", failing(WorkFailed(FailureClass.DEVICE, "died of signal 11")))
    assert checks(host)["device cpu:0"] == Check("device cpu:0", "broken", "FAIL: died of signal 11")


def test_beside_a_living_up_nothing_is_opened_and_nothing_is_broken(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_classes", failing(AssertionError("it was opened")))
    monkeypatch.setattr(trial, "compiled", failing(AssertionError("atc was run")))
    chain = Toolchain(vendor="ascend", toolkit="CANN 8", origin="real")
    state_folder.prepare(host.state)
    with state_folder.lock(host.state):
        found = checks(replace(host, toolchains=(chain,)))
    assert found["device cpu:0"].text == "not opened: dinoq up works on it"
    assert {found["device cpu:0"].status, found["compiling with CANN 8"].status} == {"warning"}


def test_a_host_without_devices_is_told(host: Host) -> None:
    none: tuple[LocalDevice, ...] = ()
    assert checks(replace(host, devices=none))["devices"].status == "missing"


def test_a_server_that_workers_would_refuse_is_broken_here_too() -> None:
    here = Path("/")
    host = Host(
        state=here,
        store=here,
        runtime_folder=here,
        database_url="",
        broker_url="redis://:geheim@far/0",
        insecure_broker=False,
        devices=(),
        env={},
        where=HERE,
    )
    with pytest.raises(NoBroker, match="in clear"):
        doctor._broker(host)


def test_a_server_program_that_ends_at_once_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setattr(doctor, "server_binary", lambda: program)
    host = Host(
        state=tmp_path,
        store=tmp_path,
        runtime_folder=tmp_path,
        database_url="",
        broker_url=None,
        insecure_broker=False,
        devices=(),
        env=os.environ,
        where=HERE,
    )
    with pytest.raises(OSError, match="server does not start"):
        doctor._broker(host)
