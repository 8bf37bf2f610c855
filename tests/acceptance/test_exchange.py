"""Jobs between two sites, each with a home of its own, through the real command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Bench, make_bench
from tests.carried import make_carried, packed
from tests.command import Answer, Shell


@pytest.fixture
def other(tmp_path: Path) -> Shell:
    """Another site."""
    home = tmp_path / "other"
    home.mkdir()
    return Shell(home, {"DINOQ_HOST": "elsewhere"})


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The home in which job 1 was evaluated, its logits kept, and its JSON report."""
    folder = tmp_path_factory.mktemp("site")
    answer = make_bench(Shell(folder), folder).run("--keep-logits")
    assert answer.code == 0, answer.err
    return folder, answer.json


@pytest.fixture
def done(bench: Bench, evaluated: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    """The JSON report of job 1, which the first site has evaluated."""
    home, report = evaluated
    shutil.copytree(home / ".dinoq", bench.shell.home / ".dinoq")
    return report


def bare(report: dict[str, Any]) -> dict[str, Any]:
    """Without what differs by design."""
    return report | {"job": None, "imported": None}


def exported(bench: Bench, *more: object) -> Path:
    """Job 1 as a file."""
    path = bench.shell.home / "x.dinoq"
    answer = bench.shell.dinoq("export", "1", "-o", path, *more)
    assert answer.code == 0, answer.err
    return path


def test_a_job_exported_and_imported_differs_in_nothing(bench: Bench, other: Shell, done: dict[str, Any]) -> None:
    answer = other.dinoq("import", exported(bench))
    assert (answer.code, answer.out) == (0, "job 1\n"), answer.err
    there = other.dinoq("report", "1", "--json").json
    assert bare(there) == bare(done)
    assert there["imported"]["source"] and there["imported"]["at"]
    first, rest = other.dinoq("logs", "1").out.split("\n", 1)
    assert "imported from" in first and rest == bench.shell.dinoq("logs", "1").out


def test_a_second_import_is_recognised(bench: Bench, other: Shell, done: dict[str, Any]) -> None:
    path = exported(bench)
    other.dinoq("import", path)
    for shell in (other, bench.shell):
        answer = shell.dinoq("import", path)
        assert (answer.code, answer.out) == (0, "job 1\n")
        assert "job 1 already has it" in answer.err
        assert len(json.loads(shell.dinoq("jobs", "--json").out)) == 1


def test_logits_go_along_on_request(bench: Bench, other: Shell, done: dict[str, Any]) -> None:
    assert other.dinoq("import", exported(bench, "--with-logits")).code == 0
    kept = {path.name: path.read_bytes() for path in (other.home / ".dinoq/store/logits").rglob("*.f32")}
    assert kept and kept == {path.name: path.read_bytes() for path in bench.shell.home.rglob("*.f32")}


def test_logits_that_are_not_taken_in_are_not_left_in_the_store(
    bench: Bench, other: Shell, done: dict[str, Any]
) -> None:
    other.dinoq("import", exported(bench))
    path = exported(bench, "--with-logits")
    assert "already has it" in other.dinoq("import", path).err
    assert list(other.home.rglob("*.f32")) == []
    assert other.dinoq("import", path, "--update").code == 0
    assert list(other.home.rglob("*.f32"))


def test_nothing_in_a_file_moves_a_terminal(other: Shell, tmp_path: Path) -> None:
    odd, job = "\x1b]0;mine\x07", make_carried()
    texts = {"name": f"name {odd}", "owner": f"owner {odd}", "source": f"source {odd}"}
    spec = replace(job.job.spec, command=f"dinoq run {odd}")
    made = [replace(one, vendor_output=f"$ atc {odd}\nmade") for one in job.artifacts]
    path = packed(tmp_path, replace(job, job=replace(job.job, spec=spec, **texts), artifacts=made))  # type: ignore[arg-type]
    said = [
        other.dinoq("import", path),
        other.dinoq("jobs"),
        other.dinoq("status", "1"),
        other.dinoq("report", "1", "--format", "modelzoo"),
    ]
    heard = "".join(answer.out + answer.err for answer in said)
    assert {sign for sign in heard if not sign.isprintable()} == {"\n"}
    words = ("name", "owner", "imported from source", "dinoq run", "atc")
    assert [word for word in words if f"{word} \\x1b]0;mine" not in heard] == []


def refused(answer: Answer, *words: str) -> None:
    """Exit 2, one sentence with these words, no traceback."""
    assert answer.code == 2, answer.err
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1
    assert [word for word in words if word not in answer.err] == []


def test_what_a_file_may_suffer_on_its_way_is_told_and_loses_nothing(
    bench: Bench, other: Shell, done: dict[str, Any]
) -> None:
    path = exported(bench)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    refused(other.dinoq("import", path), "x.dinoq")
    path.write_bytes(whole[:middle])
    refused(other.dinoq("import", path), "is damaged, or no .dinoq file")
    path.unlink()
    refused(other.dinoq("import", path), "is not there")
    assert json.loads(other.dinoq("jobs", "--json").out) == []


def test_an_active_job_is_not_exported(bench: Bench) -> None:
    bench.shell.dinoq("submit", *bench.args())
    refused(bench.shell.dinoq("export", "-o", "x.dinoq"), "job 1 is active", "dinoq cancel 1")
    bench.shell.dinoq("cancel", "1")
    refused(bench.shell.dinoq("export", "1", "--with-logits", "-o", "x.dinoq"), "none of these jobs kept its logits")
    refused(bench.shell.dinoq("export", "1"), "nothing says where to write", "-o x.dinoq")
    refused(bench.shell.dinoq("export", "1", "-o", "x.zip"), "does not end in .dinoq")
    assert not (bench.shell.home / "x.dinoq").exists()


def test_two_sites_are_joined_in_one_report(bench: Bench, other: Shell, done: dict[str, Any]) -> None:
    args = ["1" if word == "4" else word for word in bench.args("--format", "json")]
    assert other.dinoq("run", *args).code == 0
    assert other.dinoq("import", exported(bench)).out == "job 2\n"
    both = other.dinoq("report", "1", "2", "--json").json
    assert [(run["job"], run["batch"], run["top1"]["correct"]) for run in both["runs"]] == [(1, 1, 9), (2, 4, 9)]
    assert "jobs 1, 2" in other.dinoq("report", "1", "2").out


def test_jobs_of_different_labels_are_not_joined(bench: Bench, done: dict[str, Any]) -> None:
    bench.relabel("".join(f"p{n}.jpg {(n + 1) % 3}\n" for n in range(9)))
    bench.run()
    refused(bench.shell.dinoq("report", "1", "2"), "jobs 1 and 2 differ in photos")


def test_an_imported_job_is_marked_and_not_tried_again(bench: Bench, other: Shell, done: dict[str, Any]) -> None:
    other.dinoq("import", exported(bench))
    assert "(imported from " in other.dinoq("jobs").out
    assert "imported from " in " ".join(other.dinoq("report", "1").out.split())
    refused(other.dinoq("retry", "1"), "job 1 was imported")


def test_what_nobody_knows_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("what is this")
    refused(shell.dinoq("import", tmp_path / "x.txt"), "x.txt is nothing that can be imported")
    refused(shell.dinoq("import", tmp_path / "x.txt", "--as", "telex"), "--as 'telex' is not known")
