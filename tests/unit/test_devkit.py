"""ImageNet's devkit as label source, and every way in which it can be incomplete."""

from __future__ import annotations

import base64
import os
from math import inf, nan
from pathlib import Path

import pytest

from dinoq.jobs.errors import BadLabels
from dinoq.workers.data.datasets import open_dataset
from dinoq.workers.data.devkit import MAX_BYTES, is_devkit, read_devkit
from tests.archives import SCIPY_META, TRUTH, meta_mat, write_devkit, write_tar

META = base64.b64decode(SCIPY_META)
"""Id 1 is n02000001, so index 1; id 2 is n01000002, so index 0; id 3 is no class."""
SAID = [1, 2, 2, 1]
EXPECTED = {f"ILSVRC2012_val_{no:08}.JPEG": index for no, index in enumerate([1, 0, 0, 1], start=1)}


def kit(tmp_path: Path, truth: list[int] = SAID, **files: bytes) -> Path:
    names = {name.replace("_dot_", "."): data for name, data in files.items()}
    return write_devkit(tmp_path / "devkit.tar.gz", truth, names)


def test_an_id_is_the_place_of_its_wordnet_id_and_not_itself_less_one(tmp_path: Path) -> None:
    found = read_devkit(kit(tmp_path, meta_dot_mat=META))
    assert (found.classes, found.whole, found.by_wordnet) == (EXPECTED, True, True)


@pytest.mark.parametrize(
    "lines",
    ["n02000001 1 kit fox\nn01000002 2 setter\n", "2 n01000002\n1 n02000001\n", "n02000001\n\nn01000002 setter\n"],
)
def test_a_synset_list_does_as_well(tmp_path: Path, lines: str) -> None:
    assert read_devkit(kit(tmp_path, map_clsloc_dot_txt=lines.encode())).classes == EXPECTED


def test_sorted_wordnet_ids_say_nothing_of_the_ids(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="has the WordNet ids sorted"):
        read_devkit(kit(tmp_path, synsets_dot_txt=b"n01000002\nn02000001\n"))


@pytest.mark.parametrize("unpacked", ["", "data", "ILSVRC2012_devkit_t12/data"])
def test_an_unpacked_devkit_is_a_folder(tmp_path: Path, unpacked: str) -> None:
    (tmp_path / unpacked).mkdir(parents=True, exist_ok=True)
    (tmp_path / unpacked / TRUTH).write_text("1\n2\n2\n1\n")
    (tmp_path / unpacked / "meta.mat").write_bytes(META)
    assert is_devkit(tmp_path)
    assert read_devkit(tmp_path).classes == EXPECTED


def test_a_ground_truth_counts_with_its_meaning_beside_it(tmp_path: Path) -> None:
    (tmp_path / "truth.txt").write_text("1\n2\n2\n1\n")
    assert not is_devkit(tmp_path / "truth.txt")
    (tmp_path / "meta.mat").write_bytes(META)
    assert is_devkit(tmp_path / "truth.txt")
    assert read_devkit(tmp_path / "truth.txt").classes == EXPECTED


def test_a_part_of_the_photos_is_told_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/ILSVRC2012_val_00000002.JPEG").touch()
    made = open_dataset(tmp_path / "photos", kit(tmp_path, meta_dot_mat=META))
    assert (made.manifest.labels, made.part_of) == ((0,), 4)
    assert made.notes == (f"1 of the 4 photos that {tmp_path}/devkit.tar.gz labels are here",)


def refused(path: Path) -> str:
    with pytest.raises(BadLabels) as caught:
        read_devkit(path)
    assert caught.value.hint.startswith("--labels ILSVRC2012_devkit_t12.tar.gz")
    return str(caught.value)


def test_without_meta_mat_nobody_knows_what_an_id_is(tmp_path: Path) -> None:
    assert "has no meta.mat and no synset list" in refused(kit(tmp_path))


def test_without_ground_truth_it_is_no_devkit(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar.gz", {"data/meta.mat": META}, mode="w:gz")
    assert "has no ILSVRC2012_validation_ground_truth.txt" in refused(path)


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        (b"no matlab", "meta.mat of devkit .* cannot be read: it is no MATLAB 5 file"),
        (META[:-20], "cannot be read: it is damaged"),
        (meta_mat([(1, "n02000001", 0), (3, "n01000002", 0)]), "does not name each id from 1 on once"),
        (meta_mat([(1, "n02000001", 0), (2, "n02000001", 0)]), "does not name each id from 1 on once"),
        (meta_mat([(1, "kit fox", 0)]), "an entry without ILSVRC2012_ID and WNID"),
        *((meta_mat([(odd, "n02000001", 0)]), "an entry without ILSVRC2012_ID") for odd in (nan, inf, -inf, 1.5)),
    ],
)
def test_a_meta_mat_that_cannot_be_meant_is_refused(tmp_path: Path, meta: bytes, words: str) -> None:
    with pytest.raises(BadLabels, match=words):
        read_devkit(kit(tmp_path, meta_dot_mat=meta))


@pytest.mark.parametrize("truth", [[1, 3], [0, 1]])
def test_an_id_that_is_no_class_is_refused(tmp_path: Path, truth: list[int]) -> None:
    number = truth.index(max(truth) if max(truth) > 2 else 0) + 1
    assert f"for photo {number}; expected an ILSVRC2012_ID from 1 to 2" in refused(
        kit(tmp_path, truth, meta_dot_mat=META)
    )


@pytest.mark.parametrize("keep", [20, 200, -6])
def test_an_archive_that_was_cut_short_is_refused(tmp_path: Path, keep: int) -> None:
    path = kit(tmp_path, meta_dot_mat=META)
    path.write_bytes(path.read_bytes()[:keep])
    assert "is cut short" in refused(path)


def test_an_archive_of_photos_in_place_of_labels_is_refused_unread(tmp_path: Path) -> None:
    path = kit(tmp_path, meta_dot_mat=META)
    os.truncate(path, MAX_BYTES + 1)
    assert "is no devkit: it has more than 256 MiB" in refused(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = kit(tmp_path, meta_dot_mat=META)
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    assert "is damaged" in refused(path) or "is cut short" in refused(path)
