"""Devices that a run went on without."""

from dataclasses import replace

import pytest

from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.left_out import bound_otherwise, left_out, went_on
from dinoq.jobs.record import DeviceTrouble, FleetDevice, RunRecord
from tests.builders import make_device, make_manifest
from tests.reports import make_results, make_run

MANIFEST = make_manifest(4)
GOOD, BAD = (make_device("cann-07", "310P3", index) for index in (0, 1))


def run(*fleet: FleetDevice, troubles: tuple[DeviceTrouble, ...] = ()) -> RunRecord:
    """One that GOOD alone ended, bound to `kit 1`; it began at 5000 ms."""
    made = make_run(make_results(MANIFEST, 1, devices=[GOOD.key]), toolkit="kit 1", devices=[GOOD])
    return replace(made, fleet=(FleetDevice(facts=GOOD, state="ok"), *fleet), troubles=troubles)


def faulty(failed_ms: int | None = None, facts: DeviceFacts = BAD) -> FleetDevice:
    return FleetDevice(facts=facts, state="faulty", failed_ms=failed_ms)


def trouble(failures: int = 2, *, went_on: bool = False) -> DeviceTrouble:
    return DeviceTrouble(device=BAD.key, failures=failures, error="507018 lost", went_on=went_on)


def why(record: RunRecord) -> dict[str, str]:
    return {one.device: one.why for one in left_out(record)}


def test_a_run_of_healthy_devices_is_without_nobody() -> None:
    assert left_out(run(FleetDevice(facts=BAD, state="ok"))) == ()


def test_a_device_that_was_set_aside_is_listed_with_what_it_said() -> None:
    found = why(run(faulty(6000), troubles=(trouble(),)))
    assert found == {"cann-07/310P3:1": "failed 2 times; set aside as faulty: 507018 lost"}


def test_it_stays_listed_when_it_is_trusted_again() -> None:
    found = why(run(FleetDevice(facts=BAD, state="ok"), troubles=(trouble(1),)))
    assert found == {"cann-07/310P3:1": "failed once: 507018 lost"}


def test_a_device_that_failed_and_went_on_is_told_but_not_left_out() -> None:
    record = run(FleetDevice(facts=BAD, state="ok"), troubles=(trouble(1, went_on=True),))
    assert left_out(record) == ()
    assert went_on(record) == ("cann-07/310P3:1 failed once and went on: 507018 lost",)


@pytest.mark.parametrize(("failed_ms", "listed"), [(4000, True), (6000, False), (None, True)])
def test_a_device_is_listed_when_it_was_faulty_as_the_run_began(failed_ms: int | None, listed: bool) -> None:
    assert bool(why(run(faulty(failed_ms)))) is listed


def test_a_device_with_another_toolkit_is_listed_with_both() -> None:
    other = replace(BAD, toolkit="kit 2")
    found = why(run(FleetDevice(facts=other, state="ok")))
    assert found == {"cann-07/310P3:1": "has kit 2; the run is bound to kit 1"}


def test_a_device_with_results_is_not_listed_for_the_toolkit_it_got_later() -> None:
    record = replace(run(), fleet=(FleetDevice(facts=replace(GOOD, toolkit="kit 2"), state="faulty"),))
    assert left_out(record) == ()


def test_nothing_differs_from_a_run_that_is_bound_to_nothing() -> None:
    assert bound_otherwise(BAD, "", "") == ""
    assert bound_otherwise(BAD, "kit 1", "aarch64") == "is in an x86_64 host; the run is bound to aarch64"


def test_a_device_that_the_fleet_forgot_keeps_its_key() -> None:
    assert [one.device for one in left_out(run(troubles=(trouble(),)))] == [BAD.key]
