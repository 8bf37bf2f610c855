"""Rows that no worker could have written are refused, and so are logits that are not what they are called."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dinoq.jobs.carried import Carried, CarriedFigures
from dinoq.jobs.carried_text import to_members
from dinoq.jobs.errors import BadExchange, BadFolder
from dinoq.jobs.result import UNRANKED, Predictions, Times
from dinoq.jobs.telemetry import Samples
from dinoq.workers.packing import pack
from dinoq.workers.unpacking import unpack
from tests.builders import sha256
from tests.carried import UUID, add, edit, jobs_of, make_carried, packed, refused, spoilt, with_figures

SHA256 = sha256("logits")
LOGITS = f"logits/{SHA256[:2]}/{SHA256}.f32"


# -- rows that lie ----------------------------------------------------------------------------------------------------

FAR = Times.from_blob(make_carried().results[0].times)
LIES: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a state of its own": (edit("job", state="active"), "only jobs that have ended travel"),
    "a queued item": (edit("items", 2, state="queued"), "'queued'; it has not ended"),
    "an open run": (edit("runs", state="open"), "run 1 is 'open'; it has not ended"),
    "another batch": (edit("runs", batch=32), "is another"),
    "an origin of its own": (edit("runs", origin="dreamt"), "of the origin 'dreamt'"),
    "no artifact": (edit("runs", artifact_key="00"), "an artifact that is absent"),
    "an artifact of another chip": (edit("artifacts", chip="T4"), "is not what run 1 asks for"),
    "an artifact of another model": (edit("artifacts", model_sha256="00"), "is of another model"),
    "an artifact without a sha256": (edit("artifacts", sha256="../x"), "has no sha256"),
    "a part beyond": (edit("results", 1, first=45, count=255), "is no part that is done"),
    "a column more": (edit("items", colour="red"), "'colour', which this dinoq does not know"),
    "a text for a number": (edit("items", count="9"), "count is '9'; expected a whole number"),
    "a negative count": (edit("items", token=-1), "token is -1"),
    "a gap": (edit("items", 2, count=255), "do not tile the dataset"),
    "a part of no run": (edit("items", 2, run_no=9), "is of no run"),
    "one more right than predicted": (edit("results", top1=254), "its predictions (255, 1, 255, 255)"),
    "an unreadable one counted": (edit("results", n=256, unreadable=0), "its predictions (255, 1, 255, 255)"),
    "a result of no part": (edit("results", no=9), "is no part that is done"),
    "a blob elsewhere": (edit("results", 1, predictions=[0, 10]), "does not lie where the one before ends"),
    "an attempt of nothing": (edit("attempts", no=9), "which is absent"),
    "an outcome of its own": (edit("attempts", outcome="won"), "ended as 'won'"),
    "a time beyond dates": (edit("job", created_ms=2**62), "created_ms is"),
    "a device of another name": (edit("runs", devices={"x": {}}), "has no field 'key'"),
    "a NUL": (edit("runs", error="a\0b"), "holds what is no text"),
    "a half character": (edit("runs", error="\udc80"), "holds what is no text"),
    "no uuid": (edit("job", uuid="aa"), "is of job aa"),
    "logits outside": (edit("results", logits="../../x"), "no place of a store"),
}


@pytest.mark.parametrize("lie", LIES)
def test_rows_that_no_worker_could_have_written_are_refused(tmp_path: Path, lie: str) -> None:
    change, told = LIES[lie]
    assert told in refused(spoilt(packed(tmp_path), change))


@pytest.mark.parametrize("version", [2, "1"])
def test_a_spec_of_another_version_is_refused(tmp_path: Path, version: object) -> None:
    spec = make_carried().job.spec.to_json() | {"version": version}
    assert "job.json.spec" in refused(spoilt(packed(tmp_path), edit("job", spec=spec)))


@pytest.mark.parametrize(
    "clock", [{"fed_ms": float("nan")}, {"done_ms": 1e300}, {"done_ms": 0.0}, {"loading_ms": -1e300}]
)
def test_a_clock_that_no_device_has_is_refused(tmp_path: Path, clock: dict[str, float]) -> None:
    job = make_carried()
    odd = replace(job.results[0], times=replace(FAR, **clock).to_blob())  # type: ignore[arg-type]
    assert "part 1 of run 1" in refused(packed(tmp_path, replace(job, results=[odd, *job.results[1:]])))


def test_a_sample_that_is_right_though_not_evaluated_is_refused(tmp_path: Path) -> None:
    job = make_carried()
    found = Predictions.from_blob(job.results[0].predictions)
    classes = found.classes.copy()
    classes[1, 4] = job.manifest.labels[1]
    odd = replace(job.results[0], predictions=replace(found, classes=classes).to_blob(), top5=256)
    assert "has more right than evaluated" in refused(packed(tmp_path, replace(job, results=[odd, *job.results[1:]])))


def with_gates(*gates: str) -> Carried:
    """A job that reports are to judge by these."""
    job = make_carried()
    return replace(job, job=replace(job.job, spec=replace(job.job.spec, gates=gates)))


def test_gates_travel(tmp_path: Path) -> None:
    job = with_gates("cpu@1 >= 100 img/s")
    assert jobs_of(packed(tmp_path, job)) == (job,)


@pytest.mark.parametrize("gate", ["", "fast", "cpu >= 1", "cpu @1>=100 img/s"])
def test_a_gate_that_no_report_could_judge_by_is_refused(tmp_path: Path, gate: str) -> None:
    assert "a gate is none" in refused(packed(tmp_path, with_gates(gate)))


def with_nan(job: Carried) -> Carried:
    """The fourth photo was answered with NaN."""
    found = Predictions.from_blob(job.results[0].predictions)
    classes = found.classes.copy()
    classes[3] = UNRANKED
    odd = replace(job.results[0], predictions=replace(found, classes=classes).to_blob(), top1=254, top5=254)
    return replace(job, results=[replace(odd, nonfinite=1), *job.results[1:]])


def test_answers_with_nan_travel_and_are_counted_again(tmp_path: Path) -> None:
    job = with_nan(make_carried())
    assert jobs_of(packed(tmp_path, job)) == (job,)
    lie = replace(job, results=[replace(job.results[0], nonfinite=0), *job.results[1:]])
    assert "counts 0 samples answered with NaN or Inf, its predictions 1" in refused(packed(tmp_path, lie))


def test_a_file_says_nothing_of_nan_where_there_is_none_as_files_of_before() -> None:
    name = f"jobs/{UUID}/results.jsonl"
    assert b"nonfinite" not in to_members(make_carried())[name]
    assert to_members(with_nan(make_carried()))[name].count(b'"nonfinite": 1') == 1


def test_blobs_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    job = make_carried()
    times = replace(job, results=[replace(job.results[0], times=b"short"), *job.results[1:]])
    readings = replace(job, telemetry=[replace(job.telemetry[0], samples=job.telemetry[0].samples[:-1])])
    assert Samples.from_blob(job.telemetry[0].samples)
    assert "the times of part 1 of run 1 cannot be read" in refused(packed(tmp_path, times))
    assert "telemetry of host-a/cpu:0 cannot be read" in refused(packed(tmp_path, readings))


def test_a_part_on_random_data_needs_no_slice(tmp_path: Path) -> None:
    job = make_carried()
    spec = replace(job.job.spec, runs=(replace(job.job.spec.runs[0], mode="pure"),))
    parts = [replace(item, slice_no=0, first=0, count=0) for item in job.items if item.key == ("infer", 1, 1)]
    results = [replace(job.results[0], count=0, n=0, top1=0, top5=0, unreadable=0, predictions=b"")]
    rest = [item for item in job.items if item.kind != "infer"]
    pure = replace(
        job, job=replace(job.job, spec=spec), runs=[replace(job.runs[0], mode="pure")], items=[*rest, *parts]
    )
    attempts = [one for one in job.attempts if one.key in {item.key for item in pure.items}]
    pure = replace(pure, results=results, attempts=attempts)
    assert jobs_of(packed(tmp_path, pure)) == (pure,)


def test_figures_of_another_tool_travel(tmp_path: Path) -> None:
    job = with_figures(latency={"mean": 1.0, "percentiles": {"99": 2.0}})
    assert jobs_of(packed(tmp_path, job)) == (job,)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"rates": {"compute": 0}}, "a rate of run 1 is none"),
        ({"rates": {"guess": 1.0}}, "expected one of compute, device, pipeline, job"),
        ({"top_k": [75.3]}, "an accuracy of run 1 is none"),
        ({"latency": {"mean": 1.0, "percentiles": {"most": 2.0}}}, "expected an object with numbers for names"),
        ({"colour": "red"}, "which this dinoq does not know"),
        ({"facts": {}}, "do not say 'precision', not even that it is unknown"),
        ({"latency": {"mean": 1.0}}, "figures of run 1 have no 'percentiles'"),
    ],
)
def test_figures_that_no_tool_could_tell_are_refused(tmp_path: Path, lie: dict[str, Any], told: str) -> None:
    assert told in refused(packed(tmp_path, with_figures(**lie)))


def test_figures_that_no_report_could_read_are_refused(tmp_path: Path) -> None:
    bare = CarriedFigures(run_no=1, told={"tool": "x", "kind": "y"})
    assert "have no 'files'" in refused(packed(tmp_path, replace(with_figures(), imported=[bare])))


def test_an_imported_run_without_figures_is_refused(tmp_path: Path) -> None:
    assert "an imported run has no figures" in refused(packed(tmp_path, replace(with_figures(), imported=[])))


def test_the_same_row_twice_is_refused(tmp_path: Path) -> None:
    job = make_carried()
    assert "one item twice" in refused(packed(tmp_path, replace(job, items=[*job.items, job.items[-1]])))


# -- logits -----------------------------------------------------------------------------------------------------------


def with_logits(folder: Path) -> Carried:
    """A job whose first part has logits in the store `folder`."""
    job = make_carried()
    (folder / LOGITS).parent.mkdir(parents=True)
    (folder / LOGITS).write_bytes(b"logits")
    return replace(job, results=[replace(job.results[0], logits=LOGITS), *job.results[1:]])


def test_logits_go_from_store_to_store(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    place_logits(tmp_path, tmp_path / "two")
    assert (tmp_path / "two" / LOGITS).read_bytes() == b"logits"


def place_logits(folder: Path, store: Path, *, named: Collection[str] = (LOGITS,)) -> None:
    """What an import does with the logits of `x.dinoq` when these are named in the end."""
    store.mkdir(exist_ok=True)
    with unpack(folder / "x.dinoq") as unpacked, unpacked.logits_in(folder / "x.dinoq", store, lambda _: named):
        assert (store / LOGITS).exists()


def test_logits_that_no_job_names_in_the_end_go_again(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    place_logits(tmp_path, tmp_path / "two", named=())
    place_logits(tmp_path, tmp_path / "one", named=())
    assert not (tmp_path / "two" / LOGITS).exists() and (tmp_path / "one" / LOGITS).exists()


def test_a_store_without_room_for_logits_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 5}))
    with pytest.raises(BadFolder, match="has 0 MiB free, and these logits need 1 MiB"):
        place_logits(tmp_path, tmp_path / "two")
    assert list((tmp_path / "two").iterdir()) == []


def test_logits_that_the_store_has_damaged_are_not_passed_over(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    (tmp_path / "one" / LOGITS).write_bytes(b"others")
    with pytest.raises(BadExchange, match="the store holds another"):
        place_logits(tmp_path, tmp_path / "one")
    assert (tmp_path / "one" / LOGITS).read_bytes() == b"others"


def test_logits_that_are_not_what_their_name_says_are_refused(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    assert f"{LOGITS} is not what its name says" in refused(spoilt(tmp_path / "x.dinoq", add(LOGITS)))


def test_logits_that_a_row_names_must_be_there(tmp_path: Path) -> None:
    assert f"it lacks {LOGITS}" in refused(spoilt(packed(tmp_path), edit("results", logits=LOGITS)))


def test_without_its_logits_a_job_says_nothing_of_them(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one")
    assert jobs_of(tmp_path / "x.dinoq") == (make_carried(),)


def test_logits_that_are_gone_are_named(tmp_path: Path) -> None:
    job = with_logits(tmp_path / "one")
    (tmp_path / "one" / LOGITS).unlink()
    with pytest.raises(BadFolder, match=f"{SHA256}.f32 cannot be read: No such file"):
        pack(tmp_path / "x.dinoq", [job], tmp_path / "one", logits=True)
