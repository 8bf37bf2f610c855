"""Flags of `dinoq export` and `dinoq import`: none is overlooked."""

from dataclasses import replace
from pathlib import Path

import pytest

from dinoq.cli import carry, foreign
from dinoq.cli.exchange import WRITERS, Export, Import
from dinoq.cli.exports.outputs import form_of
from dinoq.cli.flags import OF_JOBS, OF_OUTPUTS, OF_PHOTOS, OF_RUN, check_export, check_import
from dinoq.cli.settings import load
from dinoq.jobs.errors import UsageError

PLAIN = Export(jobs=(), output=Path("out"))
PHOTOS = {"data": "photos", "labels": "val.txt", "recipe": "dino"}
ALL = replace(PLAIN, jobs=("1",), run="cpu:1", limit=0, outfmt="bin", with_logits=True)
TOLD = Import(path=Path("x"), name="x", update=True, precision="fp16", origin="real", driver="22", toolkit="CANN 5")
CELL = {"chip": "T4", "batches": "16", "model": "x.onnx", "baseline": "75.3"}


def named(error: pytest.ExceptionInfo[UsageError]) -> list[str]:
    """The flags that are refused."""
    return sorted(str(error.value).split("use for ")[1].rstrip(".").split(", "))


@pytest.mark.parametrize("useful", [OF_RUN, OF_OUTPUTS, OF_PHOTOS, OF_JOBS])
def test_what_is_useful_is_accepted_and_all_else_is_named(useful: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="--as x has no use for") as error:
        check_export(load(PHOTOS), ALL, "--as x", useful)
    rest = ["--data", "--labels", "--limit", "--outfmt", "--recipe", "--run", "--with-logits", "JOB"]
    assert sorted([*named(error), *useful]) == rest


def test_no_flag_at_all_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_DATA", "photos")
    check_export(load(), PLAIN, "--as x", ())
    check_import(load(), Import(path=Path("x")), "x", ())


def test_a_dinoq_file_takes_whole_jobs_and_nothing_of_a_run() -> None:
    with pytest.raises(UsageError, match=r"a \.dinoq file has no use for") as error:
        carry.write(load(PHOTOS), replace(ALL, output=Path("x.dinoq")))
    assert named(error) == ["--data", "--labels", "--limit", "--outfmt", "--recipe", "--run"]


def test_a_dinoq_file_says_itself_what_it_holds() -> None:
    with pytest.raises(UsageError, match=r"a \.dinoq file has no use for") as error:
        carry.read(load({**PHOTOS, **CELL}), TOLD)
    given = ["--baseline", "--batches", "--chip", "--data", "--driver", "--labels", "--model", "--name", "--origin"]
    assert named(error) == [*given, "--precision", "--recipe", "--toolkit"]


def test_figures_are_of_no_photos_and_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file of figures has no use for") as error:
        foreign.read(load({**PHOTOS, **CELL}), replace(TOLD, path=tmp_path / "perf.txt"))
    assert named(error) == ["--data", "--labels", "--update"]


def test_a_dump_is_held_against_photos_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "p1_1.txt").write_text("0.5 0.25 ")
    with pytest.raises(UsageError, match="a dump folder has no use for") as error:
        foreign.read(load({**PHOTOS, **CELL}), replace(TOLD, path=tmp_path))
    assert named(error) == ["--update"]


def test_the_first_form_is_taken_unless_another_is_told() -> None:
    forms = [form_of(replace(PLAIN, outfmt=said), ("txt", "bin")) for said in (None, "BIN", "txt")]
    assert forms == ["txt", "bin", "txt"]


def test_a_form_that_the_tool_does_not_write_is_refused() -> None:
    with pytest.raises(UsageError, match="--outfmt npy is none of txt, bin"):
        form_of(replace(PLAIN, outfmt="npy"), ("txt", "bin"))


def test_every_format_has_its_module() -> None:
    modules = [module for module in WRITERS.values() if module.startswith("dinoq.cli.exports.")]
    found = {path.stem for path in (Path(__file__).parents[2] / "cli/exports").glob("*.py")}
    assert {module.rsplit(".", 1)[1] for module in modules} <= found
