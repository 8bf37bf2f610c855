"""A user with an empty HOME, and a small set of photos of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from dinoq.db.engine import Database, open_database
from dinoq.db.progress import job_progress
from tests.command import Answer, Shell
from tests.models import write_mean_colour

COLOURS = ((200, 10, 10), (10, 200, 10), (10, 10, 200))


@dataclass
class Bench:
    """A shell, a model whose answer is the brightest channel, and photos labelled so."""

    shell: Shell
    model: Path
    photos: Path
    labels: Path

    def relabel(self, text: str | bytes) -> None:
        """Write another label file."""
        self.labels.write_bytes(text.encode() if isinstance(text, str) else text)

    def args(self, *more: object) -> list[object]:
        """The arguments of run and submit."""
        given = ["--model", self.model, "--data", self.photos, "--labels", self.labels, "--recipe", "dino"]
        return ["--chip", "cpu", "--batches", "4", *given, *more]

    def run(self, *more: object, **variables: str) -> Answer:
        """`dinoq run`, with a JSON report."""
        return self.shell.dinoq("run", *self.args("--format", "json", *more), **variables)

    def check(self, *more: object) -> Answer:
        """`dinoq submit --dry-run`: every check that is made before anything is stored."""
        return self.shell.dinoq("submit", "--dry-run", *self.args(*more))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    home = tmp_path / "home"
    home.mkdir()
    made = Shell(home)
    yield made
    made.stop_all()


@pytest.fixture
def bench(shell: Shell, tmp_path: Path) -> Bench:
    return make_bench(shell, tmp_path)


def make_bench(shell: Shell, tmp_path: Path) -> Bench:
    """Nine photos of three colours."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(9):
        Image.new("RGB", (300, 260), COLOURS[n % 3]).save(photos / f"p{n}.jpg", quality=95)
    labels = tmp_path / "labels.txt"
    labels.write_text("".join(f"p{n}.jpg {n % 3}\n" for n in range(9)))
    return Bench(shell, write_mean_colour(tmp_path / "colours.onnx", side=224), photos, labels)


@pytest.fixture
def ledger(shell: Shell) -> Iterator[Database]:
    """The user's ledger, read directly: asking the command again and again takes the time of those that work."""
    assert shell.dinoq("db", "upgrade").code == 0
    db = open_database(f"sqlite:///{shell.home / '.dinoq/state/dinoq.sqlite'}")
    yield db
    db.close()


def done(db: Database, job: int) -> bool:
    """Whether the job is done."""
    return job_progress(db, job).state == "done"
