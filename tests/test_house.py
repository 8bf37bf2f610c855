"""Habits of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.cli.settings import INTERNAL, OPTIONS
from dinoq.jobs import errors

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for folder in ("cli", "workers", "broker", "db", "jobs") for path in sorted((ROOT / folder).rglob("*.py"))
]
HEAVY = ("celery", "sqlalchemy", "onnx", "onnxruntime", "PIL", "redis", "numpy", "rich")
VENDOR = {"numpy", "onnxruntime", "aclruntime", "tensorrt"}
DEVICE_FILES = sorted(
    path.name for path in (ROOT / "workers/devices").glob("*.py") if path.stem not in ("catalog", "__init__")
)


def error_classes(root: type[errors.DinoqError]) -> list[type[errors.DinoqError]]:
    return [root, *(deeper for child in root.__subclasses__() for deeper in error_classes(child))]


def raised_without_hint(path: Path) -> list[str]:
    """Where an error of ours is made without a word on what to do next."""
    names = {kind.__name__ for kind in error_classes(errors.DinoqError)}
    made = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for call in made
        if isinstance(call.func, ast.Name)
        and call.func.id in names
        and "hint" not in {key.arg for key in call.keywords}
    ]


def test_every_error_says_what_it_is_and_has_an_exit_code_of_the_table() -> None:
    for kind in error_classes(errors.DinoqError):
        assert kind.__doc__ and kind.__doc__ not in (base.__doc__ for base in kind.__bases__)
        assert kind.exit_code in (1, 2, 3, 4, 5, 6, 7, 8, 130)


def test_every_error_says_what_to_do_next() -> None:
    assert [place for path in SOURCES for place in raised_without_hint(path)] == []


def test_the_drawn_tree_names_every_error_with_its_code_and_no_other() -> None:
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+) {2,}(\d*)", errors.__doc__ or "", re.MULTILINE)
    ours = [kind for kind in error_classes(errors.DinoqError) if kind.__module__ == errors.__name__]
    assert [name for name, _ in drawn] == [kind.__name__ for kind in ours]
    assert all(int(code) == getattr(errors, name).exit_code for name, code in drawn if code)


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, dinoq.cli.commands; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_variable_that_a_person_may_set_is_in_the_readme() -> None:
    readme = "".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    read = {name for path in SOURCES for name in re.findall(r"\bDINOQ_[A-Z_]+[A-Z]\b", path.read_text())}
    read |= {option.variable for option in OPTIONS}
    assert sorted(name for name in read - set(INTERNAL) if f"`{name}`" not in readme) == []


def test_the_readme_names_no_variable_that_nothing_reads() -> None:
    named = set(re.findall(r"\bDINOQ_[A-Z_]+[A-Z]\b", (ROOT / "README.md").read_text()))
    assert named - {option.variable for option in OPTIONS} == {"DINOQ_CONFIG"}


@pytest.mark.parametrize("name", DEVICE_FILES)
def test_a_device_file_runs_in_the_vendors_interpreter(name: str) -> None:
    tree = ast.parse((ROOT / "workers/devices" / name).read_text(), feature_version=(3, 8))
    for node in tree.body:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names | VENDOR or module.startswith("dinoq.workers.devices"), module


@pytest.mark.parametrize("lock", ["requirements.lock", "runtime.lock"])
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()
