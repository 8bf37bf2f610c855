"""Workers that are rows only: they claim, begin and finish items as real ones would, at once and in one process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from dinoq.db.claims import claim
from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.fleet import register_device, register_worker
from dinoq.db.items import finish, start
from dinoq.db.jobs import submit
from dinoq.db.tables.base import Base
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, Lane, Run
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import Claim, DeviceFacts, Kind, Origin, Refusal, Toolchain
from tests.builders import HOST, OWNER, STORE, make_device, make_manifest, make_spec, make_worker, result_of

TOOLCHAIN = Toolchain(vendor="ascend", toolkit="kit 1", origin="real")


@dataclass
class Crew:
    """One host's workers: `prep`, `compiler`, and one per device, named as their device is."""

    db: Database
    host: str = HOST
    prep: str = ""
    compiler: str = ""
    devices: dict[str, DeviceFacts] = field(default_factory=dict)

    def device(self, chip: str = "cpu", index: int = 0, *, origin: Origin = "real", **worker: Any) -> str:
        """Register a device and its worker; the worker's id."""
        facts = make_device(self.host, chip, index, origin=origin)
        if facts.key in self.devices or origin == "simulated":
            facts = make_device(f"{self.host}-{origin}", chip, index, origin=origin)
        register_device(self.db, facts)
        register_worker(self.db, make_worker(facts.key, self.host, device=facts, **worker))
        self.devices[facts.key] = facts
        return facts.key

    def prepare(self, **worker: Any) -> str:
        """Register a prep worker; its id."""
        self.prep = f"{self.host}/prep"
        register_worker(self.db, make_worker(self.prep, self.host, **worker))
        return self.prep

    def compile(self, *toolchains: Toolchain, **worker: Any) -> str:
        """Register a worker that compiles with these, by default with Ascend's; its id."""
        self.compiler = f"{self.host}/compile"
        chains = toolchains or (TOOLCHAIN,)
        register_worker(self.db, make_worker(self.compiler, self.host, toolchains=chains, **worker))
        return self.compiler

    def facts(self, worker: str) -> DeviceFacts:
        """The device of a worker; some device for a prep worker, which needs none."""
        return self.devices.get(worker) or make_device(self.host)

    def take(self, item_id: int, worker: str, *, begin: bool = True) -> Claim:
        """Claim, and begin unless told otherwise; a refusal fails the test."""
        held = claim(self.db, item_id, worker)
        assert isinstance(held, Claim), held
        if begin:
            assert start(self.db, held.item_id, held.token)
        return held

    def do(self, item_id: int, worker: str) -> Claim:
        """Claim, begin and finish well."""
        held = self.take(item_id, worker)
        stored, _ = finish(self.db, held.item_id, held.token, result_of(held, self.facts(worker)))
        assert stored
        return held

    def work_off(self, *kinds: Kind, job: int | None = None) -> int:
        """Do every item of these kinds (default: all) that these workers can get, until nothing is left; how many."""
        done = 0
        while found := self._next(kinds or tuple(Kind), job):
            held, worker = found
            assert start(self.db, held.item_id, held.token)
            assert finish(self.db, held.item_id, held.token, result_of(held, self.facts(worker)))[0]
            done += 1
        return done

    def _next(self, kinds: tuple[Kind, ...], job: int | None) -> tuple[Claim, str] | None:
        for row in items(self.db, job, state="queued"):
            if row.kind in kinds:
                for worker in [*filter(None, (self.prep, self.compiler)), *self.devices]:
                    held = claim(self.db, row.id, worker)
                    if not isinstance(held, Refusal):
                        return held, worker
        return None


def crew(db: Database, *chips: str, host: str = HOST) -> Crew:
    """A host with a prep worker, one device of each chip (default: `cpu`), and a compile worker if one needs it."""
    made = Crew(db, host)
    made.prepare()
    if any(chip_named(chip).compiles_on == "host" for chip in chips):
        made.compile()
    for index, chip in enumerate(chips or ("cpu",)):
        made.device(chip, index)
    return made


def submit_job(db: Database, samples: int = 4, *, owner: str = OWNER, store_id: str = STORE, **spec: Any) -> int:
    """Submit a small job; see `make_spec` for what can be said of it."""
    manifest = make_manifest(samples)
    return submit(db, make_spec(manifest, **spec), manifest, owner=owner, store_id=store_id)


def items(
    db: Database,
    job: int | None = None,
    kind: Kind | None = None,
    *,
    run_no: int | None = None,
    state: str | None = None,
) -> list[Item]:
    """The rows of items as they are now, in id order."""
    wanted = select(Item).order_by(Item.id)
    given = {Item.job_id: job, Item.kind: kind, Item.run_no: run_no, Item.state: state}
    for column, value in given.items():
        wanted = wanted if value is None else wanted.where(column == value)
    with db.read() as session:
        return list(session.scalars(wanted))


def item(db: Database, job: int, kind: Kind, *, run_no: int | None = None, no: int | None = None) -> Item:
    """The first such item, or the one numbered `no`."""
    return next(row for row in items(db, job, kind, run_no=run_no) if no in (None, row.no))


def states(db: Database, job: int, kind: Kind, run_no: int | None = None) -> list[str]:
    """The states of such items, in id order."""
    return [row.state for row in items(db, job, kind, run_no=run_no)]


def at_work(db: Database, job: int, kind: Kind, phase: str) -> bool:
    """Whether an item of this kind is in this phase right now."""
    return any(row.phase == phase for row in items(db, job, kind, state="running"))


def job_row(db: Database, job: int) -> Job:
    """The job's row as it is now."""
    with db.read() as session:
        return session.get_one(Job, job)


def run_row(db: Database, job: int, run_no: int = 1) -> Run:
    """The run's row as it is now."""
    with db.read() as session:
        return session.get_one(Run, (job, run_no))


def attempts(db: Database, item_id: int) -> list[Attempt]:
    """What was tried with an item, by token."""
    with db.read() as session:
        return list(session.scalars(select(Attempt).where(Attempt.item_id == item_id).order_by(Attempt.token)))


def rows(db: Database, table: type[Base]) -> int:
    """How many rows a table has."""
    with db.read() as session:
        return len(session.scalars(select(table)).all())


def lanes(db: Database) -> list[Lane]:
    """Every lane."""
    with db.read() as session:
        return list(session.scalars(select(Lane).order_by(Lane.chip, Lane.origin)))


def expire(db: Database, item_id: int) -> None:
    """The lease of a claimed item ran out a moment ago."""
    change(db, update(Item).where(Item.id == item_id).values(lease_until_ms=now_ms() - 1_000))


def hinted_ago(db: Database, ms: int) -> None:
    """Whatever is queued was hinted at that long ago."""
    change(db, update(Item).where(Item.state == "queued").values(hinted_ms=now_ms() - ms))


def silence(db: Database, worker: str, ms: int = 3_600_000) -> None:
    """The worker's last heartbeat is that old."""
    change(db, update(Worker).where(Worker.id == worker).values(heartbeat_ms=now_ms() - ms))


def change(db: Database, statement: UpdateBase) -> None:
    """Change rows behind the ledger's back; a statement that touches none fails the test."""

    def work(session: Session) -> None:
        assert changed(session, statement)

    db.write(work)


def refused(db: Database, item_id: int, worker: str) -> str:
    """Why; the reason must be one that does not pass by itself."""
    answer = claim(db, item_id, worker)
    assert isinstance(answer, Refusal), answer
    assert not answer.again
    return answer.reason


def busy(db: Database, item_id: int, worker: str) -> bool:
    """Whether the host is doing the other kind of work; then nothing is held."""
    answer = claim(db, item_id, worker)
    return isinstance(answer, Refusal) and answer.again
