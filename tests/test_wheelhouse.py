"""What `make wheelhouse` would fetch, checked without fetching: the pins, and the tags of the other architecture."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["postgres"]


def names(requirements: list[object]) -> set[str]:
    """Packages as locks write them; `{include-group = ...}` names none."""
    return {re.split(r"[\[<>=;, ]", text)[0].lower() for text in requirements if isinstance(text, str)}


def pins(lock: str) -> dict[str, set[str]]:
    """`numpy==2.4.6` and the hashes of its files; where it is wanted may differ between locks."""
    entries = re.split(r"^(?=[a-z])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    return {re.split(r" [;\\]", entry)[0]: set(re.findall(r"sha256:\w{64}", entry)) for entry in entries}


def test_the_runtime_lock_has_every_requirement_of_a_host_and_none_of_development() -> None:
    locked = {pin.partition("==")[0] for pin in pins("runtime.lock")}
    groups = names([one for group in PROJECT["dependency-groups"].values() for one in group])
    assert names(RUNTIME) <= locked
    assert "mypy" in groups
    assert locked & (groups - names(RUNTIME)) == set()


def test_a_host_gets_the_very_files_that_the_tests_ran_with() -> None:
    tested = pins("requirements.lock")
    for pin, hashes in pins("runtime.lock").items():
        assert hashes and hashes == tested[pin], pin


def test_wheels_are_asked_for_by_the_tags_of_the_architecture_named() -> None:
    told = ["make", "-n", "wheelhouse", "ARCH=aarch64", "PYTHON_VERSION=3.12"]
    recipe = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"aarch64"} == set(re.findall(r"manylinux\w*?_(aarch64|x86_64)\b", recipe))
    assert "--platform manylinux_2_28_aarch64" in recipe
    assert "--require-hashes --no-deps --only-binary :all:" in recipe
    assert "--python-version 3.12" in recipe
    assert "--no-index --find-links aarch64" in recipe
