"""The import of foreign figures above its pure parts, in this process: what it asks, refuses, recognises and stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dinoq.cli import exchange, settings
from dinoq.cli.ledger import open_ledger
from dinoq.cli.waiting import report_of
from dinoq.db.engine import Database
from dinoq.db.history import list_jobs
from dinoq.jobs.errors import UsageError
from dinoq.jobs.formats.result_json import result_text
from dinoq.jobs.report import Report
from dinoq.workers.data import dumps
from tests.foreign import (
    AIS_CONSOLE,
    COMPUTE_MS_T4,
    INTERFACE_310,
    perf_file,
    trtexec_log,
    write_dump,
    write_labels,
    write_perf_folder,
)

PERF_16 = "perf_vision_batchsize_16_device_0.txt"


@dataclass(frozen=True)
class Desk:
    """A person with an empty history, and a folder for what they import."""

    folder: Path
    db: Database

    def take(self, path: Path, **flags: object) -> int:
        """Import it; of a 310, real, unless flags say otherwise. The exit code."""
        return exchange.import_(path, **{"chip": "310", "origin": "real"} | flags)  # type: ignore[arg-type]

    def jobs(self) -> int:
        """How many jobs the history holds."""
        return len(list_jobs(self.db))

    def report(self) -> Report:
        """The report of the newest job."""
        return report_of(self.db, list_jobs(self.db)[0].id)

    def perf(self, batch: int = 16) -> Path:
        """The published speed file of a 310."""
        path = self.folder / f"perf_vision_batchsize_{batch}_device_0.txt"
        path.write_text(perf_file(INTERFACE_310[batch]))
        return path


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in [name for name in os.environ if name.startswith("DINOQ_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DINOQ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    db = open_ledger(settings.load())
    yield Desk(tmp_path, db)
    db.close()


def test_a_trtexec_log_needs_no_flag(desk: Desk) -> None:
    log = desk.folder / "t4.log"
    log.write_text(trtexec_log(16, COMPUTE_MS_T4[16]))
    assert desk.take(log, chip=None, origin=None) == 0
    report = desk.report()
    (run,) = report.runs
    assert (run.chip, run.batch, run.precision, run.toolkit) == ("T4", 16, "fp16", "TensorRT 8.2.5")
    assert run.measured.throughput.compute == pytest.approx(2003.3456, abs=1e-3)
    assert report.model.name == "dino_resnet50"


def test_console_words_of_ais_bench_are_taken_from_a_file(desk: Desk) -> None:
    (desk.folder / "ais.log").write_text(AIS_CONSOLE)
    desk.take(desk.folder / "ais.log", chip="310P3")
    (run,) = desk.report().runs
    assert run.told is not None
    assert run.measured.throughput.compute == pytest.approx(16_000 / 6)
    assert run.told.facts["warm-up"] == "5 executions"


def test_accuracy_that_is_only_told_passes_no_gate(desk: Desk) -> None:
    path = desk.folder / "result.json"
    path.write_text(result_text(50_000, 1000, [0.7527, 0.84, 0.88, 0.91, 0.9257]))
    desk.take(path, batches="1", baseline="75.3")
    report = desk.report()
    (run,) = report.runs
    assert [verdict.status for verdict in run.verdicts if verdict.kind == "accuracy"] == ["UNDECIDED"]
    assert (run.top1, report.exit_code) == (None, 0)


def test_the_same_import_is_recognised_wherever_it_lies_and_another_is_not(desk: Desk) -> None:
    desk.take(desk.perf())
    (desk.folder / "copy").mkdir()
    assert desk.take(desk.perf().rename(desk.folder / "copy" / PERF_16)) == 0
    assert desk.jobs() == 1
    desk.take(desk.perf(), driver="21.0.2")
    assert [job.id for job in list_jobs(desk.db)] == [2, 1]


def test_a_dump_of_which_one_answer_has_changed_is_another(desk: Desk) -> None:
    dump, labels = write_dump(desk.folder / "dump", [3, 4]), write_labels(desk.folder / "labels.txt", [3, 4])
    for _ in range(2):
        desk.take(dump, batches="1", labels=str(labels))
    assert desk.jobs() == 1
    (dump / "val_2_1.txt").write_text((dump / "val_1_1.txt").read_text())
    desk.take(dump, batches="1", labels=str(labels))
    assert desk.jobs() == 2


def test_of_several_speed_files_beside_a_dump_a_person_names_the_one(desk: Desk) -> None:
    dump = write_dump(desk.folder / "dumpOutput_device0", [3])
    labels = str(write_labels(desk.folder / "labels.txt", [3]))
    desk.perf(1), desk.perf(16)
    with pytest.raises(UsageError, match="which one is of it"):
        desk.take(dump, labels=labels)
    desk.take(dump, labels=labels, batches="1")
    (run,) = desk.report().runs
    assert run.measured.throughput.compute == float(INTERFACE_310[1])
    assert run.top1 is not None and run.top1.correct == 1


def test_an_interrupted_import_stores_nothing_and_one_that_ends_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = write_dump(desk.folder / "dump", [3] * 600)
    labels, result = str(write_labels(desk.folder / "labels.txt", [3] * 600)), dumps._result

    def cut_off(no: int, *rest: object) -> object:
        if no == 3:
            raise KeyboardInterrupt
        return result(no, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(dumps, "_result", cut_off)
        desk.take(dump, batches="16", labels=labels)
    assert desk.jobs() == 0
    desk.take(dump, batches="16", labels=labels)
    assert desk.report().runs[0].coverage.counted == 600


def garbled(folder: Path) -> Path:
    """A speed file cut in its middle."""
    path = folder / PERF_16
    path.write_text(perf_file("601.67")[:150])
    return path


def named_so(folder: Path) -> Path:
    """Nothing of a speed file but its name."""
    path = folder / PERF_16
    path.write_text("out of memory")
    return path


def several(folder: Path) -> Path:
    """Two devices at the same batch."""
    path = write_perf_folder(folder / "result", {16: "601.67"})
    (path / PERF_16.replace("device_0", "device_1")).write_text(perf_file("600"))
    return path


def missing(folder: Path) -> Path:
    """A dump that lacks an image of its labels."""
    write_labels(folder / "labels.txt", [3, 4])
    return write_dump(folder / "dumpOutput_device0", [3])


def out_of_range(folder: Path) -> Path:
    """A label that the model has no class for."""
    write_labels(folder / "labels.txt", [3000])
    return write_dump(folder / "dumpOutput_device0", [3])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (garbled, "no whole speed file"),
        (named_so, "is none of"),
        (several, "tell of the same run"),
        (missing, "no output of val_2"),
        (out_of_range, r"the class of val_1\.JPEG is 3000"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_stored(
    desk: Desk, make: Callable[[Path], Path], told: str
) -> None:
    labels = {"labels": str(desk.folder / "labels.txt")} if make in (missing, out_of_range) else {}
    with pytest.raises(UsageError, match=told) as error:
        desk.take(make(desk.folder), batches="16", **labels)
    assert error.value.hint
    assert desk.jobs() == 0


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        ({"chip": None}, "does not say the chip. Try: --chip 310P3"),
        ({"origin": None}, "does not say whether a card or a simulator made it. Try: --origin real"),
        ({"batches": "1"}, "says 16, but --batch 1 is given"),
        ({"chip": "310,T4"}, "--chip names 2"),
        ({"precision": "int8"}, "precision 'int8' is none of"),
        ({"origin": "maybe"}, "origin 'maybe' is none of"),
    ],
)
def test_what_is_left_out_or_disagrees_is_asked_for(desk: Desk, flags: dict[str, object], asked: str) -> None:
    with pytest.raises(UsageError) as error:
        desk.take(desk.perf(), **flags)
    assert asked in error.value.told


def test_a_dump_without_labels_asks_for_them(desk: Desk) -> None:
    with pytest.raises(UsageError, match="not what is right") as error:
        desk.take(write_dump(desk.folder / "dump", [3]), batches="1")
    assert "--labels" in error.value.hint


def test_a_default_of_this_site_says_nothing_of_a_foreign_figure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_CHIP", "310P3")
    with pytest.raises(UsageError, match="does not say the chip"):
        desk.take(desk.perf(), chip=None)
