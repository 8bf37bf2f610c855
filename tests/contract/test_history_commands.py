"""`dinoq jobs` and `dinoq results` as they are typed, on either database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import make_url, text

from dinoq.cli.commands import run
from dinoq.cli.waiting import print_report
from dinoq.db.engine import Database, database_url
from dinoq.db.past_runs import list_runs
from dinoq.jobs.verdicts import Status
from tests.contract.conftest import admin, url_text
from tests.crew import crew, submit_job
from tests.past import store_past

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ledger(url: str) -> Iterator[Database]:
    db = Database(database_url(url))
    yield db
    db.close()


@pytest.fixture
def typed(url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command in this process: its exit code, stdout and stderr."""
    monkeypatch.setenv("DINOQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DINOQ_DATABASE_URL", url)

    def type_(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["dinoq", *words])
        return run(), *capsys.readouterr()

    return type_


def test_results_are_listed_newest_first_with_their_units(ledger: Database, typed: Typed) -> None:
    store_past(ledger, {"chip": "310P3"}, {"origin": "simulated"})
    code, out, err = typed("results")
    head, newest, oldest, units, marks = out.splitlines()
    assert (code, err) == (0, "")
    assert head.split()[:4] == ["job", "chip", "batch", "prec"]
    assert (newest.split()[:2], oldest.split()[:2]) == (["2", "~T4"], ["1", "310P3"])
    assert (units[-13:], marks) == ("times are UTC", "~ simulated")


def test_filters_columns_order_and_limit_go_together(ledger: Database, typed: Typed) -> None:
    store_past(ledger, *({"batch": batch, "compute_images_per_s": 10.0 * batch} for batch in (1, 4, 16, 64)))
    words = ("--batch", "1,4,16", "--sort", "-compute", "--limit", "2", "--columns", "job,compute", "--csv")
    _, out, err = typed("results", *words)
    assert out == "job,compute_images_per_s\n3,160.0\n2,40.0\n"
    assert "there are more than the 2 listed" in err


def test_the_best_are_listed_whole(ledger: Database, typed: Typed) -> None:
    store_past(ledger, *({"batch": batch} for batch in range(1, 26)), {"batch": 1, "verdict": Status.IMPLAUSIBLE})
    _, out, _ = typed("results", "--best", "--json")
    assert [row["batch"] for row in json.loads(out)] == list(range(1, 26))


def test_jobs_are_found_while_they_are_under_way(ledger: Database, typed: Typed) -> None:
    submit_job(ledger, chips=("T4",))
    submit_job(ledger, chips=("310P3",))
    _, out, _ = typed("jobs", "--chip", "310p3", "--state", "active", "--json")
    assert [(row["id"], row["chips"], row["verdict"]) for row in json.loads(out)] == [(2, ["310P3"], None)]


def test_what_nobody_summed_up_is_summed_up_before_it_is_listed(ledger: Database, typed: Typed) -> None:
    host = crew(ledger)
    submit_job(ledger, 600, batches=(1, 16))
    host.work_off()
    _, out, err = typed("results", "--columns", "job,run,batch,expected", "--csv")
    assert (out.splitlines()[1:], err) == (["1,1,1,600", "1,2,16,600"], "")


def test_whoever_sees_a_job_through_sums_it_up(ledger: Database, capsys: pytest.CaptureFixture[str]) -> None:
    host, job = crew(ledger), submit_job(ledger)
    host.work_off()
    print_report(ledger, job, "json", strict=False)
    assert json.loads(capsys.readouterr().out)["job"] == job
    assert [run.job for run in list_runs(ledger)] == [job]


def test_a_damaged_job_hides_no_other(ledger: Database, typed: Typed) -> None:
    host = crew(ledger)
    submit_job(ledger)
    submit_job(ledger)
    host.work_off()
    ledger.write(lambda session: session.execute(text("UPDATE shard_result SET times = predictions WHERE job_id = 2")))
    code, out, err = typed("results", "--columns", "job", "--csv")
    assert (code, out) == (0, "job\n1\n")
    assert "job 2 cannot be summed up (" in err and "dinoq report 2" in err


def test_nothing_found_says_which_filter_to_loosen(ledger: Database, typed: Typed) -> None:
    store_past(ledger, {"chip": "T4"})
    code, out, err = typed("results", "--chip", "310P3", "--batch", "16")
    assert (code, out) == (0, "")
    assert "nothing fits all of this; something does without --chip." in err
    code, out, err = typed("results", "--chip", "310P3", "--batch", "4", "--json")
    assert (code, out) == (0, "[]\n")
    assert "nothing fits --chip, --batch, nor all but one of them" in err
    assert typed("results", "--tag", "none", "--csv")[1].startswith("job,run_no,chip,batch,")


def test_an_empty_history_says_how_to_begin(typed: Typed) -> None:
    assert typed("results") == (0, "", "note:  no run has ended yet. Try: dinoq demo\n")
    assert typed("jobs") == (0, "", "note:  no job yet. Try: dinoq demo\n")
    assert typed("results", "--best")[2] == "note:  no run is complete, plausible and measured yet.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("results", "--columns", "speed"), "column 'speed' is not known; there are job, run, chip"),
        (("jobs", "--sort", "chips"), "column 'chips' is not known; there are id, state"),
        (("results", "--state", "active"), "state 'active' is not known; there are done, failed, cancelled"),
        (("results", "--chip", "T5"), "chip 'T5' is not known"),
        (("jobs", "--verdict", "fine"), "verdict 'FINE' is not known"),
        (("jobs", "--since", "soon"), "since 'soon' is no moment"),
        (("jobs", "--json", "--csv"), "two forms of one list"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(typed: Typed, words: tuple[str, ...], sentence: str) -> None:
    code, out, err = typed(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and sentence in err


def test_a_database_that_may_not_be_written_is_listed_as_it_is(
    postgres_database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(database_url(postgres_database))
    store_past(db, {})
    host = crew(db)
    submit_job(db)
    host.work_off()
    role = f"reader_{make_url(postgres_database).database}"
    admin(postgres_database, f"CREATE ROLE {role} LOGIN")
    admin(postgres_database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    monkeypatch.setenv("DINOQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DINOQ_DATABASE_URL", url_text(make_url(postgres_database).set(username=role)))
    monkeypatch.setattr("sys.argv", ["dinoq", "results", "--columns", "job", "--csv"])
    assert run() == 0
    out, err = capsys.readouterr()
    assert out == "job\n1\n"
    assert "permission denied" in err and "What was summed up before is listed." in err
    db.close()
    admin(postgres_database, f"DROP OWNED BY {role}")
    admin(postgres_database, f"DROP ROLE {role}")


def test_a_folder_that_is_closed_to_us_is_read(
    sqlite_database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(database_url(sqlite_database))
    store_past(db, {})
    db.close()
    (tmp_path / "file").touch()
    monkeypatch.setenv("DINOQ_STATE", str(tmp_path / "file" / "state"))  # no folder can be made there
    monkeypatch.setenv("DINOQ_DATABASE_URL", sqlite_database)
    monkeypatch.setattr("sys.argv", ["dinoq", "jobs", "--columns", "id", "--csv"])
    assert run() == 0
    assert capsys.readouterr().out == "id\n1\n"
