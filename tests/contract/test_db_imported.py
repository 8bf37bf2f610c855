"""Imported runs in the ledger: whole or not at all, once, never scheduled, and reported as told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dinoq.db.engine import Database
from dinoq.db.fleet import register_device
from dinoq.db.hints import first_hints
from dinoq.db.imported import Foreign, Stored, store_imported
from dinoq.db.jobs import cancel, retry
from dinoq.db.log import job_log
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record, load_manifest
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job
from dinoq.jobs.errors import UsageError
from dinoq.jobs.formats.readers import read
from dinoq.jobs.ledger import Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.report import build_report
from dinoq.jobs.spec import DataRef, JobSpec, RunSpec
from dinoq.jobs.told import SourceFile, Told
from dinoq.workers.data.dumps import in_order, open_dump, score
from tests.builders import OWNER, make_device, make_manifest, make_spec, sha256
from tests.foreign import IMPOSSIBLE_310P, perf_file, write_dump

IDENTITY = "0123456789abcdef" * 2


def told_of(batch: int, rate: str) -> Told:
    """What the speed file of this batch tells."""
    name = f"perf_vision_batchsize_{batch}_device_0.txt"
    return replace(read(perf_file(rate), name).told, files=(SourceFile(name, sha256(name)),))


def spec_of(manifest: Manifest, chip: str, batches: tuple[int, ...]) -> JobSpec:
    """A job of imported runs."""
    runs = tuple(
        RunSpec(run_no=no, chip=chip, batch=batch, precision="fp16", mode="imported")
        for no, batch in enumerate(batches, start=1)
    )
    data = DataRef(source="none", manifest_id=manifest.id, samples=len(manifest))
    return replace(make_spec(make_manifest(4)), data=data, runs=runs)


def store(db: Database, chip: str, rates: dict[int, str], origin: Origin = "real") -> Stored:
    """Speed files, one for each batch."""
    nothing = Manifest((), ())
    spec = spec_of(nothing, chip, tuple(rates))
    runs = {
        no: Foreign(told=told_of(batch, rate), origin=origin) for no, (batch, rate) in enumerate(rates.items(), start=1)
    }
    return store_imported(db, spec, nothing, runs, owner=OWNER, identity=IDENTITY)


def test_an_import_is_an_ended_job_without_work(db: Database) -> None:
    job = store(db, "310", {16: "601.67"}).job
    assert job_progress(db, job).state == "done"
    assert first_hints(db, job) == []
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 0


def test_the_same_import_is_recognised(db: Database) -> None:
    first, again = store(db, "310", {16: "601.67"}), store(db, "310", {16: "601.67"})
    assert (first.repeated, again) == (False, Stored(first.job, repeated=True))
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_what_was_told_comes_back_as_it_was(db: Database) -> None:
    job = store(db, "310", {1: "380.377", 16: "601.67"}).job
    runs = job_record(db, job).runs
    assert [run.told for run in runs] == [told_of(1, "380.377"), told_of(16, "601.67")]
    assert {run.state for run in runs} == {"done"}


def test_a_card_of_310s_is_shown_as_four_times_what_was_told(db: Database) -> None:
    record = job_record(db, store(db, "310", {16: "601.67"}).job)
    report = build_report(record, load_manifest(db, record.spec.data.manifest_id))
    (run,) = report.runs
    assert run.card is not None
    assert (run.measured.throughput.compute, run.card.images_per_s, run.card.chips) == (601.67, 2406.68, 4)
    assert report.exit_code == 0


def test_the_impossible_column_is_implausible(db: Database) -> None:
    record = job_record(db, store(db, "310P3", IMPOSSIBLE_310P).job)
    report = build_report(record, load_manifest(db, record.spec.data.manifest_id))
    assert report.exit_code == 7
    texts = [verdict.text for run in report.runs for verdict in run.verdicts if verdict.kind == "plausibility"]
    assert len(texts) == 6
    assert all("as if the batch were counted twice" in text for text in texts)
    assert report.best == ()


def test_devices_of_this_history_have_no_part_in_an_imported_run(db: Database) -> None:
    register_device(db, make_device(chip="310P3"))
    record = job_record(db, store(db, "310P3", {1: "1378.7"}).job)
    assert record.runs[0].fleet == ()
    assert build_report(record, load_manifest(db, record.spec.data.manifest_id)).runs[0].left_out == ()


def test_a_dump_has_accuracy_coverage_and_its_file(db: Database, tmp_path: Path) -> None:
    labels = (3, 4, 5, 600)
    manifest = Manifest(tuple(f"val_{number}.JPEG" for number in range(1, 5)), labels)
    dump = open_dump(write_dump(tmp_path / "dumpOutput_device0", [3, 3, 1, 7]))
    scored = score(dump, in_order(dump, manifest), manifest.label_array, lambda _: None)
    told = Told(tool="benchmark", kind="dump folder", files=(SourceFile("dumpOutput_device0", scored.sha256),))
    runs = {1: Foreign(told=told, origin="real", results=scored.results)}
    job = store_imported(db, spec_of(manifest, "310", (16,)), manifest, runs, owner=OWNER, identity=IDENTITY).job
    (run,) = build_report(job_record(db, job), manifest).runs
    assert run.top1 and run.top5
    assert (run.top1.correct, run.top5.correct, run.coverage.complete) == (1, 3, True)
    assert run.measured.throughput.why["compute"] == "not told by benchmark"


def test_nothing_of_it_can_be_tried_again_or_cancelled(db: Database) -> None:
    job = store(db, "310", {16: "601.67"}).job
    with pytest.raises(UsageError, match="imported"):
        retry(db, job)
    with pytest.raises(UsageError, match="done already"):
        cancel(db, job)


def test_its_log_says_where_it_came_from(db: Database) -> None:
    job = store(db, "310", {16: "601.67"}).job
    (line,) = job_log(db, job)
    assert line.endswith("imported from benchmark: perf_vision_batchsize_16_device_0.txt")
