"""The ledger from submit to the last item: what is blocked, queued, ready, open and done, and when."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.hints import first_hints
from dinoq.db.items import finish
from dinoq.db.jobs import submit
from dinoq.db.lanes import open_next
from dinoq.db.records import job_record
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, ManifestRow
from dinoq.db.tables.results import ShardResultRow
from dinoq.jobs.errors import UsageError
from dinoq.jobs.fingerprint import fingerprint
from dinoq.jobs.ledger import Hint, Kind
from tests.builders import OWNER, STORE, make_manifest, make_spec, preprocessed, shard_result
from tests.crew import Crew, change, crew, item, items, job_row, lanes, rows, run_row, states, submit_job


def test_submit_plans_every_item_and_tells_nobody(db: Database) -> None:
    job = submit_job(db, 2000, chips=("cpu", "T4"), batches=(1, 16))
    assert states(db, job, Kind.PREPROCESS) == ["queued"] * 2
    assert states(db, job, Kind.COMPILE) == ["queued"] * 4
    assert states(db, job, Kind.INFER) == ["blocked"] * 4 * 8
    assert {row.hinted_ms for row in items(db, job)} == {None}


def test_infer_parts_lie_within_their_slices_and_tile_the_manifest(db: Database) -> None:
    job = submit_job(db, 2500, batches=(16,))
    slices = {row.no: range(row.first, row.first + row.count) for row in items(db, job, Kind.PREPROCESS)}
    end = 0
    for part in items(db, job, Kind.INFER):
        assert part.first == end
        end += part.count
        assert part.first in slices[part.slice_no] and end - 1 in slices[part.slice_no]
    assert end == 2500


def test_fifty_thousand_samples_and_twelve_runs_are_planned_in_full(db: Database) -> None:
    job = submit_job(db, 50_000, chips=("310", "310P3", "T4"), batches=(1, 4, 8, 16))
    assert len(items(db, job, Kind.INFER)) == 12 * 196


def test_a_manifest_is_stored_once_for_all_jobs(db: Database) -> None:
    submit_job(db), submit_job(db)
    assert rows(db, ManifestRow) == 1


def test_a_job_without_samples_is_refused(db: Database) -> None:
    with pytest.raises(UsageError, match="nothing to do"):
        submit_job(db, 0)


def test_a_manifest_that_the_spec_does_not_name_is_refused(db: Database) -> None:
    with pytest.raises(ValueError, match="not the one"):
        submit(db, make_spec(make_manifest(4)), make_manifest(5), owner=OWNER, store_id=STORE)


def test_first_hints_go_out_once(db: Database) -> None:
    job = submit_job(db)
    slice_item, compile_item = items(db, job)[:2]
    expected = [Hint(slice_item.id, Kind.PREPROCESS), Hint(compile_item.id, Kind.COMPILE, "cpu", None)]
    assert first_hints(db, job) == expected
    assert first_hints(db, job) == []


def test_a_run_is_ready_only_with_its_artifact_and_every_slice(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 2000, chips=("T4",))
    assert host.work_off(Kind.COMPILE) == 1
    first, second = items(db, job, Kind.PREPROCESS)
    host.do(first.id, host.prep)
    assert (run_row(db, job).state, set(states(db, job, Kind.INFER))) == ("waiting", {"blocked"})
    host.do(second.id, host.prep)
    assert (run_row(db, job).state, set(states(db, job, Kind.INFER))) == ("open", {"queued"})


def test_the_order_of_compile_and_preprocess_does_not_matter(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    host.work_off(Kind.PREPROCESS)
    assert run_row(db, job).state == "waiting"
    host.work_off(Kind.COMPILE)
    assert run_row(db, job).state == "open"


def test_the_last_preparation_hints_at_the_parts_that_it_frees(db: Database) -> None:
    host, job = crew(db), submit_job(db, 600)
    host.work_off(Kind.COMPILE)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    stored, hints = finish(db, held.item_id, held.token, preprocessed(held))
    parts = [Hint(row.id, Kind.INFER, "cpu", "real") for row in items(db, job, Kind.INFER)]
    assert (stored, hints) == (True, parts)
    assert None not in {row.hinted_ms for row in items(db, job, Kind.INFER)}


def test_a_job_is_done_when_its_last_part_is(db: Database) -> None:
    host, job = crew(db), submit_job(db, 600, batches=(1, 16))
    host.work_off()
    assert (job_row(db, job).state, run_row(db, job, 1).state, run_row(db, job, 2).state) == ("done",) * 3
    assert {row.state for row in items(db, job)} == {"done"}
    assert rows(db, ShardResultRow) == len(items(db, job, Kind.INFER))


def test_only_one_run_is_open_on_a_lane(db: Database) -> None:
    host = crew(db)
    job, other = submit_job(db, batches=(1, 16)), submit_job(db)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert [run_row(db, job, 1).state, run_row(db, job, 2).state, run_row(db, other).state] == [
        "open",
        "ready",
        "ready",
    ]
    host.do(item(db, job, Kind.INFER, run_no=1).id, "host-a/cpu:0")
    assert [run_row(db, job, 1).state, run_row(db, job, 2).state, run_row(db, other).state] == ["done", "open", "ready"]


def test_lanes_of_two_chips_are_open_at_once(db: Database) -> None:
    host, job = crew(db, "cpu", "T4"), submit_job(db, chips=("cpu", "T4"))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    assert [run_row(db, job, no).state for no in (1, 2)] == ["open", "open"]


def test_real_and_simulated_devices_have_lanes_of_their_own(db: Database) -> None:
    host = Crew(db)
    host.prepare()
    real, simulated = host.device("T4"), host.device("T4", origin="simulated")
    job = submit_job(db, chips=("T4",), batches=(1, 16))
    host.do(item(db, job, Kind.COMPILE, run_no=1).id, real)
    host.do(item(db, job, Kind.COMPILE, run_no=2).id, simulated)
    host.work_off(Kind.PREPROCESS)
    assert [run_row(db, job, no).state for no in (1, 2)] == ["open", "open"]
    assert [run_row(db, job, no).origin for no in (1, 2)] == ["real", "simulated"]


def test_opening_a_lane_without_a_ready_run_does_nothing(db: Database) -> None:
    submit_job(db)
    assert open_next(db, "cpu", "real") == []
    assert lanes(db) == []


def test_the_fingerprint_covers_photos_and_labels_however_they_are_cut(db: Database) -> None:
    host = crew(db, "T4")
    jobs = [submit_job(db, 2000, chips=("T4",), batches=batches) for batches in ((1,), (1500,))]
    assert [len(items(db, job, Kind.PREPROCESS)) for job in jobs] == [2, 2]
    assert [items(db, job, Kind.PREPROCESS)[0].count for job in jobs] == [1024, 1500]
    host.work_off(Kind.PREPROCESS)
    photos = b"".join(hashlib.sha256(str(no).encode()).digest() for no in range(2000))
    expected = fingerprint(photos, make_manifest(2000).labels)
    assert [job_row(db, job).fingerprint for job in jobs] == [expected] * 2


def test_a_fingerprint_that_is_stored_stays(db: Database) -> None:
    host, job = crew(db), submit_job(db, 2000)
    first, second = items(db, job, Kind.PREPROCESS)
    host.do(first.id, host.prep)
    change(db, update(Job).where(Job.id == job).values(fingerprint="ab" * 32))
    host.do(second.id, host.prep)
    assert job_row(db, job).fingerprint == "ab" * 32


def test_there_is_no_fingerprint_before_every_slice_is_there(db: Database) -> None:
    host, job = crew(db), submit_job(db, 2000)
    host.do(items(db, job, Kind.PREPROCESS)[0].id, host.prep)
    assert job_row(db, job).fingerprint is None


def test_an_unreadable_photo_is_stored_by_name(db: Database) -> None:
    host, job = crew(db), submit_job(db, 4)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    finish(db, held.item_id, held.token, preprocessed(held, unreadable=[2]))
    stored = job_record(db, job).slices[0]
    assert (stored.readable, stored.reasons) == (b"\1\1\0\1", {"photo-000003.jpg": "truncated"})


def test_a_file_name_that_is_no_utf8_is_kept(db: Database) -> None:
    host, job = crew(db), submit_job(db, 1)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    name = b"\xff.jpg".decode("utf-8", "surrogateescape")
    finish(db, held.item_id, held.token, replace(preprocessed(held, unreadable=[0]), reasons={name: "empty"}))
    assert job_record(db, job).slices[0].reasons == {name: "empty"}


def test_a_part_that_does_not_fit_its_item_fails_it_for_good(db: Database) -> None:
    host, job = crew(db), submit_job(db, 600)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    one, other = (host.take(row.id, "host-a/cpu:0") for row in items(db, job, Kind.INFER)[:2])
    stored, _ = finish(db, one.item_id, one.token, shard_result(other, host.facts("host-a/cpu:0")))
    assert (stored, states(db, job, Kind.INFER)[0], rows(db, ShardResultRow)) == (False, "failed", 0)


def test_answers_with_nan_are_stored_with_their_part(db: Database) -> None:
    host, job = crew(db), submit_job(db, 4)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, "host-a/cpu:0")
    finish(db, held.item_id, held.token, shard_result(held, host.facts("host-a/cpu:0"), nonfinite=3))
    (result,) = job_record(db, job).runs[0].results
    assert (result.n, result.nonfinite, result.top5) == (4, 3, 1)


@pytest.mark.parametrize("nonfinite", [-1, 1])
def test_a_part_with_more_answers_than_samples_fails_its_item(db: Database, nonfinite: int) -> None:
    host, job = crew(db), submit_job(db, 4)
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    held = host.take(item(db, job, Kind.INFER).id, "host-a/cpu:0")
    forged = replace(shard_result(held, host.facts("host-a/cpu:0")), nonfinite=nonfinite)
    assert finish(db, held.item_id, held.token, forged)[0] is False


def test_photos_that_changed_under_a_job_fail_their_slice(db: Database) -> None:
    host, job = crew(db), submit_job(db, 4)
    held = host.do(item(db, job, Kind.PREPROCESS).id, host.prep)
    change(db, update(Item).where(Item.id == held.item_id).values(state="queued"))
    again = host.take(held.item_id, host.prep)
    finish(db, again.item_id, again.token, preprocessed(again, unreadable=[1]))
    assert item(db, job, Kind.PREPROCESS).error == "the photos of slice 1 have changed since the job began"
