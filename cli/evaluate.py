"""`dinoq submit` stores a job; `dinoq run` does it here and now, and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, interrupts, options, settings
from dinoq.cli.settings import Settings
from dinoq.cli.shared_flags import taking
from dinoq.cli.submission import Prepared, Wishes
from dinoq.jobs.errors import StateBusy

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.spec import JobSpec
    from dinoq.workers.host import Setup


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("submit")(submit)


@taking(options.JobFlags)
def submit(
    flags: options.JobFlags,
    wait: Annotated[bool, typer.Option("--wait", help="until it has ended, then report")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, store nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the job's number as JSON")] = False,
) -> int:
    """Check and store a job. Any host of the fleet with the chip takes it up; none need be alive now."""
    from dinoq.cli.render.plan import plan_text

    now = settings.load(flags.settings)
    prepared = _prepared(now, flags)
    if dry_run:
        console.result(plan_text(prepared.spec, prepared.to_compile))
        return 0
    return submit_prepared(now, prepared, wait=wait, as_json=as_json)


@taking(options.JobFlags)
def run(
    flags: options.JobFlags,
    format: options.Format = "text",
    strict: options.Strict = False,
    device: options.DeviceList = None,
    prep: options.Prep = None,
    simulate: options.Simulate = None,
    pace: options.Pace = None,
    into_fleet: options.IntoFleet = False,
) -> int:
    """Evaluate on this machine and report: workers are started for this job alone, unless `dinoq up` is alive here."""
    from dinoq.cli.machine import check_fleet
    from dinoq.cli.render import renderer

    renderer(format)
    host = {"device": device, "prep": prep, "simulate": simulate, "pace": pace}
    now = settings.load({**flags.settings, **host})
    check_fleet(now, into_fleet=into_fleet)
    return run_prepared(now, _prepared(now, flags), format, strict=strict)


def _prepared(now: Settings, flags: options.JobFlags) -> Prepared:
    """The job that was asked for, checked; what is odd about it is said."""
    from dinoq.cli.submission import prepare

    wishes = Wishes(
        precision=flags.precision,
        name=flags.name,
        like=flags.like,
        tags=tuple(flags.tag),
        note=flags.note,
        limit=flags.limit,
        loop=flags.loop,
        keep_logits=flags.keep_logits,
        atc_args=tuple(flags.atc_arg),
        trt_args=tuple(flags.trt_arg),
        artifacts=tuple(flags.artifact),
        gates=tuple(flags.gate),
    )
    prepared = prepare(now, wishes)
    for text in prepared.notes:
        console.note(text)
    return prepared


def submit_prepared(now: Settings, prepared: Prepared, *, wait: bool, as_json: bool) -> int:
    """Store the job and tell whoever is alive; see it through only where that is wished."""
    from dinoq.cli.ledger import open_ledger, send
    from dinoq.cli.submission import store_job
    from dinoq.db.hints import first_hints

    db = open_ledger(now)
    job = store_job(db, now, prepared)
    with interrupts.stored(job):
        console.result(f'{{"job": {job}}}' if as_json else f"job {job}")
        send(db, now, first_hints(db, job))
        if wait:
            from dinoq.cli.waiting import require_workers, wait_and_report

            require_workers(db, job, prepared.spec)
            return wait_and_report(db, job, "text", strict=False)
        _say_who_works(db, job, prepared)
    return 0


def run_prepared(now: Settings, prepared: Prepared, format: str, *, strict: bool) -> int:
    """Have the job worked here and now, then report; the verdicts' exit code."""
    from dinoq.cli.ledger import open_ledger
    from dinoq.cli.waiting import print_report

    db = open_ledger(now)
    return print_report(db, see_through(db, now, prepared), format, strict=strict)


def see_through(db: Database, now: Settings, prepared: Prepared) -> int:
    """Store the job and stay until it has ended: beside a living `up` by waiting, else by a supervisor of our own. Its
    number.

    Another `run` of this state folder works for its own job alone: this one goes after it.
    """
    from dinoq.cli.hosting import for_job, local_setup, require_compilers, require_devices
    from dinoq.cli.machine import discovered
    from dinoq.cli.submission import store_job
    from dinoq.cli.waiting import wait_for_turn
    from dinoq.workers.state_folder import is_locked

    wait_for_turn(now.state)
    setup = None
    if not is_locked(now.state):
        found = discovered(now)
        setup = local_setup(now, found)
        require_devices(setup, found, prepared.spec)
        require_compilers(db, setup, prepared.to_compile)
        setup = for_job(setup, prepared.spec)
    job = store_job(db, now, prepared)
    with interrupts.stored(job):
        if setup is None:
            _beside(db, now, job, prepared.spec)
        else:
            console.say(f"job {job} is stored")
            _alone(db, setup, job)
    return job


def _beside(db: Database, now: Settings, job: int, spec: JobSpec) -> None:
    from dinoq.cli.ledger import send
    from dinoq.cli.waiting import require_workers, watch
    from dinoq.db.hints import first_hints

    console.say(f"job {job} is stored; the dinoq up of this state folder works on it")
    send(db, now, first_hints(db, job))
    require_workers(db, job, spec)
    watch(db, job)


def _alone(db: Database, setup: Setup, job: int) -> None:
    from dinoq.cli.hosting import supervise
    from dinoq.cli.waiting import wait_for_turn
    from dinoq.workers.state_folder import pointer

    while True:
        try:
            supervise(db, setup, only_job=job)
        except StateBusy:  # of those that waited for their turn, another was faster
            owner = pointer(setup.state)
            if owner is not None and owner.only_job is None:
                raise
            wait_for_turn(setup.state)
        else:
            return


def _say_who_works(db: Database, job: int, prepared: Prepared) -> None:
    from dinoq.cli.waiting import chips_without_worker

    missing = chips_without_worker(db, job, prepared.spec)
    if missing:
        console.note(f"job {job} is stored; no {' and no '.join(missing)} worker is alive yet. Start workers: dinoq up")
