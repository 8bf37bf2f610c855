"""What a new user gets wrong: one clear sentence, the right exit code, nothing lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from tests import network_mount
from tests.acceptance.conftest import Bench
from tests.chaos.evaluation import state_of
from tests.command import DINOQ, Shell
from tests.models import write_mean_colour
from tests.processes import eventually

GOOD = "".join(f"p{n}.jpg {n % 3}\n" for n in range(9))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (GOOD.replace("p4.jpg 1\n", ""), "no line for p4.jpg"),
        (GOOD + "p9.jpg 0\n", "names p9.jpg, not found"),
        (GOOD + "p4.jpg 2\n", "line 10 names p4.jpg twice (1 on line 5, now 2)"),
        (GOOD.replace("p4.jpg 1", "p4.jpg beagle"), "the class of p4.jpg is 'beagle'"),
        (GOOD.replace("p4.jpg 1", "p4.jpg -1"), "the class of p4.jpg is '-1'; expected a whole number from 0"),
        (GOOD.replace("p4.jpg 1", "p4.jpg"), "line 5 is 'p4.jpg'; expected NAME INDEX"),
        (GOOD.replace("p4.jpg 1", "p4.jpg 3"), "the class of p4.jpg is 3, but the model has 3 classes"),
        (GOOD.encode() + "照片.jpg 1\n".encode("gbk"), "line 10 is not UTF-8"),
        ("", "is empty"),
    ],
)
def test_a_label_file_that_does_not_fit_is_refused(bench: Bench, labels: str | bytes, words: str) -> None:
    bench.relabel(labels)
    answer = bench.check()
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.startswith("error: ")


@pytest.mark.parametrize("labels", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace(" ", ", ")])
def test_a_byte_order_mark_carriage_returns_and_commas_do_no_harm(bench: Bench, labels: str) -> None:
    bench.relabel(labels)
    assert bench.check().code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--chip", "910B"], "chip '910B' is not known; there are 310, 310P3, 310P1, 310P5, 310P7, T4, cpu"),
        (["--batches", "0"], "batch '0' is no whole number from 1 to 4096"),
        (["--batches", "a"], "batch 'a' is no whole number from 1 to 4096"),
        (["--batches", "4,,8"], "batch '' in '4,,8' is no whole number"),
        (["--recipe", "vit"], "recipe 'vit' is not built in"),
        (["--data", "/nowhere"], "data folder /nowhere is not there"),
        (["--model", "/nowhere.onnx"], "model /nowhere.onnx cannot be read"),
        (["--baseline", "753"], "baseline is 753"),
        (["--precision", "int4"], "precision 'int4'"),
    ],
)
def test_an_argument_that_means_nothing_is_refused(bench: Bench, arguments: list[str], words: str) -> None:
    answer = bench.check(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def two_inputs(path: Path) -> Path:
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, 224, 224]) for name in "ab"]
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, ["N", 3, 224, 224])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["c"])], "two", tensors, [out])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), str(path))
    return path


def test_a_model_with_two_inputs_is_refused(bench: Bench, tmp_path: Path) -> None:
    answer = bench.check("--model", two_inputs(tmp_path / "two.onnx"))
    assert answer.code == 2
    assert "has 2 inputs (a, b)" in answer.err


def test_a_file_that_is_no_model_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(bench.model.read_bytes()[:100])
    answer = bench.check("--model", tmp_path / "broken.onnx")
    assert answer.code == 2
    assert "is no valid ONNX file" in answer.err


def test_a_model_of_another_batch_is_refused(bench: Bench, tmp_path: Path) -> None:
    answer = bench.check("--model", write_mean_colour(tmp_path / "eight.onnx", side=224, batch=8))
    assert answer.code == 2
    assert "fixed at batch 8; batch 4 is asked for" in answer.err


def test_photos_that_cannot_be_evaluated_are_named_and_the_rest_is(bench: Bench) -> None:
    whole = (bench.photos / "p0.jpg").read_bytes()
    (bench.photos / "p1.jpg").write_bytes(whole[: len(whole) // 2])
    (bench.photos / "p2.jpg").write_bytes(b"")
    (bench.photos / "p3.jpg").write_text("no picture")
    (bench.photos / "p4.jpg").unlink()
    (bench.photos / "p4.jpg").symlink_to("/nowhere.jpg")
    answer = bench.run()
    assert answer.code == 6
    run = answer.json["runs"][0]
    assert (run["coverage"]["expected"], run["coverage"]["counted"], run["coverage"]["unreadable"]) == (9, 5, 4)
    assert run["top1"]["correct"] == 5
    report = bench.shell.dinoq("report", "last").out
    assert all(name in report for name in ("p1.jpg", "p2.jpg", "p3.jpg", "p4.jpg"))


def test_a_folder_in_place_of_a_photo_is_refused(bench: Bench) -> None:
    (bench.photos / "p4.jpg").unlink()
    (bench.photos / "p4.jpg").mkdir()
    answer = bench.check()
    assert (answer.code, answer.out) == (2, "")
    assert f"names p4.jpg, not found under {bench.photos}" in answer.err


def test_odd_pictures_are_evaluated_like_any_other(bench: Bench) -> None:
    Image.new("L", (300, 260), 90).save(bench.photos / "p2.jpg")  # gray, normalised, is brightest in blue
    Image.new("CMYK", (300, 260), (255, 0, 255, 0)).save(bench.photos / "p1.jpg")
    Image.new("RGB", (300, 260), (200, 10, 10)).save(bench.photos / "png.png")
    (bench.photos / "png.png").rename(bench.photos / "p0.jpg")
    Image.new("RGB", (1, 1), (200, 10, 10)).save(bench.photos / "p3.jpg")
    Image.new("RGB", (10000, 1), (10, 200, 10)).save(bench.photos / "p4.jpg", quality=95)
    run = bench.run().json["runs"][0]
    assert run["coverage"]["counted"] == 9
    assert run["top1"]["correct"] == 9


def test_a_data_folder_that_vanished_fails_its_slices_and_can_be_retried(bench: Bench) -> None:
    job = bench.shell.dinoq("submit", *bench.args("--json")).json["job"]
    bench.photos.rename(bench.photos.with_name("away"))
    bench.shell.start("up")
    eventually(lambda: state_of(bench.shell, job) == "failed", "the failure")
    answer = bench.shell.dinoq("report", job)
    assert answer.code == 6
    assert "is not there (any more) on this host. Try: mount it, then dinoq retry" in " ".join(answer.out.split())
    bench.photos.with_name("away").rename(bench.photos)
    assert bench.shell.dinoq("retry", job).code == 0
    eventually(lambda: state_of(bench.shell, job) == "done", "the end")


def test_a_damaged_shard_is_made_again(bench: Bench) -> None:
    assert bench.run().code == 0
    (shard,) = (bench.shell.home / ".dinoq" / "store" / "shards").glob("*/*.shard")
    with shard.open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff" * 100)
    answer = bench.run()
    assert answer.code == 0
    assert answer.json["runs"][0]["top1"]["correct"] == 9


def test_a_worker_that_sees_another_store_gets_nothing_of_this_one(bench: Bench, tmp_path: Path) -> None:
    job = bench.shell.dinoq("submit", *bench.args("--json")).json["job"]
    up = bench.shell.start("up", DINOQ_STORE=str(tmp_path / "other"))
    eventually(lambda: "no cpu worker\n" not in bench.shell.dinoq("status", job).out, "the worker")
    seen = bench.shell.dinoq("status", job, "--json").json
    assert (seen["state"], seen["items_done"]) == ("active", 0)
    assert "no cpu worker sees this job's store" in bench.shell.dinoq("status", job).out
    up.terminate()


def test_a_database_of_a_newer_dinoq_is_refused(bench: Bench) -> None:
    assert bench.shell.dinoq("jobs").code == 0
    with sqlite3.connect(bench.shell.home / ".dinoq" / "state" / "dinoq.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    connection.close()
    answer = bench.shell.dinoq("jobs")
    assert answer.code == 8
    assert "newer" in answer.err


def test_a_second_up_on_the_same_state_folder_is_refused(shell: Shell) -> None:
    first = shell.start("up", "--prep", "0", "--device", "none")
    eventually(lambda: (shell.home / ".dinoq/state/supervisor.json").exists(), "the first")
    answer = shell.dinoq("up")
    assert answer.code == 8
    assert f"pid {first.pid}" in answer.err


@pytest.mark.parametrize("command", ["up", "jobs"])
def test_a_state_folder_on_a_network_file_system_is_refused(shell: Shell, tmp_path: Path, command: str) -> None:
    far = tmp_path / "far"
    far.mkdir()
    mounted = [sys.executable, network_mount.__file__, str(far)]
    env = shell.env({"DINOQ_STATE": str(far / "state")})
    answer = subprocess.run([*mounted, *DINOQ, command], env=env, capture_output=True, text=True, check=False)
    if answer.returncode == network_mount.NOT_ALLOWED:
        pytest.skip(f"a real network mount needs root and /dev/fuse: {answer.stderr}")
    assert (answer.returncode, answer.stdout) == (8, "")
    assert answer.stderr == (
        f"error: state folder {far}/state is on a network file system (fuse.sshfs), where locks and SQLite are not"
        " safe. Try: set DINOQ_STATE to a local folder; DINOQ_STORE may stay shared\n"
    )


def test_a_full_disk_is_told_and_the_job_can_be_retried(bench: Bench, tmp_path: Path) -> None:
    store = tmp_path / "small"
    store.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "none", store], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        answer = bench.run(DINOQ_STORE=str(store))
        assert answer.code == 6
        assert "is full" in bench.shell.dinoq("report", "last", DINOQ_STORE=str(store)).out
    finally:
        subprocess.run(["umount", store], check=True)


def test_a_missing_chip_is_told_before_anything_is_stored(bench: Bench) -> None:
    answer = bench.run("--chip", "T4")
    assert answer.code == 8
    assert "no T4" in answer.err
    assert bench.shell.dinoq("jobs", "--json").json == []
