"""Dump folders: joined by name, every file accounted for, and scored like any run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.errors import BadResults
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import merge
from dinoq.workers.data.dumps import Scored, in_order, is_dump, open_dump, score
from tests.foreign import write_dump

LABELS = (3, 4, 5, 600)
MANIFEST = Manifest(tuple(f"val_{number}.JPEG" for number in range(1, 5)), LABELS)


def nothing(_done: int) -> None:
    """Hears how far it is."""


def scored(folder: Path, manifest: Manifest = MANIFEST) -> Scored:
    """The folder held against the manifest."""
    dump = open_dump(folder)
    return score(dump, in_order(dump, manifest), manifest.label_array, nothing)


def test_answers_are_counted_by_the_labels_of_their_images(tmp_path: Path) -> None:
    """val_1 is right, val_2 right as the second guess, val_3 as the fifth, val_4 not at all."""
    folder = write_dump(tmp_path / "dumpOutput_device0", [3, 3, 1, 7])
    merged = merge(scored(folder).results, MANIFEST.label_array)
    assert (merged.top1, merged.top5, merged.coverage.complete) == (1, 3, True)


def test_files_join_by_name_whatever_their_order(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", LABELS)
    turned = Manifest(MANIFEST.names[::-1], LABELS[::-1])
    assert merge(scored(folder, turned).results, turned.label_array).top1 == 4


def test_results_are_cut_into_parts_that_tile_the_manifest(tmp_path: Path) -> None:
    n = 600
    manifest = Manifest(tuple(f"val_{number}.JPEG" for number in range(1, n + 1)), (7,) * n)
    results = scored(write_dump(tmp_path / "dump", [7] * n), manifest).results
    assert [(one.first, one.count) for one in results] == [(0, 256), (256, 256), (512, 88)]


def test_bytes_say_the_same_as_text(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", LABELS)
    text = scored(folder)
    for path in list(folder.iterdir()):
        np.array(path.read_text().split(), np.float32).astype("<f4").tofile(path.with_suffix(".bin"))
        path.unlink()
    as_bytes = scored(folder)
    assert as_bytes.results == text.results
    assert as_bytes.sha256 != text.sha256


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf", "1e39"])
def test_an_answer_with_nan_or_inf_is_counted_and_wrong(tmp_path: Path, odd: str) -> None:
    """1e39 is no float32."""
    folder = write_dump(tmp_path / "dump", LABELS)
    path = folder / "val_2_1.txt"
    path.write_text(path.read_text().replace("0", odd, 1))
    merged = merge(scored(folder).results, MANIFEST.label_array)
    assert (merged.top1, merged.top5, merged.nonfinite, merged.coverage.complete) == (3, 3, 1, True)


@pytest.mark.parametrize(("output", "tool"), [(1, "benchmark"), (0, "ais_bench")])
def test_the_number_of_the_output_tells_the_tool(tmp_path: Path, output: int, tool: str) -> None:
    assert open_dump(write_dump(tmp_path / "dump", LABELS, output=output)).tool == tool


def test_the_folder_tells_the_device_and_foreign_files_are_left_alone_by_name(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dumpOutput_device2", LABELS)
    (folder / "summary.json").write_text("{}")
    (folder / ".hidden").write_text("")
    dump = open_dump(folder)
    assert (dump.device, dump.ignored, len(dump.files)) == (2, ("summary.json",), 4)


def test_a_folder_without_outputs_is_no_dump(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    assert not is_dump(tmp_path)
    with pytest.raises(BadResults, match="holds no outputs"):
        open_dump(tmp_path)


def rename_all(folder: Path) -> None:
    """Number the outputs as no tool does."""
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace("_1.txt", "_7.txt"))


SPOIL: dict[str, Callable[[Path], object]] = {
    "two outputs": lambda folder: (folder / "val_1_2.txt").write_text("1.0 2.0"),
    "two forms": lambda folder: (folder / "val_1_1.bin").write_bytes(bytes(4000)),
    "no known tool": rename_all,
    "missing": lambda folder: (folder / "val_1_1.txt").unlink(),
    "extra": lambda folder: (folder / "val_99_1.txt").write_text("1.0 2.0"),
    "empty": lambda folder: (folder / "val_1_1.txt").write_text(""),
    "words": lambda folder: (folder / "val_1_1.txt").write_text("1.0 five 3.0"),
    "too short": lambda folder: (folder / "val_4_1.txt").write_text("1.0 2.0"),
    "another classifier": lambda folder: (folder / "val_1_1.txt").write_text("1.0 2.0"),
}
"""What no import may take."""


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("two outputs", "two files for one image: val_1_1.txt and val_1_2.txt"),
        ("two forms", "two files for one image: val_1_1.bin and val_1_1.txt"),
        ("no known tool", "outputs numbered 7"),
        ("missing", "no output of val_1"),
        ("extra", "outputs without a label: val_99_1.txt"),
        ("empty", "val_1_1.txt is empty"),
        ("words", "val_1_1.txt holds something that is no number"),
        ("too short", "val_4_1.txt has 2 values; the first file has 1000"),
        ("another classifier", "val_1_1.txt has 2 values; a classifier of ImageNet has 1000 or 1001"),
    ],
)
def test_a_folder_that_is_not_what_it_seems_is_refused_by_name(tmp_path: Path, how: str, told: str) -> None:
    folder = write_dump(tmp_path / "dump", LABELS)
    SPOIL[how](folder)
    with pytest.raises(BadResults, match=told):
        scored(folder)


def test_another_number_of_classes_is_taken_from_a_model_that_says_so(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", [1, 2], classes=10)
    assert open_dump(folder, 10).classes == 10
    with pytest.raises(BadResults, match="has 10 values; the model has 12"):
        open_dump(folder, 12)


def test_labels_of_two_images_of_one_name_cannot_be_told_apart(tmp_path: Path) -> None:
    dump = open_dump(write_dump(tmp_path / "dump", [3]))
    twice = Manifest(("a/val_1.JPEG", "b/val_1.JPEG"), (3, 4))
    with pytest.raises(BadResults, match="name val_1 twice"):
        in_order(dump, twice)
