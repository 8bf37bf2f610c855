"""What the terminal's report says of the devices and cards of a run."""

from dataclasses import replace

from dinoq.cli.render.json import to_values
from dinoq.cli.render.markdown import render as markdown
from dinoq.cli.render.text import render
from dinoq.jobs.record import FleetDevice
from dinoq.jobs.report import build_report
from dinoq.jobs.spec import GivenArtifact
from tests.reports import beside_cpu, make_times, two_chip_job


def test_the_outlier_among_devices_is_named() -> None:
    record, manifest = two_chip_job()
    slow = [replace(one, times=make_times([3.2] * 300).to_blob()) for one in record.runs[0].results]
    key = record.runs[0].devices[2].key
    results = [late if late.device == key else one for late, one in zip(slow, record.runs[0].results, strict=True)]
    text = render(build_report(replace(record, runs=(replace(record.runs[0], results=tuple(results)),)), manifest))
    # 1000 / 3.2 against 401.6 images/s
    assert "4 devices, 23.5 % between them; cann-07/310:2 is 22.2 % below the median" in " ".join(text.split())


def test_how_a_program_was_made_and_works_is_told_in_every_format() -> None:
    record, manifest = two_chip_job()
    key = record.runs[3].devices[0].key
    programs = {key: {"cuda_graph": "0, capture failed", "precision_route": "flag", "batch": "1"}}
    spec = replace(record.spec, runs=(replace(record.spec.runs[0], flags={"log": "info"}), *record.spec.runs[1:]))
    runs = (*record.runs[:3], replace(record.runs[3], programs=programs), *record.runs[4:])
    report = build_report(replace(record, spec=spec, runs=runs), manifest)
    text = render(report)
    assert "Program   310 bs1: log=info\n" in text
    assert "          T4 bs1: cuda_graph 0, capture failed, precision_route flag\n" in text
    assert r"log=info, cann-07/310:0" in markdown(report)
    assert r"cuda\_graph 0, capture failed, precision\_route flag, cann-07/T4:0" in markdown(report)
    values = to_values(report)["runs"]
    assert isinstance(values, list)
    assert (values[0]["flags"], values[3]["devices"][0]["program"]) == ({"log": "info"}, programs[key])


def test_the_precision_of_an_artifact_made_elsewhere_is_not_claimed() -> None:
    record, manifest = two_chip_job()
    given = GivenArtifact(uri="artifacts/x.om", sha256="0" * 64, name="x.om")
    spec = replace(record.spec, runs=(replace(record.spec.runs[0], given=given), *record.spec.runs[1:]))
    report = build_report(replace(record, spec=spec), manifest)
    assert "\n  310   bs1    -   " in render(report)
    assert "made elsewhere (x.om), precision as given" in render(report)
    assert "| 310 | 1 | as given |" in markdown(report)
    assert max(map(len, render(report).splitlines())) <= 80


def test_a_measured_card_says_so() -> None:
    record, manifest = two_chip_job()
    runs = [
        replace(run, devices=tuple(replace(one, card=f"24-{one.index}") for one in run.devices)) for run in record.runs
    ]
    text = render(build_report(replace(record, runs=tuple(runs)), manifest))
    assert "310: bs1 1606.4, bs16 2440.0 images/s, measured, its 4 chips together" in text
    # Too few batches on one of the four.
    assert "310: bs64 2239.8 images/s, extrapolated as compute x 4 chips" in text


def test_devices_left_out_are_named_with_their_reason() -> None:
    record, manifest = beside_cpu("real")
    other = replace(record.runs[0].devices[0], key="other", index=1, toolkit="kit 2")
    runs = [replace(run, fleet=(FleetDevice(facts=other, state="ok"),), toolkit="kit 1") for run in record.runs[:2]]
    text = render(build_report(replace(record, runs=(*runs, *record.runs[2:])), manifest))
    assert "  without lab/310P3:1 (310P3 bs1 bs4): has kit 2; the run is bound to kit 1\n" in text
