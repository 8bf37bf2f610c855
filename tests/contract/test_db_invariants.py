"""Whatever happens in whatever order, the ledger stays sound, and what was not cancelled can always be completed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import trust_again
from dinoq.db.items import finish, progress, start
from dinoq.db.jobs import cancel, retry
from dinoq.db.records import job_record
from dinoq.db.sweep import sweep, worker_lost
from dinoq.db.tables.items import UNFINISHED, Item
from dinoq.db.tables.jobs import Run
from dinoq.db.tables.results import ShardResultRow
from dinoq.jobs.errors import UsageError
from dinoq.jobs.ledger import MAX_ATTEMPTS, Claim, Failure, FailureClass, Kind, Phase
from tests.builders import HOST, result_of
from tests.crew import Crew, crew, expire, items, job_row, submit_job

T4 = f"{HOST}/T4:1"
SAMPLES = 1100

ACTIONS = ("claim", "claim", "claim", "start", "finish", "finish", "finish", "late", "progress", "expire", "sweep")
TROUBLES = ("fail", "die", "cancel", "retry", *ACTIONS)


@dataclass
class World:
    """One host, one job, and every claim that was ever given out."""

    db: Database
    host: Crew
    job: int
    held: list[tuple[Claim, str]] = field(default_factory=list)

    def step(self, action: str, number: int, kind: FailureClass) -> None:
        """Do something, to the row or claim that the number chooses."""
        if action in ("claim", "expire", "sweep", "cancel", "retry", "die"):
            self._beside(action, number)
        elif self.held:
            self._with_claim(action, *self.held[number % len(self.held)], kind)

    def _beside(self, action: str, number: int) -> None:
        if action == "claim":
            self._claim(number)
        elif action == "expire":
            running = items(self.db, state="running")
            if running:
                expire(self.db, running[number % len(running)].id)
        elif action == "sweep":
            sweep(self.db)
        elif action == "die":
            worker_lost(self.db, self.host.prepare())
            self.host.prepare()
        else:
            with contextlib.suppress(UsageError):
                (cancel if action == "cancel" else retry)(self.db, self.job)

    def _claim(self, number: int) -> None:
        queued = items(self.db, state="queued")
        workers = [self.host.prep, *self.host.devices]
        if queued:
            worker = workers[number % len(workers)]
            answer = claim(self.db, queued[number % len(queued)].id, worker)
            if isinstance(answer, Claim):
                self.held.append((answer, worker))

    def _with_claim(self, action: str, held: Claim, worker: str, kind: FailureClass) -> None:
        if action == "start":
            start(self.db, held.item_id, held.token)
        elif action == "progress":
            progress(self.db, held.item_id, held.token, Phase.RUNNING, 1)
        elif action == "fail":
            fail(self.db, held.item_id, held.token, Failure(kind, "trouble"))
        else:
            finish(self.db, held.item_id, held.token, result_of(held, self.host.facts(worker)))


def check(db: Database) -> None:
    """What must hold between any two transactions."""
    with db.read() as session:
        runs = {(run.job_id, run.run_no): run for run in session.scalars(select(Run))}
        stored = {(row.job_id, row.run_no, row.no) for row in session.scalars(select(ShardResultRow))}
        rows = list(session.scalars(select(Item)))
    prepared = {(row.job_id, row.no) for row in rows if row.kind == Kind.PREPROCESS and row.state == "done"}
    for row in rows:
        assert row.attempts <= MAX_ATTEMPTS
        assert row.kind != Kind.INFER or (row.state == "done") == ((row.job_id, row.run_no, row.no) in stored)
        if row.kind == Kind.INFER and row.state == "queued":
            assert runs[row.job_id, row.run_no].state == "open"
            assert row.slice_no == 0 or (row.job_id, row.slice_no) in prepared
        if row.state in UNFINISHED:
            assert job_row(db, row.job_id).state == "active"
    opened = [(run.chip, run.origin) for run in runs.values() if run.state == "open"]
    assert len(opened) == len(set(opened))
    assert all(run.artifact_key for run in runs.values() if run.state in ("ready", "open", "done"))


def complete(world: World) -> None:
    """The world is kind from now on: whatever was lost is found again, whatever failed is tried again."""
    trust_again(world.db, world.host.devices)
    for row in items(world.db, state="running"):
        expire(world.db, row.id)
    sweep(world.db)
    if job_row(world.db, world.job).state != "active":
        world.step("retry", 0, FailureClass.PERMANENT)
    world.host.work_off()
    if job_row(world.db, world.job).state != "done":
        world.step("retry", 0, FailureClass.PERMANENT)
        world.host.work_off()


steps = st.lists(st.tuples(st.sampled_from(TROUBLES), st.integers(0, 99), st.sampled_from(FailureClass)), max_size=40)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_order_of_events_leaves_a_sound_ledger_that_can_be_completed(
    db: Database, steps: list[tuple[str, int, FailureClass]]
) -> None:
    job = submit_job(db, SAMPLES, chips=("cpu", "T4"), batches=(1, 4, 16), rule="recipe")
    world = World(db, crew(db, "cpu", "T4"), job)
    for step in steps:
        world.step(*step)
        check(db)
    complete(world)
    record = job_record(db, job)
    assert (record.state, record.fingerprint is not None) == ("done", True)
    for run in record.runs:
        samples = 0 if record.spec.run(run.run_no).mode == "pure" else SAMPLES
        assert (sum(result.n for result in run.results), bool(run.results)) == (samples, True)
        assert run.failed == ()
