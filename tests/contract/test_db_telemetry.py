"""What devices told of themselves, stored and read again; and who keeps a job waiting."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from dinoq.db.engine import Database
from dinoq.db.items import finish, progress
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record
from dinoq.db.tables.fleet import Device, TelemetryRow
from dinoq.db.telemetry import database_ms, store_blocks
from dinoq.jobs.ledger import Kind, Phase
from tests.builders import HOST, shard_result
from tests.crew import Crew, crew, item, items, rows, submit_job
from tests.readings import make_block

T4 = f"{HOST}/T4:0"
OTHER = "pid 4127 python3 17.4 GB"


def evaluated(db: Database) -> tuple[Crew, int, int, int]:
    """A job that T4:0 has done: with it, the first start and last finish of its run."""
    host = crew(db, "T4", "T4")
    job = submit_job(db, chips=("T4",))
    host.work_off()
    run = job_record(db, job).runs[0]
    assert run.first_start_ms is not None and run.last_finish_ms is not None
    return host, job, run.first_start_ms, run.last_finish_ms


def test_the_blocks_of_a_runs_device_and_time_are_its_telemetry(db: Database) -> None:
    _, job, first_ms, last_ms = evaluated(db)
    device = job_record(db, job).runs[0].results[0].device
    begun = [first_ms - 10_001, first_ms - 9_000, last_ms, last_ms + 1]
    blocks = [make_block(device=device, begun_ms=begun_ms, power_w=[58.0, 59.0]) for begun_ms in begun]
    store_blocks(db, [*blocks, make_block(device=f"{HOST}/T4:1", begun_ms=first_ms, power_w=[1.0])], {device: ""})
    found = job_record(db, job).runs[0].telemetry
    assert [(block.device, block.begun_ms) for block in found] == [(device, begun[1]), (device, begun[2])]
    assert found[0].samples.values.tobytes() == blocks[1].samples.values.tobytes()
    assert found[0].achieved_per_s == 1.0


def test_a_block_that_grew_takes_the_place_of_what_was_stored(db: Database) -> None:
    crew(db, "T4")
    for powers in ([58.0], [58.0, 59.0]):
        store_blocks(db, [make_block(device=T4, power_w=powers)], {T4: ""})
    assert rows(db, TelemetryRow) == 1
    with db.read() as session:
        assert len(session.scalars(select(TelemetryRow.samples)).one()) > len(
            make_block(power_w=[1.0]).samples.to_blob()
        )


def test_a_device_that_is_not_registered_yet_is_passed_over(db: Database) -> None:
    store_blocks(db, [make_block(device=T4, power_w=[58.0])], {T4: OTHER})
    assert rows(db, TelemetryRow) == 0


def test_the_databases_clock_goes_on(db: Database) -> None:
    assert 1_700_000_000_000 < database_ms(db) <= database_ms(db)


def busy_text(db: Database) -> str:
    with db.read() as session:
        return str(session.scalars(select(Device.facts).where(Device.key == T4)).one()["busy"])


def test_who_is_on_a_device_now_is_told_of_it(db: Database) -> None:
    crew(db, "T4")
    store_blocks(db, [], {T4: OTHER})
    assert busy_text(db) == OTHER
    store_blocks(db, [], {T4: ""})
    assert busy_text(db) == ""


def test_a_run_that_waits_for_a_busy_device_says_for_whom(db: Database) -> None:
    host = crew(db, "T4")
    job = submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, T4, begin=False)
    store_blocks(db, [], {T4: OTHER})
    assert progress(db, held.item_id, held.token, Phase.WAITING, 0)
    assert job_progress(db, job).runs[0].waits_for == f"WAITING: T4:0 is busy: {OTHER}"
    assert progress(db, held.item_id, held.token, Phase.LOADING, 0)
    assert job_progress(db, job).runs[0].waits_for == ""
    assert items(db, job, Kind.INFER)[0].error == ""


def test_a_run_that_computes_somewhere_does_not_wait(db: Database) -> None:
    host = crew(db, "T4", "T4")
    job = submit_job(db, 300, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    first, second = items(db, job, Kind.INFER)
    store_blocks(db, [], {T4: OTHER})
    for row, worker, phase in ((first, T4, Phase.WAITING), (second, f"{HOST}/T4:1", Phase.RUNNING)):
        held = host.take(row.id, worker, begin=False)
        assert progress(db, held.item_id, held.token, phase, 0)
    assert job_progress(db, job).runs[0].waits_for == ""


def test_a_workers_remark_joins_what_the_ledger_knows_of_the_host(db: Database) -> None:
    host = crew(db, "T4")
    job = submit_job(db, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    other = submit_job(db)
    slice_of_other = item(db, other, Kind.PREPROCESS).id
    held = host.take(item(db, job, Kind.INFER).id, T4)
    host.take(slice_of_other, host.prep)
    result = replace(shard_result(held, host.devices[T4]), overlap=f"foreign work on T4:0 ({OTHER})")
    assert finish(db, held.item_id, held.token, result)[0]
    assert job_record(db, job).runs[0].results[0].overlap == f"preprocessing, foreign work on T4:0 ({OTHER})"
