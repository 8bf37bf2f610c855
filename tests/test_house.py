"""Habits of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.cli.settings import OPTIONS
from dinoq.jobs import errors

ROOT = Path(__file__).parents[1]
HEAVY = ("celery", "sqlalchemy", "onnx", "onnxruntime", "PIL", "redis", "numpy", "rich")
VENDOR = {"numpy", "onnxruntime", "aclruntime", "tensorrt"}
DEVICE_FILES = sorted(
    path.name for path in (ROOT / "workers/devices").glob("*.py") if path.stem not in ("catalog", "__init__")
)


def error_classes(root: type[errors.DinoqError]) -> list[type[errors.DinoqError]]:
    return [root, *(deeper for child in root.__subclasses__() for deeper in error_classes(child))]


def test_every_error_says_what_it_is_and_has_an_exit_code_of_the_table() -> None:
    for kind in error_classes(errors.DinoqError):
        assert kind.__doc__
        assert kind.exit_code in (1, 2, 3, 4, 5, 6, 7, 8, 130)


def test_the_drawn_tree_of_errors_names_every_class() -> None:
    ours = [kind.__name__ for kind in error_classes(errors.DinoqError) if kind.__module__ == errors.__name__]
    assert [name for name in ours if name not in (errors.__doc__ or "")] == []


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, dinoq.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [option.variable for option in OPTIONS if option.variable not in readme] == []


@pytest.mark.parametrize("name", DEVICE_FILES)
def test_a_device_file_runs_in_the_vendors_interpreter(name: str) -> None:
    tree = ast.parse((ROOT / "workers/devices" / name).read_text(), feature_version=(3, 8))
    for node in tree.body:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names | VENDOR or module.startswith("dinoq.workers.devices"), module


def test_the_lock_names_no_address() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
