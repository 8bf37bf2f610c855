"""The report for machines: version 1 of the interface."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import dinoq.cli.render
from dinoq.cli.render.json import render
from dinoq.jobs.record import DeviceTrouble, FailedPart, FencedRecord, JobRecord
from dinoq.jobs.report import build_report
from tests.modes import mode_job
from tests.reports import beside_cpu, cpu_job, paced, report_of, two_chip_job

SCHEMA = json.loads((Path(dinoq.cli.render.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))


def no_constant(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def read(text: str) -> Any:
    return json.loads(text, parse_constant=no_constant)


def empty_job() -> JobRecord:
    """Nothing has happened yet."""
    record, _ = cpu_job(batches=(1,))
    run = replace(
        record.runs[0], results=(), devices=(), artifact=None, origin=None, state="waiting", toolkit="", arch=""
    )
    run = replace(run, first_start_ms=None, last_finish_ms=None)
    slices = tuple(replace(piece, readable=None) for piece in record.slices)
    return replace(record, runs=(run,), state="active", fingerprint=None, finished_at=None, slices=slices)


def damaged_job() -> JobRecord:
    """Each count of the coverage is above zero."""
    record, _ = cpu_job(768, batches=(1,), unreadable=(3,))
    late = (FencedRecord(no=1, digest="ab"),)
    failed = (FailedPart(no=2, first=256, count=256, error="boom"),)
    run = replace(
        record.runs[0], results=record.runs[0].results[::2], fenced=late, failed=failed, state="failed", error="boom"
    )
    return replace(record, runs=(run,), state="failed")


JOBS = {
    "cpu": cpu_job(20),
    "two chips": two_chip_job(),
    "simulated": two_chip_job(("simulated", "real"), samples=256),
    "paced": paced(beside_cpu(), "310P3"),
    "random data": mode_job("pure"),
    "recipe": mode_job(chips=("310P3", "T4")),
    "empty": (empty_job(), cpu_job(batches=(1,))[1]),
    "damaged": (damaged_job(), cpu_job(768)[1]),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_report_fits_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(read(render(report_of(JOBS[name]))))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_would_notice_a_missing_field() -> None:
    values = read(render(report_of(JOBS["cpu"])))
    del values["runs"][0]["coverage"]["conflicts"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(values)


def test_the_promised_shape_is_there() -> None:
    values = read(render(report_of(JOBS["cpu"])))
    assert {"version", "job", "state", "exit_code", "model", "dataset", "recipe", "runs"} <= set(values)
    assert {"sha256"} <= set(values["model"]) and {"fingerprint", "samples"} <= set(values["dataset"])
    run = values["runs"][0]
    assert {"chip", "batch", "precision", "simulated", "devices", "verdicts"} <= set(run)
    assert {"expected", "counted", "unreadable", "duplicates", "conflicts"} <= set(run["coverage"])
    assert set(run["top1"]) == set(run["top5"]) == {"correct", "accuracy", "low", "high"}
    assert {"compute", "device", "pipeline", "job"} <= set(run["throughput"])
    assert set(run["latency_ms"]) == {"n", "min", "mean", "p50", "p90", "p95", "p99", "max", "cv"}
    assert {"kind", "status", "text"} <= set(run["verdicts"][0])


def test_values_are_those_of_the_report() -> None:
    values = read(render(report_of(cpu_job(20, wrong=range(6)))))
    assert (values["version"], values["job"], values["state"], values["exit_code"]) == (1, 42, "done", 0)
    run = values["runs"][1]
    assert (run["chip"], run["batch"], run["simulated"], run["top1"]["correct"], run["top1"]["accuracy"]) == (
        "cpu",
        16,
        False,
        14,
        0.7,
    )
    assert run["devices"][0]["host"] == "host-a"
    assert values["created_at"] == "2026-11-23T14:02:00+00:00"


def test_undefined_is_null_and_says_why() -> None:
    run = read(render(report_of(JOBS["empty"])))["runs"][0]
    assert set(run["top1"].values()) == {None}
    assert {key: value for key, value in run["latency_ms"].items() if value is not None} == {"n": 0}
    assert (run["throughput"]["compute"], run["simulated"], run["artifact"]) == (None, None, None)
    assert set(run["throughput"]["why_null"]) == {"compute", "device", "pipeline", "job"}


def test_each_count_of_the_proof_shows() -> None:
    values = read(render(report_of(JOBS["damaged"])))
    assert values["runs"][0]["coverage"] == {
        "expected": 768,
        "counted": 511,
        "unreadable": 1,
        "missing": 256,
        "duplicates": 1,
        "conflicts": 1,
        "missing_spans": [{"first": 256, "count": 256}],
    }
    assert values["unreadable"] == [{"name": "photo-000004.jpg", "reason": "truncated"}]
    assert values["exit_code"] == 6


def test_a_ratio_names_its_scope_and_unit() -> None:
    ratio = read(render(report_of(JOBS["two chips"])))["ratios"][0]
    assert (ratio["chip"], ratio["against"], ratio["scope"], ratio["unit"]) == ("310", "T4", "compute", "card")


def test_any_name_survives() -> None:
    record, manifest = cpu_job(batches=(1,))
    nasty = '"名\n\udcff</script>'
    report = build_report(replace(record, spec=replace(record.spec, name=nasty)), manifest)
    text = render(report)
    assert read(text)["name"] == nasty
    assert text.isascii()


def test_agreement_pace_and_refusals_are_values() -> None:
    values = read(render(report_of(JOBS["paced"])))
    run, cpu = values["runs"][0], values["runs"][2]
    assert run["agreement"] == {
        "against": {"chip": "cpu", "batch": 1},
        "samples": 400,
        "same_top1": 398,
        "share": 0.995,
        "only_here_right": 2,
        "only_there_right": 0,
    }
    assert (run["virtual"], run["pace"], cpu["virtual"], cpu["pace"], cpu["agreement"]) == (
        *(True, "published"),
        *(False, None, None),
    )
    assert values["ratios"] == []
    assert values["refused_ratios"] == [
        {"chip": "310P3", "against": "cpu", "why": "simulated and real figures are never divided"}
    ]


def test_devices_beside_their_peers_and_those_left_out_are_values() -> None:
    record, manifest = two_chip_job()
    lost = DeviceTrouble(device="gone", failures=2, error="lost", went_on=False)
    run = replace(record.runs[0], troubles=(lost,))
    found = read(render(build_report(replace(record, runs=(run, *record.runs[1:])), manifest)))["runs"][0]
    assert found["left_out"] == [{"device": "gone", "why": "failed 2 times: lost"}]
    assert [one["outlier"] for one in found["devices"]] == [False] * 4
    assert all(abs(one["off_median"]) < 0.01 for one in found["devices"])
    jsonschema.Draft202012Validator(SCHEMA["$defs"]["run"] | {"$defs": SCHEMA["$defs"]}).validate(found)
