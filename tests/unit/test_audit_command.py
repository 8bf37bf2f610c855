"""What `dinoq audit` reads, says and refuses, without a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dinoq.cli.audit import audit
from dinoq.jobs.errors import BadTable, UsageError
from tests.models import write_mean_colour
from tests.published import FIRST, LATER

HONEST = "| bs | 310P | T4 | 310P/T4 |\n|---|---|---|---|\n| 1 | 1378.5 | 878.742 | 1.57 |\n| 16 | - | 1858.2 | |\n"


@dataclass(frozen=True)
class Told:
    """How the command ended and what it said."""

    code: int
    out: str
    err: str


Audited = Callable[..., Told]


@pytest.fixture
def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audited:
    """Write a file into an empty working folder, and audit it there with nothing else set."""
    for name in [name for name in os.environ if name.startswith("DINOQ_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(content: str | bytes, name: str = "README.md", *, model: str | None = None, facts: str | None = None,
             precision: str | None = None, as_json: bool = False) -> Told:  # fmt: skip
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        code = audit(Path(name), model=model, facts=facts, precision=precision, as_json=as_json)
        said = capsys.readouterr()
        return Told(code, said.out, said.err)

    return call


def test_machines_read_the_same_findings(audited: Audited) -> None:
    told = audited(LATER, as_json=True)
    found = json.loads(told.out)
    assert (told.code, found["tables"], found["figures"], found["gflop"]) == (7, 1, 30, 8.22)
    assert [(one["cell"], one["rules"]) for one in found["findings"]] == [
        ("310P", ["proportional", "peak"]),
        ("310 bs32", ["peak", "neighbours"]),
    ]
    assert found["findings"][0]["implied"]["bs64"] == pytest.approx(1367.8, abs=0.1)


def test_nothing_implausible_is_said_with_what_was_looked_at(audited: Audited) -> None:
    told = audited(HONEST)
    assert (told.code, told.out) == (0, "1 table, 4 figures, nothing implausible\n")
    assert "the model is not known, so no peak is" in told.err


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_files_of_other_encodings_are_read(audited: Audited, encoding: str) -> None:
    told = audited(FIRST.encode(encoding))
    assert (told.code, len(told.out.splitlines())) == (7, 3)


def test_a_csv_file_of_a_spreadsheet_is_read(audited: Audited) -> None:
    told = audited("\ufeffbs;310;310P;310P/310\r\n1;1617,052;1378,5;0,852\r\n16;2441,26;2708,79;1,9\r\n", "table.csv")
    assert told.out == "table.csv:3  table 1, 310P/310 bs16  1,9: 2708,79 / 2441,26 is 1.1096; implied 1.109587\n"


def test_cells_that_are_not_judged_are_named_and_counted(audited: Audited) -> None:
    told = audited("| bs | T4 fps |\n|---|---|\n| 1 | 9 |\n" + "| 4 | ~1600 |\n" * 7)
    assert "line 4, table 1: '~1600' is not judged: it is no figure" in told.err
    assert "2 more cells not judged" in told.err


def test_a_file_that_speaks_of_int8_is_held_against_the_higher_peak(audited: Audited) -> None:
    table = "# resnet50 {}\n\n| bs | 310 |\n|---|---|\n| 1 | 3900 |\n"
    assert [audited(table.format(word)).code for word in ("fp16", "INT8", "量化")] == [7, 0, 0]
    assert audited(table.format("INT8"), precision="fp16").code == 7


def test_the_model_that_rows_name_counts_before_the_title_s(audited: Audited) -> None:
    table = "# resnet50\n\n| model | bs | T4 |\n|---|---|---|\n| resnet18 | 1 | 9000 |\n| resnet50 | 1 | 9000 |\n"
    told = audited(table)
    assert [line.split(": ")[0] for line in told.out.splitlines()] == ["README.md:6  table 1 (resnet50), T4 bs1  9000"]
    assert len(audited(table, model="resnet50").out.splitlines()) == 2


def test_an_onnx_file_says_what_an_image_costs(audited: Audited, tmp_path: Path) -> None:
    model = write_mean_colour(tmp_path / "colours.onnx", side=224)
    assert f"GFLOP an image ({model})" in audited(HONEST, model=str(model)).err


def test_signs_of_a_foreign_file_move_no_cursor(audited: Audited) -> None:
    told = audited("| bs | T4\x1b[2J fps |\n|---|---|\n| 1 | 9 |\n| 8 | 800 |\n| 16 | 9 |\n| 32 | \x07x\x1b[2J |\n")
    assert told.code == 7
    assert not {"\x1b", "\x07"} & set(told.out + told.err)


@pytest.mark.parametrize(
    ("content", "message"), [("# No table\n", "holds no table of"), (b"\x00\xff\x81" * 9, "is no text")]
)
def test_a_file_without_a_table_is_refused(audited: Audited, content: str | bytes, message: str) -> None:
    with pytest.raises(BadTable, match=f"^README.md {message}"):
        audited(content)


def test_a_missing_file_is_refused(audited: Audited) -> None:
    with pytest.raises(BadTable, match=r"none\.md cannot be read: No such file or directory"):
        audit(Path("none.md"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"model": "nonsense"}, "model 'nonsense' is no file and not known; there are dino_resnet50"),
        ({"precision": "fp8"}, "precision 'fp8' is not known"),
        ({"facts": "none.toml"}, "facts file none.toml cannot be read: No such file or directory"),
        ({"facts": "README.md"}, "README.md is no TOML"),
    ],
)
def test_a_flag_that_cannot_be_meant_is_refused(audited: Audited, flags: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        audited(HONEST, **flags)
