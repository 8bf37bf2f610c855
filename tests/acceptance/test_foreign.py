"""What other tools measured, imported as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import validate  # type: ignore[import-untyped]

from dinoq.cli.render import json as json_format
from dinoq.workers.models.codebook import Codebook, write_codebook
from tests.command import Answer, Shell
from tests.foreign import (
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
    words = [line.split("  ")[0] for line in shell.dinoq("report").out.splitlines()[:5]]
    assert [word for word in words if word] == ["job 1", "IMPORTED", "IMPLAUSIBLE"]


def test_a_trtexec_log_is_a_job_that_every_command_answers(shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "t4.log"
    log.write_text(trtexec_log(16, COMPUTE_MS_T4[16]))
    assert shell.dinoq("import", log).out == "job 1\n"
    again = shell.dinoq("import", log)
    assert (again.out, "imported before, as job 1" in again.err) == ("job 1\n", True)
    (run,) = report(shell).json["runs"]
    assert run["throughput"]["compute"] == pytest.approx(2003.3456, abs=1e-3)
    assert "imported from trtexec: t4.log" in shell.dinoq("logs").out
    retried = shell.dinoq("retry")
    assert (retried.code, "imported" in retried.err) == (2, True)


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


def test_an_ais_bench_folder_takes_batch_and_speed_from_the_summary_beside_it(
    exported: tuple[Shell, Codebook, Path], tmp_path: Path
) -> None:
    shell, book, _ = exported
    assert shell.dinoq("export", 1, "--run", "cpu:2", "--as", "ais_bench", "-o", tmp_path).code == 0
    given = ("--chip", "cpu", "--labels", tmp_path / "val_label.txt", "--model", book.model)
    answer = shell.dinoq("import", tmp_path / "cpu_bs2", *given)
    assert answer.code == 0, answer.err
    (run,) = shell.dinoq("report", answer.out.split()[1], "--json").json["runs"]
    (ours,) = [one for one in shell.dinoq("report", 1, "--json").json["runs"] if one["chip"] == "cpu"]
    assert (run["batch"], run["top1"]["correct"], run["told"]["tool"]) == (2, 36, "ais_bench")
    assert run["throughput"]["compute"] == pytest.approx(ours["throughput"]["compute"])


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
