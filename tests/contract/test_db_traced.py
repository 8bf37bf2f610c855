"""How the parts of a run came about, as the ledger tells."""

from dinoq.db.engine import Database
from dinoq.db.traced import part_works
from tests.crew import crew, submit_job


def test_a_finished_part_names_its_worker_its_tries_and_its_shard(db: Database) -> None:
    job = submit_job(db)
    workers = crew(db, "cpu")
    assert part_works(db, job, 1) == {}
    workers.work_off()
    (work,) = part_works(db, job, 1).values()
    assert (work.no, work.attempts) == (1, 1)
    assert work.worker and work.shard
