"""`dinoq audit` as a user has it: the published tables, other writings of them, and what cannot be audited."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tests.command import Answer, Shell
from tests.models import write_mean_colour
from tests.published import FIRST, LATER

HONEST = "| bs | 310P | T4 | 310P/T4 |\n|---|---|---|---|\n| 1 | 1378.5 | 878.742 | 1.57 |\n| 16 | - | 1858.2 | |\n"


def audited(shell: Shell, text: str | bytes, *more: object, name: str = "README.md") -> Answer:
    (shell.home / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return shell.dinoq("audit", name, *more)


def test_each_finding_is_one_line_with_what_it_implies(shell: Shell) -> None:
    answer = audited(shell, FIRST)
    bs32, bs64, best = answer.out.splitlines()
    assert bs32.startswith("README.md:9  table 1, 310 bs32  5279.8: 310P/310 prints 1.1491282, but ")
    assert bs32.endswith("; 136 % of the fp16 peak of a 310 card; 2.2 times both its neighbours; implied 2244.78")
    assert bs64.startswith("README.md:10  table 1, 310 bs64  2244.78: ") and bs64.endswith("; implied 1704.408")
    assert best.startswith("README.md:11  table 1, 310 best  2441.26: ") and best.endswith("; follows from 310 bs32")
    assert "8.22 GFLOP an image (dino_resnet50, which the title names)" in answer.err
    assert (answer.code, answer.err.splitlines()[-1]) == (7, "1 table, 35 figures: 2 findings, 1 consequence")


def test_machines_read_the_same_findings(shell: Shell) -> None:
    answer = audited(shell, LATER, "--json")
    found = answer.json
    assert (answer.code, found["tables"], found["figures"], found["gflop"]) == (7, 1, 30, 8.22)
    assert [(one["cell"], one["rules"]) for one in found["findings"]] == [
        ("310P", ["proportional", "peak"]),
        ("310 bs32", ["peak", "neighbours"]),
    ]
    assert found["findings"][0]["implied"]["bs64"] == pytest.approx(1367.8, abs=0.1)


def test_nothing_implausible_is_said_with_what_was_looked_at(shell: Shell) -> None:
    answer = audited(shell, HONEST)
    assert (answer.code, answer.out) == (0, "1 table, 4 figures, nothing implausible\n")
    assert "the model is not known, so no peak is" in answer.err


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_files_of_other_encodings_are_read(shell: Shell, encoding: str) -> None:
    answer = audited(shell, FIRST.encode(encoding))
    assert (answer.code, len(answer.out.splitlines())) == (7, 3)


def test_a_csv_file_of_a_spreadsheet_is_read(shell: Shell) -> None:
    text = "bs;310;310P;310P/310\r\n1;1617,052;1378,5;0,852\r\n16;2441,26;2708,79;1,9\r\n"
    answer = audited(shell, codecs.BOM_UTF8 + text.encode(), name="table.csv")
    assert answer.out.startswith(
        "table.csv:3  table 1, 310P/310 bs16  1,9: 2708,79 / 2441,26 is 1.1096; implied 1.10959"
    )


def test_a_user_s_facts_are_held_against_and_found_in_dinoq_toml(shell: Shell) -> None:
    (shell.home / "facts.toml").write_text("[chips.A10]\npeak_tflops_fp16 = 1.0\n[models.net]\ngflop = 10\n")
    table = "| bs | A10 |\n|---|---|\n| 1 | 101 |\n"
    assert audited(shell, table).code == 2
    answer = audited(shell, table, "--facts", "facts.toml", "--model", "net")
    assert (answer.code, "101 % of the fp16 peak of a A10 card" in answer.out) == (7, True)
    (shell.home / "dinoq.toml").write_text('facts = "facts.toml"\n')
    assert audited(shell, table, "--gflop", "9").code == 0


def test_an_onnx_file_says_what_an_image_costs(shell: Shell, tmp_path: Path) -> None:
    model = write_mean_colour(tmp_path / "colours.onnx", side=224)
    answer = audited(shell, HONEST, "--model", model)
    assert (answer.code, f"GFLOP an image ({model})" in answer.err) == (0, True)


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (b"# No table\n", [], "README.md holds no table of performance"),
        (b"\x00\xff\xfe\x81" * 9, [], "README.md is no text"),
        (
            HONEST.encode(),
            ["--model", "nonsense"],
            "model 'nonsense' is no file and not known; there are dino_resnet50",
        ),
        (HONEST.encode(), ["--precision", "fp8"], "precision 'fp8' is not known"),
        (HONEST.encode(), ["--facts", "none.toml"], "facts file none.toml cannot be read: No such file or directory"),
        (HONEST.encode(), ["--facts", "README.md"], "README.md is no TOML"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_a_sentence(
    shell: Shell, text: bytes, more: list[str], message: str
) -> None:
    answer = audited(shell, text, *more)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {message}")
    assert "Traceback" not in answer.err


def test_a_missing_file_is_refused(shell: Shell) -> None:
    answer = shell.dinoq("audit", "none.md")
    assert (answer.code, answer.err.split(" Try:")[0]) == (
        2,
        "error: none.md cannot be read: No such file or directory.",
    )


def test_signs_of_a_foreign_file_move_no_cursor(shell: Shell) -> None:
    answer = audited(shell, "| bs | T4\x1b[2J fps |\n|---|---|\n| 1 | 9 |\n| 8 | 800 \x07x\x1b[2J |\n| 16 | 9 |\n")
    assert "\x1b" not in answer.out + answer.err and "\x07" not in answer.out + answer.err
