"""Where the store keeps what programs gave: a fact of the result that counts, on both databases."""

from __future__ import annotations

from dataclasses import replace

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.items import finish
from dinoq.db.records import job_record
from dinoq.jobs.ledger import Claim, Failure, FailureClass, Kind
from dinoq.jobs.result import ShardResult
from tests.builders import HOST, shard_result
from tests.crew import Crew, crew, item, submit_job

T4 = f"{HOST}/T4:0"


def kept(host: Crew, held: Claim, place: str) -> ShardResult:
    return replace(shard_result(held, host.facts(T4)), logits=place)


def stored(db: Database, job: int) -> list[str]:
    return [part.logits for part in job_record(db, job).runs[0].results]


def test_where_logits_lie_is_kept_with_their_result(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4)
    assert finish(db, held.item_id, held.token, kept(host, held, "logits/aa/1.f32"))[0]
    assert stored(db, job) == ["logits/aa/1.f32"]


def test_a_result_without_logits_names_no_place(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off()
    assert stored(db, job) == [""]


def test_a_late_result_does_not_change_where_logits_lie(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    part = item(db, job, Kind.INFER).id
    old = host.take(part, T4)
    fail(db, part, old.token, Failure(FailureClass.TRANSIENT, "power"))
    new = host.take(part, T4)
    assert finish(db, part, new.token, kept(host, new, "logits/bb/2.f32"))[0]
    assert not finish(db, part, old.token, kept(host, old, "logits/aa/1.f32"))[0]
    assert stored(db, job) == ["logits/bb/2.f32"]
