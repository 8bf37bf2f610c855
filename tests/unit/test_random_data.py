"""What is said of wishes that a job without photos has no use for."""

from pathlib import Path

import pytest

from dinoq.cli.random_data import no_data
from dinoq.cli.settings import OPTIONS, load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of this test's own, an empty home, and nothing set."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("DINOQ_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_said_of_a_default_that_is_for_other_jobs(folder: Path) -> None:
    (folder / "dinoq.toml").write_text('data = "photos"\nbaseline = 75.3\n')
    source, dataset = no_data(load(), None, 1)
    assert (source, len(dataset.manifest), dataset.notes) == ("", 0, ())


def test_a_flag_that_is_of_no_use_is_named() -> None:
    assert no_data(load({"data": "photos"}), None, 1)[1].notes == ("random data is fed, no photos: --data is not used",)


def test_so_are_all_of_them() -> None:
    flags = {"data": "photos", "labels": "l.txt", "baseline": "75.3"}
    (note,) = no_data(load(flags), 10, 3)[1].notes
    assert note.endswith(": --data, --labels, --baseline, --limit, --loop are not used")
