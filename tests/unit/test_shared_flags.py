"""Flags that several commands share."""

from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from dinoq.cli.shared_flags import taking


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Two flags that every command here takes."""

    chip: Annotated[str | None, typer.Option("--chip", help="chips")] = None
    tag: Annotated[list[str], typer.Option("--tag")] = field(default_factory=list)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@taking(Wanted)
def show(wanted: Wanted, limit: Annotated[int, typer.Option("--limit")] = 3) -> None:
    """Say what was wanted."""
    typer.echo(f"{wanted.chip} {wanted.tag} {limit}")


def said(*words: str) -> str:
    """What the command prints."""
    return CliRunner().invoke(app, list(words)).output.strip()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "None [] 3"),
        (("--chip", "T4", "--tag", "a", "--tag", "b", "--limit", "9"), "T4 ['a', 'b'] 9"),
    ],
)
def test_shared_flags_arrive_together_and_the_commands_own_apart(words: tuple[str, ...], expected: str) -> None:
    assert said(*words) == expected


def test_a_list_is_new_for_every_call() -> None:
    assert said("--tag", "a") == "None ['a'] 3"
    assert said("--tag", "b") == "None ['b'] 3"


def test_help_has_the_shared_flags_before_the_commands_own() -> None:
    text = said("--help")
    assert text.index("--chip") < text.index("--tag") < text.index("--limit")
    assert "Say what was wanted." in text
