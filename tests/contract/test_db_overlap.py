"""What else ran on a part's host while the part ran is kept with its result."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.items import finish
from dinoq.db.records import job_record
from dinoq.db.tables.items import Attempt
from dinoq.jobs.ledger import Claim, Kind, Origin
from tests.builders import HOST, result_of
from tests.crew import Crew, change, crew, item, submit_job

T4 = f"{HOST}/T4:0"


@pytest.fixture
def host(db: Database) -> Crew:
    """A T4 host whose job 1 is prepared, its first part under way."""
    made = crew(db, "T4")
    submit_job(db, 600, chips=("T4",))
    made.work_off(Kind.PREPROCESS, Kind.COMPILE, job=1)
    return made


def begin_part(host: Crew, no: int = 1, worker: str = T4) -> Claim:
    """Claim and begin a part of job 1."""
    return host.take(item(host.db, 1, Kind.INFER, no=no).id, worker)


def end(host: Crew, held: Claim, worker: str = T4) -> str:
    """Finish the part; what is said to have run beside it."""
    assert finish(host.db, held.item_id, held.token, result_of(held, host.facts(worker)))[0]
    (result,) = [one for one in job_record(host.db, 1).runs[0].results if one.no == held.no]
    return result.overlap


def moved(host: Crew, held: Claim, **ms: int) -> None:
    """The attempt began or ended so much earlier or later."""
    columns = {name: getattr(Attempt, name) + by for name, by in ms.items()}
    change(host.db, update(Attempt).where(Attempt.item_id == held.item_id).values(columns))


def preparing(host: Crew, *, begin: bool = True) -> Claim:
    """A slice of another job, under way on the same host."""
    job = submit_job(host.db, chips=("T4",))
    return host.take(item(host.db, job, Kind.PREPROCESS).id, host.prep, begin=begin)


def test_a_part_alone_on_its_host_says_nothing(host: Crew) -> None:
    assert end(host, begin_part(host)) == ""


def test_preparation_that_goes_on_is_named(host: Crew) -> None:
    preparing(host)
    assert end(host, begin_part(host)) == "preprocessing"


def test_preparation_that_ended_meanwhile_is_named(host: Crew) -> None:
    held, part = preparing(host), begin_part(host)
    moved(host, part, started_ms=-5)
    assert finish(host.db, held.item_id, held.token, result_of(held, host.facts("")))[0]
    assert end(host, part) == "preprocessing"


def test_preparation_that_had_ended_before_is_not(host: Crew) -> None:
    held = preparing(host)
    assert finish(host.db, held.item_id, held.token, result_of(held, host.facts("")))[0]
    moved(host, held, ended_ms=-5)
    assert end(host, begin_part(host)) == ""


def test_what_is_claimed_and_has_not_begun_disturbs_nobody(host: Crew) -> None:
    preparing(host, begin=False)
    assert end(host, begin_part(host)) == ""


def test_another_hosts_work_disturbs_nobody(host: Crew, db: Database) -> None:
    preparing(crew(db, "T4", host="host-b"))
    assert end(host, begin_part(host)) == ""


def test_the_same_run_on_another_device_is_no_other_work(host: Crew) -> None:
    second = host.device("T4", 1)
    begin_part(host, 2, second)
    assert end(host, begin_part(host)) == ""


@pytest.mark.parametrize(
    ("chip", "origin", "named"),
    [("cpu", "real", "inference on cpu"), ("T4", "simulated", "inference on simulated T4")],
)
def test_inference_on_another_lane_is_named(host: Crew, chip: str, origin: Origin, named: str) -> None:
    other = Crew(host.db, HOST, host.prep)
    worker = other.device(chip, 7, origin=origin)
    job = submit_job(host.db, chips=(chip,))
    other.work_off(Kind.PREPROCESS, Kind.COMPILE, job=job)
    other.take(item(host.db, job, Kind.INFER).id, worker)
    assert end(host, begin_part(host)) == named


def test_compiling_and_preprocessing_are_both_named(host: Crew) -> None:
    preparing(host)
    job = submit_job(host.db, chips=("T4",), batches=(16,))
    second = host.device("T4", 1)
    host.take(item(host.db, job, Kind.COMPILE).id, second)
    assert end(host, begin_part(host)) == "compiling, preprocessing"
