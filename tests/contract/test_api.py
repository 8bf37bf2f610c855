"""`import dinoq` for programs: a history that is read beside those who write it, and cannot be written."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

import dinoq
from dinoq.db.engine import Database, database_url
from dinoq.db.figures import summarise
from dinoq.db.reading import open_to_read
from dinoq.db.tables.jobs import Job
from tests.contract.test_db_schema import execute
from tests.crew import crew, submit_job
from tests.past import store_past

EXAMPLE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def writer(url: str) -> Iterator[Database]:
    """Who writes the history that is read."""
    db = Database(database_url(url))
    yield db
    db.close()


def worked_off(db: Database) -> int:
    """A job of one run on the cpu, summed up."""
    host, job = crew(db), submit_job(db, 600, batches=(16,), name="=first")
    host.work_off()
    assert summarise(db, job)
    return job


def test_nothing_can_be_written_through_a_history(url: str, writer: Database) -> None:
    job = worked_off(writer)
    db = open_to_read(url)
    for change in (update(Job).values(name="another"), delete(Job), text("CREATE TABLE mine (id INTEGER)")):
        with pytest.raises(dinoq.DinoqError, match=r"does not serve: .*read-?only"):
            db.write(lambda session, change=change: session.execute(change))  # type: ignore[misc]
    db.close()
    with dinoq.open_history(url) as history:
        assert [(one.id, one.name) for one in history.jobs()] == [(job, "=first")]


def test_a_history_is_read_beside_a_living_writer_as_it_was_before(url: str, writer: Database) -> None:
    store_past(writer, {}, {})

    def meanwhile(session: Session) -> None:
        session.execute(update(Job).values(name="not committed"))
        with dinoq.open_history(url) as history:
            assert {one.name for one in history.jobs()} == {"a job"}
            assert len(history.results()) == 2

    writer.write(meanwhile)


def test_who_reads_holds_up_nobody_who_writes(url: str, writer: Database) -> None:
    with dinoq.open_history(url) as history:
        seen = history.jobs()
        assert submit_job(writer) == 1
        assert (len(seen), len(history.jobs())) == (0, 1)


def test_runs_come_as_values_and_as_columns(url: str, writer: Database) -> None:
    store_past(writer, {"compute_images_per_s": None, "finished_at": None}, {"compute_images_per_s": 5.0, "batch": 1})
    with dinoq.open_history(url) as history:
        assert [run.job for run in history.results(batch=[1, 16], model="tiny", sort="-compute")] == [2, 1]
        assert [run.job for run in history.results(best=True)] == [2]
        columns = history.columns(sort="job")
    assert np.array_equal(columns["compute_images_per_s"], [np.nan, 5.0], equal_nan=True)
    assert columns["finished_at"].tolist() == [None, None]
    assert {str(column.dtype) for column in columns.values()} == {"int64", "float64", "object", "datetime64[ms]"}
    assert columns["batch"].tolist() == [16, 1]
    assert columns["chip"].tolist() == ["T4", "T4"]
    assert columns["hosts"].tolist() == [("gpu-02",), ("gpu-02",)]
    assert len({len(column) for column in columns.values()}) == 1


def test_a_history_without_runs_has_empty_columns(url: str) -> None:
    with dinoq.open_history(url) as history:
        assert {len(column) for column in history.columns().values()} == {0}


def test_a_report_is_that_of_the_command(url: str, writer: Database) -> None:
    job = worked_off(writer)
    with dinoq.open_history(url) as history:
        report = history.report(job)
        assert (report.job, [run.coverage.counted for run in report.runs]) == (job, [600])
        with pytest.raises(dinoq.DinoqError, match="no job 77"):
            history.report(77)


def test_jobs_and_runs_are_compared(url: str, writer: Database) -> None:
    one, other = worked_off(writer), worked_off(writer)
    with dinoq.open_history(url) as history:
        made = history.compare(one, other)
        assert [(pair.a.name, pair.b.name) for pair in made.pairs] == [
            (side.a.name, side.b.name) for side in history.compare(f"{one}/cpu:16", f"{other}/cpu:16").pairs
        ]
        with pytest.raises(dinoq.DinoqError, match="no job 77"):
            history.compare(one, 77, limits=dinoq.Limits(margin=0.02))


def test_jobs_that_nobody_summed_up_are_said(url: str, writer: Database) -> None:
    host = crew(writer)
    submit_job(writer)
    host.work_off()
    with dinoq.open_history(url) as history, pytest.warns(UserWarning, match="1 jobs are not summed up yet"):
        assert history.results() == ()


@pytest.mark.parametrize(("revision", "sentence"), [("0005", "older dinoq"), ("zzzz", "newer dinoq")])
def test_a_history_of_another_schema_is_refused(url: str, revision: str, sentence: str) -> None:
    execute(url, f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(dinoq.DinoqError, match=sentence):
        dinoq.open_history(url)


def test_a_history_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(dinoq.DinoqError, match=r"there is no history at .*none\.sqlite"):
        dinoq.open_history(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_name_means_something_in_a_url_is_read(sqlite_database: str, tmp_path: Path) -> None:
    path = Path(database_url(sqlite_database).database or "").rename(tmp_path / "a b?mode=rw#%41.sqlite")
    with dinoq.open_history(f"sqlite:///{quote(str(path))}") as history:
        assert history.jobs() == ()


def test_a_file_in_a_folder_that_is_closed_to_us_is_read(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(database_url(sqlite_database))
    store_past(db, {})
    db.close()  # the last one takes the log away
    monkeypatch.setattr("os.access", lambda *_: False)
    with dinoq.open_history(sqlite_database) as history:
        assert len(history.results()) == 1
    assert not list(Path(database_url(sqlite_database).database or "").parent.glob("*-wal"))


def test_a_filter_that_cannot_be_is_a_sentence(url: str) -> None:
    with dinoq.open_history(url) as history:
        with pytest.raises(dinoq.DinoqError, match="chip 'T5' is not known"):
            history.jobs(chip="T5")
        with pytest.raises(dinoq.DinoqError, match="column 'speed' is not known; there are job, run"):
            history.results(sort="speed")


def test_importing_dinoq_costs_nothing_and_names_what_there_is() -> None:
    code = (
        "import sys, dinoq; heavy = {'numpy', 'sqlalchemy', 'typer', 'celery'}; assert not heavy & set(sys.modules);"
        "assert all(hasattr(dinoq, name) and name in dir(dinoq) for name in dinoq.__all__); print(dinoq.open_history.__name__)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("open_history\n", "")


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(dinoq, "nonsense")  # noqa: B009  (a type checker knows better)


def test_the_example_of_the_page_runs(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(database_url(sqlite_database))
    worked_off(db)
    db.close()
    monkeypatch.setenv("DINOQ_DATABASE_URL", sqlite_database)
    (code,) = re.findall(r"```python\n(.*?)```", EXAMPLE.read_text(), re.DOTALL)
    exec(compile(code, str(EXAMPLE), "exec"), {})  # noqa: S102  (our own page)
    assert re.fullmatch(
        r"1 cpu 16 \w+ \d+ images/s\n[\d.]+ images/s is the most ever\n=first 0 \[0\.1\]\n", capsys.readouterr().out
    )
