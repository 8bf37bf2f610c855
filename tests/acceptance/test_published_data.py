"""Datasets as they are published: archives in place, trees, links, the devkit; and the labels that are another order."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from dinoq.db.engine import Database
from dinoq.db.records import job_record
from dinoq.jobs.imagenet import FIRST_IDS, FIRST_LABELS, photo_name
from tests.acceptance.conftest import COLOURS, Bench, done
from tests.archives import meta_mat, pack, write_devkit, write_tar
from tests.command import Shell
from tests.processes import eventually

KINDS = ("tar", "tree", "links", "tree in a tar")


def place(bench: Bench, kind: str, tmp_path: Path) -> list[object]:
    """The flags that name the same photos, kept otherwise; a tree says the classes by itself."""
    tree, links = tmp_path / "tree", tmp_path / "links"
    for n, photo in enumerate(sorted(bench.photos.iterdir())):
        (tree / f"class-{n % len(COLOURS)}").mkdir(parents=True, exist_ok=True)
        os.link(photo, tree / f"class-{n % len(COLOURS)}" / photo.name)
        links.mkdir(exist_ok=True)
        (links / photo.name).symlink_to(photo)
    if kind in ("links", "tar"):
        return ["--data", links if kind == "links" else pack(bench.photos, tmp_path / "photos.tar")]
    return ["--data", tree if kind == "tree" else pack(tree, tmp_path / "tree.tar"), "--labels", ""]


def fingerprint(bench: Bench, *where: object) -> str:
    """As `dinoq dataset check` says it."""
    given = where or ("--data", bench.photos, "--labels", bench.labels)
    answer = bench.shell.dinoq("dataset", "check", *given[1:], "--json")
    assert (answer.code, answer.json["samples"]) == (0, 9)
    return str(answer.json["fingerprint"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_photos_are_the_same_dataset_however_they_are_kept(bench: Bench, tmp_path: Path, kind: str) -> None:
    original = fingerprint(bench)
    given = place(bench, kind, tmp_path)
    assert fingerprint(bench, *(given if "--labels" in given else [*given, "--labels", bench.labels])) == original


def test_jobs_count_the_same_however_photos_are_kept_and_may_be_joined(
    bench: Bench, ledger: Database, tmp_path: Path
) -> None:
    shell, original = bench.shell, fingerprint(bench)
    given = [bench.args("--json", *place(bench, kind, tmp_path / kind)) for kind in KINDS]
    jobs = [shell.dinoq("submit", *args).json["job"] for args in given]
    shell.start("up")
    eventually(lambda: all(done(ledger, job) for job in jobs), "the end of all")
    assert [job_record(ledger, job).fingerprint for job in jobs] == [original] * 4
    runs = shell.dinoq("report", *jobs, "--json").json["runs"]
    assert [(one["coverage"]["counted"], one["top1"]["correct"], one["top5"]["correct"]) for one in runs] == [
        (9, 9, 9)
    ] * 4


def test_real_photos_are_counted_from_a_tar_as_from_their_folder(
    shell: Shell, shared_data: Path, tmp_path: Path
) -> None:
    packed = pack(shared_data / "val20/images", tmp_path / "ILSVRC2012_img_val.tar")
    answer = shell.dinoq(
        *("run", "--chip", "cpu", "--batches", "16", "--recipe", "efficientnet-lite", "--format", "json"),
        *("--model", shared_data / "lite0.onnx", "--data", packed, "--labels", real_devkit(shared_data, tmp_path)),
    )
    assert answer.code == 0, answer.err
    assert "20 of the 50000 photos" in answer.err
    (run,) = answer.json["runs"]
    assert (run["top1"]["correct"], run["top5"]["correct"]) == (14, 20)
    assert answer.json["dataset"]["part_of"] == 50_000


def real_devkit(shared_data: Path, tmp_path: Path) -> Path:
    """A devkit that says what the published list says, through ids of our own."""
    labels = [int(line.split()[1]) for line in (shared_data / "val_map_50000.txt").read_text().splitlines()]
    ids = random.Random(0).sample(range(1, 1001), 1000)
    synsets = [(ids[index], f"n{index:08}", 0) for index in range(1000)]
    return write_devkit(tmp_path / "kit.tar.gz", (ids[index] for index in labels), {"meta.mat": meta_mat(synsets)})


def test_real_photos_are_checked(shell: Shell, shared_data: Path) -> None:
    folder = shared_data / "odd45"
    answer = shell.dinoq("dataset", "check", folder / "images", "--labels", folder / "labels.txt", "--json")
    assert answer.code == 0, answer.err
    found = answer.json
    assert (found["samples"], found["modes"]["L"], len(found["classes"])) == (45, 23, 45)
    assert found["turned"] == [{"name": "n02951585_can_opener.JPEG", "orientation": 6}]
    assert (found["smallest"]["width"], found["smallest"]["height"]) == (75, 56)


@pytest.fixture
def first_ten(bench: Bench) -> Bench:
    """Nine photos that have the names of the first nine of ImageNet's validation set."""
    for no, photo in enumerate(sorted(bench.photos.iterdir()), start=1):
        photo.rename(photo.with_name(photo_name(no)))
    return bench


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([number - 1 for number in FIRST_IDS], "are ILSVRC2012_ID - 1, which is not the index"),
        (FIRST_IDS, "are ILSVRC2012_ID, which is not the index"),
        ([999 - label for label in FIRST_LABELS], "are in another order than ImageNet"),
    ],
)
def test_labels_in_another_order_are_refused_with_the_cure(first_ten: Bench, numbers: list[int], words: str) -> None:
    bench = first_ten
    bench.relabel("".join(f"{photo_name(no)} {number}\n" for no, number in enumerate(numbers[:9], start=1)))
    answer = bench.shell.dinoq("dataset", "check", bench.photos, "--labels", bench.labels)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert "Try: --labels ILSVRC2012_devkit_t12.tar.gz" in answer.err


def test_a_column_of_ids_is_refused_with_the_cure(first_ten: Bench) -> None:
    first_ten.relabel("".join(f"{number}\n" for number in FIRST_IDS))
    answer = first_ten.check()
    assert (answer.code, answer.out) == (2, "")
    assert "means nothing without the devkit's meta.mat beside it. Try: --labels" in answer.err


def test_a_devkit_without_meta_mat_is_refused_with_the_cure(first_ten: Bench, tmp_path: Path) -> None:
    answer = first_ten.check("--labels", write_devkit(tmp_path / "kit.tar.gz", FIRST_IDS, {}))
    assert (answer.code, answer.out) == (2, "")
    assert "has no meta.mat and no synset list" in answer.err


@pytest.mark.parametrize("name", ["../p0.jpg", "/p0.jpg"])
def test_a_tar_that_leads_out_is_refused_and_writes_nothing(bench: Bench, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    answer = bench.check("--data", write_tar(tmp_path / "in" / "bad.tar", {name: b"x"}))
    assert (answer.code, answer.out) == (2, "")
    assert f"has the member '{name}', which leads out of it" in answer.err
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["bad.tar"]


def test_an_odd_dataset_is_told_and_ends_6(bench: Bench) -> None:
    (bench.photos / "p3.jpg").write_text("no picture")
    answer = bench.shell.dinoq("dataset", "check", bench.photos, "--labels", bench.labels)
    assert answer.code == 6
    assert answer.out.startswith("INCOMPLETE  1 of 9 photos cannot be evaluated")
    assert "p3.jpg: it is no picture" in answer.out
