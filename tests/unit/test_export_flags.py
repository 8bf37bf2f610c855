"""Flags of `dinoq export --as`: none is overlooked."""

from dataclasses import replace
from pathlib import Path

import pytest

from dinoq.cli.exchange import WRITERS, Export
from dinoq.cli.exports.flags import OF_OUTPUTS, OF_PHOTOS, OF_RUN, check_flags
from dinoq.cli.exports.outputs import form_of
from dinoq.jobs.errors import UsageError

PLAIN = Export(jobs=(), output=Path("out"))
ALL = replace(PLAIN, jobs=("1",), run="cpu:1", limit=3, outfmt="bin", with_logits=True)


@pytest.mark.parametrize("useful", [OF_RUN, OF_OUTPUTS, OF_PHOTOS])
def test_what_is_useful_is_accepted_and_all_else_is_named(useful: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="has no use for") as error:
        check_flags(ALL, "x", useful)
    named = str(error.value).split("use for ")[1].rstrip(".").split(", ")
    assert sorted([*named, *useful]) == ["--limit", "--outfmt", "--run", "--with-logits", "JOB"]


def test_no_flag_at_all_is_fine() -> None:
    check_flags(PLAIN, "x", ())


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
