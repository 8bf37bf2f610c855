"""How far a job is, and what it waits for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, and_, case, func, select
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.log import named
from dinoq.db.tables.fleet import Device, Worker
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.db.waiting import Member, fleet_for, left_out, no_compiler, no_device, no_prep
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.ledger import Kind, Phase

LAST_ERRORS = 5
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far one run is, in samples through the device (with `loop` each as often); a run on random data (`mode` pure)
    has no total, and counts images while it is at work; `waits_for` says what it waits for, empty when it does not wait;
    `at_work` whether a device is at it now, not only loading for it; `left_out` are sentences about devices with a living
    worker that it goes without."""

    run_no: int
    chip: str
    batch: int
    state: str
    samples_done: int
    samples_total: int
    mode: str
    at_work: bool
    waits_for: str
    left_out: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job is: preprocessing in samples, compiling in artifacts; `errors` are the last few, as sentences."""

    job_id: int
    name: str
    state: str
    preprocess_done: int
    preprocess_total: int
    preprocess_at_work: bool
    preprocess_waits_for: str
    compile_done: int
    compile_total: int
    items_done: int
    items_total: int
    runs: tuple[RunProgress, ...]
    errors: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """Items of one kind and run: how many are in each state, and how many samples are done."""

    states: Counter[str]
    samples_done: int = 0
    samples_total: int = 0
    at_work: bool = False

    @property
    def left(self) -> int:
        """Items that have not ended."""
        return self.states["blocked"] + self.states["queued"] + self.states["running"]


Tallies = defaultdict[tuple[str, int], _Tally]


def job_progress(db: Database, job_id: int) -> JobProgress:
    """How far the job is at this moment, and what it waits for. Raises: NoSuchJob."""
    with db.read() as session:
        job = session.execute(select(Job.name, Job.state, Job.store_id, Job.spec).where(Job.id == job_id)).first()
        if job is None:
            raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
        tallies = _tallies(session, job_id, int(job.spec.get("loop", 1)))
        fleet = fleet_for(session, job_id, job.store_id)
        runs = session.scalars(select(Run).where(Run.job_id == job_id).order_by(Run.run_no)).all()
        holders, busy = _holders(session, runs), _busy(session, job_id)
        errors = _errors(session, job_id, runs)
    preparing = tallies[Kind.PREPROCESS, 0]
    compiling = sum((tallies[Kind.COMPILE, run.run_no].states for run in runs), Counter())
    everything = sum((tally.states for tally in tallies.values()), Counter())
    return JobProgress(
        job_id=job_id,
        name=job.name,
        state=job.state,
        preprocess_done=preparing.samples_done,
        preprocess_total=preparing.samples_total,
        preprocess_at_work=preparing.at_work,
        preprocess_waits_for=no_prep(fleet) if preparing.left else "",
        compile_done=compiling["done"],
        compile_total=compiling.total(),
        items_done=everything["done"],
        items_total=everything.total(),
        runs=tuple(_run_progress(run, tallies, fleet, holders, busy) for run in runs),
        errors=errors,
    )


def _tallies(session: Session, job_id: int, loop: int) -> Tallies:
    """`loop` feeds a part so often."""
    through = Item.count * case((Item.kind == Kind.INFER, loop), else_=1)
    done = case((Item.state == "done", through), (Item.state == "running", Item.n_done), else_=0)
    at_work = case((and_(Item.state == "running", Item.phase == Phase.RUNNING), 1), else_=0)
    counted = select(Item.kind, Item.run_no, Item.state, func.count(), *map(func.sum, (done, through, at_work)))
    counted = counted.where(Item.job_id == job_id).group_by(Item.kind, Item.run_no, Item.state)
    tallies: Tallies = defaultdict(lambda: _Tally(Counter()))
    for kind, run_no, state, items, samples_done, samples, working in session.execute(counted):
        tally = tallies[kind, run_no]
        tally.states[state] = items
        tally.samples_done += int(samples_done)
        tally.samples_total += int(samples)
        tally.at_work |= working > 0
    return tallies


def _run_progress(
    run: Run,
    tallies: Tallies,
    fleet: Sequence[Member],
    holders: dict[tuple[str, str | None], str],
    busy: dict[int, str],
) -> RunProgress:
    parts = tallies[Kind.INFER, run.run_no]
    waits_for = "" if run.state in ENDED else no_device(run, fleet)
    if not waits_for and run.state == "ready":
        waits_for = holders.get((run.chip, run.origin), "")
    waits_for = waits_for or busy.get(run.run_no, "")
    if not waits_for and run.state == "waiting":
        waits_for = _waits_for(run, tallies, fleet)
    return RunProgress(
        run_no=run.run_no,
        chip=run.chip,
        batch=run.batch,
        state=run.state,
        samples_done=parts.samples_done,
        samples_total=parts.samples_total,
        mode=run.mode,
        at_work=parts.at_work,
        waits_for=waits_for,
        left_out=() if run.state in ENDED else left_out(run, fleet),
        error=run.error,
    )


def _waits_for(run: Run, tallies: Tallies, fleet: Sequence[Member]) -> str:
    compiling = tallies[Kind.COMPILE, run.run_no]
    if compiling.states["running"]:
        return "compiling"
    if compiling.left:
        return no_compiler(run, fleet) or "to be compiled"
    return (no_prep(fleet) if tallies[Kind.PREPROCESS, 0].left else "") or "preprocessing"


def _holders(session: Session, runs: Iterable[Run]) -> dict[tuple[str, str | None], str]:
    """What each lane is busy with."""
    chips = {run.chip for run in runs if run.state == "ready"}
    opened = select(Run.chip, Run.origin, Run.job_id, Run.batch).where(Run.chip.in_(chips), Run.state == "open")
    rows: Sequence[Row[str, str | None, int, int]] = session.execute(opened).all() if chips else []
    return {(row.chip, row.origin): f"WAITING: job {row.job_id} {row.chip} bs{row.batch} runs" for row in rows}


def _busy(session: Session, job_id: int) -> dict[int, str]:
    """By run: who is on the devices of which it waits, where every item of it that is in hand does."""
    held = select(Item.run_no, Item.phase, Device.facts).join(Worker, Worker.id == Item.worker_id)
    held = held.join(Device, Device.key == Worker.device_key).where(Item.job_id == job_id, Item.state == "running")
    told: defaultdict[int, list[str]] = defaultdict(list)
    at_work = set()
    for run_no, phase, facts in session.execute(held):
        if phase != Phase.WAITING:
            at_work.add(run_no)
        elif facts.get("busy"):
            told[run_no].append(f"{facts['chip']}:{facts['index']} is busy: {facts['busy']}")
    return {run_no: f"WAITING: {texts[0]}" for run_no, texts in told.items() if run_no not in at_work}


def _errors(session: Session, job_id: int, runs: Iterable[Run]) -> tuple[str, ...]:
    batches = {run.run_no: f"{run.chip} bs{run.batch}" for run in runs}
    told = select(Item.kind, Item.run_no, Item.no, Item.error).where(
        Item.job_id == job_id, Item.error != "", Item.state != "cancelled"
    )
    first: dict[str, str] = {}
    for kind, run_no, no, error in session.execute(told.order_by(Item.id).limit(1000)):
        first.setdefault(error, f"{named(kind, batches.get(run_no, ''), no)}: {error}")
    return tuple(first.values())[-LAST_ERRORS:]
