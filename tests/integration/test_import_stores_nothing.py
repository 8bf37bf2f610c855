"""An import that does not come to its end leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dinoq.cli import foreign
from dinoq.cli.exchange import Import
from dinoq.cli.ledger import open_ledger
from dinoq.cli.settings import load
from dinoq.db.history import list_jobs
from dinoq.workers.data import dumps
from tests.foreign import write_dump, write_labels


def test_an_interrupted_import_stores_nothing_and_one_that_ends_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINOQ_HOME", str(tmp_path / "home"))
    dump = write_dump(tmp_path / "dumpOutput_device0", [3] * 600)
    labels = write_labels(tmp_path / "labels.txt", [3] * 600)
    now = load({"chip": "310", "batches": "16", "labels": str(labels)})
    asked, result = Import(path=dump, origin="real"), dumps._result

    def cut_off(no: int, *rest: object) -> Sequence[object]:
        if no == 3:
            raise KeyboardInterrupt
        return result(no, *rest)  # type: ignore[arg-type, return-value]

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(dumps, "_result", cut_off)
        foreign.read(now, asked)
    db = open_ledger(now)
    assert list_jobs(db) == []
    assert foreign.read(now, asked) == 0
    assert [job.state for job in list_jobs(db)] == ["done"]
    db.close()
