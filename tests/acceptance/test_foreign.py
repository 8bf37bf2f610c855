"""What other tools measured, imported as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import validate  # type: ignore[import-untyped]

from dinoq.cli.render import json as json_format
from dinoq.jobs.formats.result_json import result_text
from dinoq.workers.models.codebook import Codebook, write_codebook
from tests.command import Answer, Shell
from tests.foreign import (
    AIS_CONSOLE,
    COMPUTE_MS_T4,
    IMPOSSIBLE_310P,
    INTERFACE_310,
    perf_file,
    trtexec_log,
    write_dump,
    write_labels,
    write_perf_folder,
)

PERF_16 = "perf_vision_batchsize_16_device_0.txt"
ON_310 = ("--chip", "310", "--origin", "real")
SCHEMA = json.loads(Path(json_format.__file__).with_name("report.schema.json").read_text())


@pytest.fixture
def perf(tmp_path: Path) -> Path:
    """The published speed file of a 310 at batch 16."""
    path = tmp_path / PERF_16
    path.write_text(perf_file(INTERFACE_310[16]))
    return path


def jobs(shell: Shell) -> int:
    """How many jobs the history holds."""
    return len(shell.dinoq("jobs", "--json").json)


def report(shell: Shell, *more: object) -> Answer:
    """The report of the last job as JSON, checked against the schema."""
    answer = shell.dinoq("report", "--json", *more)
    validate(answer.json, SCHEMA)
    return answer


def test_a_speed_file_is_recognised_told_and_reported_as_imported(shell: Shell, perf: Path) -> None:
    answer = shell.dinoq("import", perf, *ON_310)
    assert (answer.code, answer.out) == (0, "job 1\n"), answer.err
    assert "compute 601.67 images/s per chip x 4 chips = 2406.68 per card" in answer.err
    (run,) = report(shell).json["runs"]
    assert (run["mode"], run["origin"], run["throughput"]["compute"]) == ("imported", "real", 601.67)
    assert run["card"] == {"images_per_s": 2406.68, "chips": 4, "extrapolated": True}
    assert run["told"]["files"][0]["name"] == PERF_16
    assert run["told"]["unknown"] == ["precision", "toolkit", "driver", "clock", "warm-up", "executions"]


@pytest.mark.parametrize("format", ["text", "md"])
def test_a_report_for_people_marks_what_was_imported(shell: Shell, perf: Path, format: str) -> None:
    shell.dinoq("import", perf, *ON_310)
    text = shell.dinoq("report", "--format", format).out.replace("\\", "")
    for words in ("IMPORTED", "told by benchmark", PERF_16, "sha256", "Interface throughputRate", "unknown: precision"):
        assert words in " ".join(text.split()), words


def test_a_trtexec_log_needs_no_flag(shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "t4.log"
    log.write_text(trtexec_log(16, COMPUTE_MS_T4[16]))
    assert shell.dinoq("import", log).code == 0
    values = report(shell).json
    (run,) = values["runs"]
    assert (run["chip"], run["batch"], run["precision"], run["toolkit"]) == ("T4", 16, "fp16", "TensorRT 8.2.5")
    assert run["throughput"]["compute"] == pytest.approx(2003.3456, abs=1e-3)
    assert values["model"]["name"] == "dino_resnet50"


def test_a_dump_is_scored_against_its_labels_and_takes_the_speed_file_beside_it(shell: Shell, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dumpOutput_device0", [3, 3, 1, 7])
    (dump / "summary.json").write_text("{}")
    (tmp_path / PERF_16).write_text(perf_file(INTERFACE_310[16]))
    labels = write_labels(tmp_path / "val_label.txt", [3, 4, 5, 600])
    answer = shell.dinoq("import", dump, *ON_310, "--labels", labels, "--baseline", "75.3")
    assert answer.code == 0, answer.err
    assert "left alone: summary.json" in answer.err
    made = report(shell)
    (run,) = made.json["runs"]
    assert (run["top1"]["correct"], run["top5"]["correct"], run["coverage"]["counted"]) == (1, 3, 4)
    assert (run["batch"], run["throughput"]["compute"]) == (16, 601.67)
    assert made.code == 3


def test_the_impossible_column_of_six_files_is_implausible(shell: Shell, tmp_path: Path) -> None:
    folder = write_perf_folder(tmp_path / "result", IMPOSSIBLE_310P)
    assert shell.dinoq("import", folder, "--chip", "310P3", "--origin", "real").code == 0
    answer = report(shell)
    assert answer.code == 7
    assert [run["batch"] for run in answer.json["runs"]] == [1, 4, 8, 16, 32, 64]


def test_accuracy_that_is_only_told_passes_no_gate(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(result_text(50_000, 1000, [0.7527, 0.84, 0.88, 0.91, 0.9257]))
    answer = shell.dinoq("import", tmp_path / "result.json", *ON_310, "--batch", "1", "--baseline", "75.3")
    assert answer.code == 0, answer.err
    text = " ".join(shell.dinoq("report").out.split())
    assert "UNDECIDED 310 bs1: 75.27 % is told without predictions" in text


def test_the_same_import_is_recognised_and_another_is_not(shell: Shell, perf: Path) -> None:
    first, again = shell.dinoq("import", perf, *ON_310), shell.dinoq("import", perf, *ON_310)
    assert (first.out, again.out) == ("job 1\n", "job 1\n")
    assert "imported before, as job 1" in again.err
    assert shell.dinoq("import", perf, *ON_310, "--driver", "21.0.2").out == "job 2\n"


def test_an_imported_job_answers_every_command(shell: Shell, perf: Path) -> None:
    shell.dinoq("import", perf, *ON_310)
    assert "imported from benchmark" in shell.dinoq("logs").out
    assert "done" in shell.dinoq("status").out
    retried = shell.dinoq("retry")
    assert (retried.code, "imported" in retried.err) == (2, True)


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
        (out_of_range, "the class of val_1.JPEG is 3000"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_stored(
    shell: Shell, tmp_path: Path, make: Callable[[Path], Path], told: str
) -> None:
    path = make(tmp_path)
    answer = shell.dinoq("import", path, *ON_310, "--batch", "16", "--labels", tmp_path / "labels.txt")
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err and "Try: " in answer.err
    assert jobs(shell) == 0


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        (("--origin", "real"), "does not say the chip. Try: --chip 310P3"),
        (("--chip", "310"), "does not say whether a card or a simulator made it. Try: --origin real"),
        ((*ON_310, "--batch", "1"), "says 16, but --batch 1 is given"),
        ((*ON_310, "--chip", "310,T4"), "--chip names 2"),
        ((*ON_310, "--precision", "int8"), "precision 'int8' is none of"),
    ],
)
def test_what_is_left_out_or_disagrees_is_asked_for(
    shell: Shell, perf: Path, flags: tuple[str, ...], asked: str
) -> None:
    answer = shell.dinoq("import", perf, *flags)
    assert (answer.code, asked in answer.err) == (2, True), answer.err


def test_a_default_of_this_site_says_nothing_of_a_foreign_figure(shell: Shell, perf: Path) -> None:
    answer = shell.dinoq("import", perf, "--origin", "real", DINOQ_CHIP="310P3", DINOQ_MODEL="mine.onnx")
    assert "does not say the chip" in answer.err


def test_console_words_of_ais_bench_are_taken_from_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "ais.log").write_text(AIS_CONSOLE)
    assert shell.dinoq("import", tmp_path / "ais.log", "--chip", "310P3", "--origin", "real").code == 0
    (run,) = report(shell).json["runs"]
    assert run["throughput"]["compute"] == pytest.approx(16_000 / 6)
    assert run["told"]["facts"]["warm-up"] == "5 executions"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, Codebook, Path]:
    """Job 1 on cpu and a simulated 310P3, and the dump of each: `cpu/dumpOutput_device0`, `310P3/dumpOutput_device0`."""
    folder = tmp_path_factory.mktemp("exported")
    book, shell = write_codebook(folder / "book", samples=48, top1=36, top5=44), Shell(folder)
    ran = shell.dinoq(
        *("run", "--chip", "cpu,310P3", "--batches", 2, "--simulate", "310P3:1", "--recipe", "dino", "--keep-logits"),
        *("--model", book.model, "--data", book.images, "--labels", book.labels),
    )
    assert ran.code == 0, ran.err
    for chip in ("cpu", "310P3"):
        told = shell.dinoq("export", 1, "--run", f"{chip}:2", "--as", "dump", "-o", folder / chip)
        assert told.code == 0, told.err
    return shell, book, folder


def imported(exported: tuple[Shell, Codebook, Path], chip: str, *more: object) -> Answer:
    """Import the dump of this chip, held against the photos themselves."""
    shell, book, folder = exported
    given = ("--chip", chip, "--batch", 2, "--model", book.model, "--recipe", "dino")
    data = ("--data", book.images, "--labels", book.labels)
    return shell.dinoq("import", folder / chip / "dumpOutput_device0", *given, *data, *more)


def test_our_own_dump_comes_back_with_the_same_counts_and_its_note_tells_the_origin(
    exported: tuple[Shell, Codebook, Path],
) -> None:
    answer = imported(exported, "cpu")
    assert answer.code == 0, answer.err
    (run,) = exported[0].dinoq("report", answer.out.split()[1], "--json").json["runs"]
    assert (run["top1"]["correct"], run["top5"]["correct"], run["origin"]) == (36, 44, "real")


def test_a_simulators_dump_never_becomes_a_cards(exported: tuple[Shell, Codebook, Path]) -> None:
    refused = imported(exported, "310P3", "--origin", "real")
    assert (refused.code, "says simulated, but --origin real is given" in refused.err) == (2, True)
    job = imported(exported, "310P3").out.split()[1]
    (run,) = exported[0].dinoq("report", job, "--json").json["runs"]
    assert (run["origin"], run["against_baseline"]) == ("simulated", None)


def test_imported_answers_are_held_against_ours_photo_by_photo(exported: tuple[Shell, Codebook, Path]) -> None:
    job = imported(exported, "310P3", "--name", "beside ours").out.split()[1]
    runs = exported[0].dinoq("report", 1, job, "--json").json["runs"]
    (theirs,) = [run for run in runs if run["told"]]
    assert theirs["agreement"]["against"] == {"chip": "cpu", "batch": 2}
    assert theirs["agreement"]["samples"] == 48


def test_an_imported_job_travels_as_it_was_told(shell: Shell, perf: Path, tmp_path: Path) -> None:
    shell.dinoq("import", perf, *ON_310)
    before = report(shell).json["runs"]
    sent = shell.dinoq("export", "last", "-o", tmp_path / "x.dinoq")
    assert sent.code == 0, sent.err
    taken = shell.dinoq("import", tmp_path / "x.dinoq", DINOQ_HOME=str(tmp_path / "elsewhere"))
    assert taken.code == 0, taken.err
    after = shell.dinoq("report", 1, "--json", DINOQ_HOME=str(tmp_path / "elsewhere")).json["runs"]
    assert after == before
