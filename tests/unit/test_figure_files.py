"""Files of figures on disk: which of a folder are taken, and what a note beside them says of their origin."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoq.jobs.errors import BadResults
from dinoq.workers.data.figure_files import figure_file, figure_files, is_figures, noted_origin
from tests.foreign import perf_file, trtexec_log

PERF = "perf_vision_batchsize_16_device_0.txt"


def test_the_figures_of_a_folder_are_taken_and_the_rest_left_alone(tmp_path: Path) -> None:
    (tmp_path / PERF).write_text(perf_file("5"))
    (tmp_path / "t4.log").write_text(trtexec_log(1, "1.0"))
    (tmp_path / "notes.txt").write_text("a day in the lab")
    (tmp_path / ".hidden").write_text(perf_file("6"))
    (tmp_path / "photo.jpg").write_text(perf_file("7"))
    (tmp_path / "dumpOutput_device0").mkdir()
    files, others = figure_files(tmp_path)
    assert [file.name for file in files] == [PERF, "t4.log"]
    assert others == ("dumpOutput_device0", "notes.txt", "photo.jpg")


def test_a_folder_without_figures_holds_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a day in the lab")
    assert not is_figures(tmp_path)
    assert not is_figures(tmp_path / "nowhere")


def test_a_speed_files_name_is_enough_to_be_asked_about_its_content(tmp_path: Path) -> None:
    (tmp_path / PERF).write_text("out of memory")
    assert is_figures(tmp_path / PERF)


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_is_called_so(tmp_path: Path, content: str) -> None:
    (tmp_path / PERF).write_text(content)
    with pytest.raises(BadResults, match="is empty"):
        figure_file(tmp_path / PERF)


@pytest.mark.parametrize(
    ("place", "note"),
    [
        (PERF, "NOTE_perf_vision_batchsize_16.txt"),
        ("310P3_bs16_summary.json", "NOTE_310P3_bs16.txt"),
        ("dumpOutput_device0", "NOTE_dumpOutput_device0.txt"),
    ],
)
@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("SIMULATED: its devices are simulators.\nOrigin: simulated; x\n", "simulated"),
        ("Origin: real; x\n", "real"),
        ("hi", None),
    ],
)
def test_the_note_that_an_export_lays_beside_tells_the_origin(
    tmp_path: Path, place: str, note: str, text: str, origin: str | None
) -> None:
    (tmp_path / note).write_text(text)
    assert noted_origin(tmp_path / place) == origin


def test_without_a_note_nothing_is_known_of_the_origin(tmp_path: Path) -> None:
    assert noted_origin(tmp_path / PERF) is None
