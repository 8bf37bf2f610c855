"""What a host must bring for `dinoq run`, and the sentence where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dinoq.cli.hosting import require_devices
from dinoq.jobs.errors import NoDevice, UsageError
from dinoq.workers.devices.catalog import DISCOVERY_S, Discovered, LocalDevice, Surroundings, discover
from dinoq.workers.devices.npu_smi import TIMEOUT_S
from dinoq.workers.host import Setup
from tests.builders import make_device, make_manifest, make_spec

SPEC = make_spec(make_manifest(4), chips=("310P3",))


def device(*, healthy: bool = True) -> LocalDevice:
    facts = replace(make_device("h", "310P3"), healthy=healthy)
    return LocalDevice(facts=facts, vendor="ascend", options={}, python="python3")


def setup(*devices: LocalDevice, prep_threads: int = 1) -> Setup:
    return Setup(
        host="h",
        state=Path("/nowhere"),
        broker_url=None,
        devices=devices,
        toolchains=(),
        prep_threads=prep_threads,
        worker_argv=(),
        env={},
        vendor_env={},
        runtime_folder=Path("/nowhere"),
    )


def test_random_data_needs_nobody_who_prepares_photos() -> None:
    spec = make_spec(make_manifest(0), chips=("310P3",), rule="pure")
    require_devices(setup(device(), prep_threads=0), Discovered(), spec)


def refusal(host: Setup, found: Discovered) -> tuple[str, str]:
    """Why the host cannot run a job for a 310P3, and what to do."""
    with pytest.raises(NoDevice) as caught:
        require_devices(host, found, SPEC)
    return str(caught.value), caught.value.hint


def test_a_chip_that_is_not_there_is_told_with_what_is_missing() -> None:
    text, hint = refusal(setup(), Discovered(missing={"ascend": "npu-smi is not on this host"}))
    assert text == ("this host has no 310P3 (it has none), and no dinoq up is alive here: npu-smi is not on this host.")
    assert hint.startswith("dinoq doctor; or dinoq up on a 310P3 host")


def test_a_vendor_that_refuses_is_quoted() -> None:
    found = Discovered(troubles=("tensorrt: no", "ascend: may not be used by this user"), missing={"ascend": "x"})
    assert refusal(setup(), found)[0].endswith(": ascend: may not be used by this user.")


def test_a_device_that_was_left_out_is_no_missing_one() -> None:
    text, hint = refusal(setup(), Discovered(devices=(device(),)))
    assert "--device leaves it out" in text
    assert hint == "leave out --device"


def test_an_ill_device_is_told_from_a_missing_one() -> None:
    ill = device(healthy=False)
    text, _ = refusal(setup(ill), Discovered(devices=(ill,)))
    assert text == "no 310P3 of this host is healthy, says its driver: h/310P3:0."


def test_one_healthy_device_is_enough() -> None:
    require_devices(setup(device(healthy=False), device()), Discovered(), SPEC)


def test_nobody_to_prepare_the_photos_is_told() -> None:
    with pytest.raises(UsageError, match="nobody would prepare"):
        require_devices(setup(device(), prep_threads=0), Discovered(), SPEC)


def test_a_host_without_npu_smi_says_so() -> None:
    found = discover(Surroundings(host="h", env={"PATH": "/nowhere"}, python="python3"))
    assert found.why_not("ascend").startswith("npu-smi is not on this host: no Ascend driver")
    assert found.why_not("cpu") == ""


def test_npu_smi_has_the_time_to_say_that_it_hangs() -> None:
    assert DISCOVERY_S > TIMEOUT_S
