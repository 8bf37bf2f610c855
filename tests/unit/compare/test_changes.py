"""What is said to have changed between two runs."""

from dataclasses import replace
from typing import Any

from dinoq.jobs.compare.changes import changes
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.ledger import ArtifactRef
from tests.builders import make_device, sha256
from tests.comparisons import make_side
from tests.readings import make_block


def changed(a: Side, b: Side) -> dict[str, tuple[str | None, str | None]]:
    return {one.what: (one.a, one.b) for one in changes(a, b) if not one.same}


def with_report(side: Side, **values: Any) -> Side:
    return replace(side, report=replace(side.report, **values))


def with_run(side: Side, **values: Any) -> Side:
    return with_report(side, runs=(replace(side.run, **values),))


def test_a_run_has_not_changed_from_itself() -> None:
    assert changed(make_side(), make_side()) == {}


def test_toolkit_artifact_and_flags_are_named_with_both_values() -> None:
    made = ArtifactRef(key="k", uri="u", sha256=sha256("other"))
    there = with_run(make_side(), artifact=made, toolkit="kit 2", flags={"b": "2", "a": "1"})
    found = changed(make_side(toolkit="kit 1"), there)
    assert found["toolkit"] == ("kit 1", "kit 2")
    assert found["artifact"] == (sha256("artifact"), sha256("other"))
    assert found["flags"] == ("none", "a=1 b=2")


def test_another_model_under_the_same_name_changes_its_sha256_alone() -> None:
    side = make_side()
    there = with_report(side, model=replace(side.report.model, sha256=sha256("other")))
    assert list(changed(side, there)) == ["model sha256"]


def test_a_parameter_of_a_recipe_is_named_where_its_version_stayed() -> None:
    side = make_side()
    there = with_report(side, recipe=replace(side.report.recipe, resize=224, source="elsewhere"))
    assert changed(side, there) == {"recipe resize": ("256", "224")}


def test_drivers_hosts_and_devices_are_those_that_gave_results() -> None:
    device = replace(make_device("host-b", chip="T4"), key="host-a/T4:0", driver="535.2")
    found = changed(make_side(), make_side(devices=(device,)))
    assert found == {
        "driver": (None, "535.2"),
        "host": ("host-a", "host-b"),
        "devices": ("host-a/T4:0", "host-b/T4:0"),
    }


def test_the_dinoq_that_worked_a_run_is_a_dash_for_older_ones() -> None:
    there = make_side(programs={"host-a/T4:0": {"dinoq": "0.9"}})
    assert changed(make_side(), there) == {"dinoq": (None, "0.9")}


def test_clocks_may_waver_by_a_hundredth() -> None:
    def at(mhz: float) -> Side:
        return make_side(telemetry=(make_block(begun_ms=6_000, clock_mhz=[mhz] * 3),))

    assert "clock" not in changed(at(1080), at(1085))
    assert changed(at(1080), at(900))["clock"] == ("1080 MHz", "900 MHz")


def test_without_a_fingerprint_the_list_of_photos_stands_for_the_dataset() -> None:
    found = changed(make_side(), make_side(fingerprint=None))["dataset"]
    assert found == ("fingerprint f1", f"manifest {make_side().manifest.id}")
