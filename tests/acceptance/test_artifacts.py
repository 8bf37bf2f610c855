"""Artifacts made elsewhere, and options for the toolchain, as a user gives them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.db.engine import Database
from dinoq.db.fleet import list_devices
from dinoq.workers.simulators.install import install
from tests.acceptance.conftest import Bench
from tests.command import Answer
from tests.processes import eventually

AIPP = """aipp_op {
    aipp_mode: static
    input_format: RGB888_U8
    src_image_size_w: 224
    src_image_size_h: 224
    var_reci_chn_0: 0.0039
    var_reci_chn_1: 0.0039
    var_reci_chn_2: 0.0039
}
"""


def compiled(bench: Bench, folder: Path, batch: int, *more: str) -> Path:
    """What a colleague made with atc on another machine."""
    env = dict(os.environ)
    env |= install(folder, python=sys.executable, simulate="310P3:1", env=env)
    made = folder / f"bs{batch}"
    argv = ["atc", "--framework=5", f"--model={bench.model}", f"--output={made}", "--soc_version=Ascend310P3"]
    argv += ["--input_format=NCHW", f"--input_shape=input:{batch},3,224,224", *more]
    subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
    return made.with_suffix(".om")


def run(bench: Bench, batches: str, *more: object) -> Answer:
    return bench.run("--chip", "310P3", "--batches", batches, "--simulate", "310P3:1", *more)


@pytest.mark.long
def test_artifacts_made_elsewhere_run_as_they_are_one_of_them_on_plain_pixels(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "aipp.cfg").write_text(AIPP)
    plain = compiled(bench, tmp_path, 1)
    pixels = compiled(bench, tmp_path, 4, f"--insert_op_conf={tmp_path / 'aipp.cfg'}")
    answer = run(bench, "1,4", "--artifact", f"310P3:1={plain}", "--artifact", f"310p3:4={pixels}")
    assert answer.code == 0, answer.err
    assert [one["top1"]["correct"] for one in answer.json["runs"]] == [9, 9]
    assert [one["given"] for one in answer.json["runs"]] == ["bs1.om", "bs4.om"]
    assert "310P3 bs4: made elsewhere (bs4.om), precision as given" in bench.shell.dinoq("report").out
    assert "made elsewhere: bs4.om" in bench.shell.dinoq("logs", "--run", "310P3:4").out


@pytest.mark.long
def test_an_artifact_made_elsewhere_needs_no_atc_here(bench: Bench, ledger: Database, tmp_path: Path) -> None:
    given = ("--artifact", f"310P3:4={compiled(bench, tmp_path, 4)}")
    answer = bench.run("--chip", "310P3", "--simulate", "310P3:1", *given, DINOQ_SIM_PROGRAMS="npu-smi")
    assert answer.code == 0, answer.err
    bench.shell.start("up", "--simulate", "310P3:1", DINOQ_SIM_PROGRAMS="npu-smi")
    eventually(lambda: "310P3" in {row.facts.chip for row in list_devices(ledger) if row.worker}, "the device's worker")
    waiting = bench.shell.dinoq("submit", *bench.args("--chip", "310P3", "--wait", *given))
    assert waiting.code == 0, waiting.err


def test_an_artifact_of_another_batch_is_told_and_gives_no_number(bench: Bench, tmp_path: Path) -> None:
    answer = run(bench, "16", "--artifact", f"310P3:16={compiled(bench, tmp_path, 1)}")
    assert answer.code == 6
    only = answer.json["runs"][0]
    assert "executes batch 1, the run asks for 16" in only["failed_parts"][0]["error"]
    assert only["top1"]["correct"] is None


@pytest.mark.long
def test_options_of_the_toolchain_make_another_artifact(bench: Bench) -> None:
    plain = run(bench, "4").json["runs"][0]["artifact"]["key"]
    answer = run(bench, "4", "--atc-arg", "op_select_implmode=high_precision")
    assert answer.code == 0
    assert answer.json["runs"][0]["artifact"]["key"] != plain


def test_what_was_asked_of_the_toolchain_and_came_of_it_stands_in_the_report(bench: Bench) -> None:
    answer = bench.run("--chip", "T4", "--simulate", "T4:1", "--trt-arg", "cuda_graph=1")
    assert answer.code == 0, answer.err
    only = answer.json["runs"][0]
    assert only["flags"] == {"cuda_graph": "1"}
    assert (only["devices"][0]["program"]["cuda_graph"], only["devices"][0]["program"]["precision_route"]) == (
        "1",
        "flag",
    )
    assert "Program   T4 bs4: cuda_graph=1; cuda_graph 1, precision_route flag" in bench.shell.dinoq("report").out


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--artifact", "310P3:8=x.om"), "x.om is no file"),
        (("--chip", "T4", "--artifact", f"T4:4={__file__}"), "dinoq opens only those that it built itself"),
        (("--artifact", "310P3"), "is not CHIP:BATCH=FILE"),
        (("--atc-arg", "model=/etc/passwd"), "--atc-arg model is dinoq's to set"),
        (("--atc-arg", "precision"), "is not KEY=VALUE"),
        (("--atc-arg", "precision_mode=force_fp32"), "precision_mode=force_fp32 contradicts a run in fp16"),
        (("--trt-arg", "cuda_graph=1"), "no chip of the job is compiled so"),
        (("--trt-arg", "cuda_graph=yes"), "none of workspace_mib, optimization_level, cuda_graph"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_stored(
    bench: Bench, given: tuple[str, ...], sentence: str
) -> None:
    answer = bench.shell.dinoq("submit", *bench.args("--chip", "310P3", *given))
    assert (answer.code, sentence in answer.err) == (2, True), answer.err


def test_an_artifact_for_a_batch_that_is_not_run_is_refused(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "x.om"
    file.write_bytes(b"om")
    answer = bench.shell.dinoq("submit", *bench.args("--chip", "310P3", "--artifact", f"310P3:8={file}"))
    assert (answer.code, "310P3 bs8, which the job does not run" in answer.err) == (2, True)
