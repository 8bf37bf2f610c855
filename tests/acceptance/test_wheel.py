"""The wheel holds all that dinoq needs: installed alone in an empty folder, it migrates, works and reports."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.workers.models.codebook import write_codebook
from tests.command import Shell

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout by the pinned backend, offline."""
    into = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(into.glob("*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[Shell]:
    """A shell with an empty home, where dinoq is what the wheel unpacked; a pure wheel is installed by unpacking it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "home").mkdir()
    shell = Shell(tmp_path / "home", {"PYTHONPATH": str(tmp_path / "site")})
    yield shell
    shell.stop_all()


def test_the_wheel_starts_migrates_works_and_reports(installed: Shell, tmp_path: Path) -> None:
    book = write_codebook(tmp_path / "book", samples=24, top1=15, top5=20)
    assert installed.dinoq("db", "upgrade").code == 0
    photos = ("--data", book.images, "--labels", book.labels)
    done = installed.dinoq("run", "--chip", "cpu", "--batches", "1", "--model", book.model, *photos, "--format", "json")
    assert done.code == 0, done.err
    (run,) = done.json["runs"]
    assert (run["top1"]["correct"], run["top5"]["correct"]) == (15, 20)
    ours = {path.name.partition(".")[0] for path in (tmp_path / "site/dinoq").rglob("*.pyc")}
    assert {"supervisor", "worker_process", "device_worker", "r0001_initial"} <= ours, "imported from elsewhere"


def test_the_wheel_is_what_was_imported(installed: Shell, tmp_path: Path) -> None:
    code = "import dinoq; print(dinoq.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=installed.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == tmp_path / "site/dinoq/__init__.py"


def test_the_wheel_names_the_command_and_carries_licence_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        facts = next(name.partition("/")[0] for name in names if name.endswith("/METADATA"))
        assert "dinoq = dinoq.cli.main:main" in archive.read(f"{facts}/entry_points.txt").decode()
    assert {f"{facts}/licenses/LICENSE", "dinoq/py.typed", "dinoq/cli/render/report.schema.json"} <= set(names)
    assert "dinoq/workers/data/imagenet_val.labels" in names
    assert [name for name in names if not name.startswith(("dinoq/", f"{facts}/"))] == []
