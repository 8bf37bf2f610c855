"""The folders at the root, the links in dinoq/ and the lists in pyproject.toml agree."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dinoq

ROOT = Path(__file__).parents[1]
TOOL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
NOT_LINKED = {"dinoq", "tests", "benchmarks"}
FOLDERS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_LINKED


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_a_folder_is_linked(name: str) -> None:
    assert (ROOT / "dinoq" / name).readlink() == Path("..", name)


def test_dinoq_holds_nothing_else() -> None:
    kept = {path.name for path in (ROOT / "dinoq").iterdir()} - {"__pycache__"}
    assert kept == FOLDERS | {"__init__.py", "__main__.py", "py.typed"}


def test_every_list_names_every_folder() -> None:
    build = TOOL["hatch"]["build"]["targets"]
    assert build["wheel"]["sources"] == {name: f"dinoq/{name}" for name in FOLDERS}
    assert set(build["wheel"]["only-include"]) >= FOLDERS
    assert set(build["sdist"]["only-include"]) >= FOLDERS
    assert set(TOOL["coverage"]["run"]["source"]) >= FOLDERS
    assert set(TOOL["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]) >= FOLDERS
    layers = " | ".join(TOOL["importlinter"]["contracts"][0]["layers"]).split(" | ")
    assert set(layers) == {f"dinoq.{name}" for name in FOLDERS}


def test_the_checkout_is_what_runs() -> None:
    assert Path(dinoq.__file__) == ROOT / "dinoq" / "__init__.py"


def test_foreign_names_in_the_working_folder_are_not_imported(tmp_path: Path) -> None:
    """A sourced vendor environment leaves an empty entry in PYTHONPATH, which is the working directory."""
    for name in FOLDERS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not ours')")
    ours = "import dinoq.cli.commands, dinoq.workers.supervisor, dinoq.broker.app, dinoq.db.engine, dinoq.jobs.plan"
    subprocess.run([sys.executable, "-c", ours], cwd=tmp_path, env=os.environ | {"PYTHONPATH": "/x:"}, check=True)
