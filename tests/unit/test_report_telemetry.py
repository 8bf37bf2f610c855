"""What a report makes of its devices' telemetry, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema  # type: ignore[import-untyped]
import pytest

from dinoq.cli.render import json as as_json
from dinoq.cli.render import markdown, text
from dinoq.cli.render.words import columns
from dinoq.jobs.exclusive import UNTOLD, remark
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.telemetry import Block
from dinoq.jobs.verdicts import Status, Verdict
from tests.builders import make_device, make_manifest, make_spec
from tests.readings import make_block
from tests.reports import make_record, make_results, make_run
from tests.unit.test_render_json import SCHEMA

OTHER = "pid 4127 python3 17.4 GB"
WARM = {"power_w": [57.0, 59.0], "temperature_c": [60, 61], "clock_mhz": [1080, 1080], "utilisation_pct": [95, 97]}
QUIET = {"throttled": [0, 0], "foreign": [0, 0], "power_cap": [0, 0]}


def t4_job(*blocks: Block, overlap: str = "") -> tuple[JobRecord, Manifest]:
    """Two T4s, batch 1; its run lasts from 5 to 15 s of the epoch."""
    manifest, facts = make_manifest(600), [make_device(chip="T4", index=index) for index in (0, 1)]
    results = list(make_results(manifest, 1, devices=[one.key for one in facts]))
    results[0] = replace(results[0], overlap=overlap)
    run = make_run(results, devices=facts, telemetry=blocks)
    return make_record(manifest, make_spec(manifest, chips=("T4",)), [run]), manifest


def report(*blocks: Block, overlap: str = "", strict: bool = False) -> Report:
    return build_report(*t4_job(*blocks, overlap=overlap), strict=strict)


def block(device: str = "host-a/T4:0", **more: object) -> Block:
    return make_block(begun_ms=6_000, device=device, **{**WARM, **QUIET, **more})  # type: ignore[arg-type]


def stability(made: Report) -> Verdict:
    return next(verdict for verdict in made.runs[0].verdicts if verdict.kind == "stability")


def test_each_device_has_its_own_readings() -> None:
    first, second = report(block(), block("host-a/T4:1", power_w=[20.0, 22.0])).runs[0].devices
    assert first.telemetry and second.telemetry
    assert (first.telemetry.power_mean_w, second.telemetry.power_mean_w) == (58.0, 21.0)
    assert report(block()).runs[0].devices[1].telemetry is None


def test_a_quiet_cool_run_is_stable() -> None:
    assert stability(report(block())).status is Status.PASS


def test_foreign_work_seen_by_the_sampler_makes_a_run_unstable() -> None:
    made = report(block(foreign=[0, 1], who=OTHER), strict=True)
    found = stability(made)
    assert (found.status, made.exit_code) == (Status.UNSTABLE, 5)
    assert found.text == f"contaminated: foreign work on host-a/T4:0 ({OTHER})"


def test_foreign_work_seen_by_a_worker_makes_a_run_unstable_and_is_told_once() -> None:
    overlap = f"compiling, {remark('host-a/T4:0', [OTHER])}"
    assert stability(report(overlap=overlap)).text == f"contaminated: foreign work on host-a/T4:0 ({OTHER})"
    assert stability(report(block(foreign=[1, 1], who="pid 2"), overlap=overlap)).text.count("contaminated") == 1


def test_a_single_reading_of_heat_makes_a_run_unstable() -> None:
    found = stability(report(block(throttled=[0, 1], reasons="hardware thermal slowdown")))
    assert found.status is Status.UNSTABLE
    assert found.text == "host-a/T4:0 was throttled in 50 % of its readings (hardware thermal slowdown)"


def test_a_power_cap_alone_is_told_and_stable() -> None:
    made = report(block(power_cap=[1, 0]))
    assert stability(made).status is Status.PASS
    assert "at the power cap in 50 %" in text.render(made)


def test_disturbances_before_and_after_the_run_are_not_its_own() -> None:
    made = [replace(block(throttled=[1, 1]), begun_ms=at_ms) for at_ms in (3_000, 15_001)]
    assert stability(report(*made)).status is Status.PASS


def test_where_nobody_could_tell_it_is_noted_and_no_foreign_work() -> None:
    made = report(overlap=UNTOLD)
    assert made.runs[0].notes == ("idle: cannot tell for 1 of 3 parts whether others worked on their device",)
    assert stability(made).status is Status.PASS


def test_the_terminal_shows_one_line_of_sensors() -> None:
    line = "  sensors T4 bs1: power 58 W, 61 C, clock 1080 MHz, 1.0 samples/s"
    assert line in text.render(report(block())).splitlines()
    assert "sensors" not in text.render(report())
    assert "T4 bs1, sensors: power 58 W, 61 C, clock 1080 MHz, 1.0 samples/s" in markdown.render(report(block()))


def test_several_devices_are_shown_as_ranges() -> None:
    made = report(block(), block("host-a/T4:1", power_w=[20.0, 22.0], clock_mhz=[900, 900], per_s=0.5))
    assert "power 21-58 W, 61 C, clock 900-1080 MHz, 0.5-1.0 samples/s" in text.render(made)


@pytest.mark.parametrize("who", ["pid 1 " + "x" * 300, "pid 1 \x1b[2J\n"])
def test_no_process_can_widen_the_report_or_move_its_cursor(who: str) -> None:
    shown = text.render(report(block(foreign=[1, 1], who=who), overlap=remark("host-a/T4:0", [who])))
    assert max(map(columns, shown.splitlines())) <= 80
    assert "\x1b" not in shown


def test_readings_are_in_the_json_report_and_fit_its_schema() -> None:
    told = json.loads(as_json.render(report(block())))
    jsonschema.validate(told, SCHEMA)
    first, second = told["runs"][0]["devices"]
    assert (first["telemetry"]["samples"], first["telemetry"]["power_max_w"]) == (2, 59.0)
    assert (first["telemetry"]["throttled"], second["telemetry"]) == (0.0, None)
