"""`dinoq submit` stores a job; `dinoq run` does it here and now, and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, interrupts, settings
from dinoq.cli.settings import Settings
from dinoq.cli.submission import Prepared, Wishes
from dinoq.jobs.errors import StateBusy

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.spec import JobSpec
    from dinoq.workers.host import Setup

Chip = Annotated[str | None, typer.Option("--chip", help="chips, e.g. 310P3,T4,cpu")]
Batches = Annotated[str | None, typer.Option("--batches", "--batch", help="batch sizes, e.g. 1,16")]
Data = Annotated[str | None, typer.Option("--data", help="folder or tar of photos, or a name in dinoq.toml")]
Labels = Annotated[str | None, typer.Option("--labels", help="label file (NAME INDEX per line), or ImageNet's devkit")]
Model = Annotated[
    str | None, typer.Option("--model", help="ONNX file, BACKBONE.pth,LINEAR.pth, or a name in dinoq.toml")
]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="preprocessing: a name, or a TOML file")]
Baseline = Annotated[str | None, typer.Option("--baseline", help="published Top-1 in percent")]
ModeName = Annotated[
    str | None, typer.Option("--mode", help="dataset, pure (random data), or recipe: batches 1 and 16 dataset")
]
PrecisionName = Annotated[str | None, typer.Option("--precision", help="fp32 or fp16; each chip's own by default")]
Limit = Annotated[int | None, typer.Option("--limit", help="a seeded sample of so many photos")]
Loop = Annotated[int | None, typer.Option("--loop", min=1, max=10_000, help="feed the photos so often, for timing")]
Warmup = Annotated[
    str | None, typer.Option("--warmup", help="executions before the first that is timed; 10 by default")
]
KeepLogits = Annotated[bool, typer.Option("--keep-logits", help="keep what the programs give, for dinoq export")]
AtcArgs = Annotated[list[str], typer.Option("--atc-arg", help="KEY=VALUE for atc; may be repeated")]
TrtArgs = Annotated[list[str], typer.Option("--trt-arg", help="KEY=VALUE for TensorRT: workspace_mib, cuda_graph, ...")]
Artifacts = Annotated[
    list[str], typer.Option("--artifact", help="CHIP:BATCH=FILE, compiled elsewhere; may be repeated")
]
Name = Annotated[str | None, typer.Option("--name", help="what to call the job")]
Like = Annotated[str | None, typer.Option("--like", metavar="JOB", help="as that job, but for the flags given here")]
TagNames = Annotated[list[str], typer.Option("--tag", help="a word to find it by; may be repeated")]
NoteText = Annotated[str | None, typer.Option("--note", help="a sentence to remember it by")]
Format = Annotated[str, typer.Option("--format", help="text, md or json")]
Strict = Annotated[bool, typer.Option("--strict", help="unstable timing fails too")]
DeviceList = Annotated[
    str | None, typer.Option("--device", help="devices of this host: indices, names, chips, or none")
]
Prep = Annotated[str | None, typer.Option("--prep", help="preprocessing threads of this host")]
Simulate = Annotated[str | None, typer.Option("--simulate", help="simulated devices, e.g. 310P3:4,T4:1")]
Pace = Annotated[
    str | None, typer.Option("--pace", help="what simulated devices take their times from: published, or a file")
]
IntoFleet = Annotated[bool, typer.Option("--simulate-into-fleet", help="allow simulated devices in a fleet's database")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("submit")(submit)


def submit(
    chip: Chip = None,
    batches: Batches = None,
    model: Model = None,
    data: Data = None,
    labels: Labels = None,
    recipe: RecipeName = None,
    baseline: Baseline = None,
    mode: ModeName = None,
    precision: PrecisionName = None,
    limit: Limit = None,
    loop: Loop = None,
    warmup: Warmup = None,
    keep_logits: KeepLogits = False,
    name: Name = None,
    atc_arg: AtcArgs = [],  # noqa: B006  (typer makes a new one for each call)
    trt_arg: TrtArgs = [],  # noqa: B006
    artifact: Artifacts = [],  # noqa: B006
    like: Like = None,
    tag: TagNames = [],  # noqa: B006
    note: NoteText = None,
    wait: Annotated[bool, typer.Option("--wait", help="until it has ended, then report")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, store nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the job's number as JSON")] = False,
) -> int:
    """Check and store a job. Any host of the fleet with the chip takes it up; none need be alive now."""
    from dinoq.cli.submission import prepare

    given = {"chip": chip, "batches": batches, "model": model, "data": data, "labels": labels, "warmup": warmup}
    now = settings.load({**given, "recipe": recipe, "baseline": baseline, "mode": mode})
    wishes = Wishes(
        precision=precision,
        name=name,
        like=like,
        tags=tuple(tag),
        note=note,
        limit=limit,
        loop=loop,
        keep_logits=keep_logits,
        atc_args=tuple(atc_arg),
        trt_args=tuple(trt_arg),
        artifacts=tuple(artifact),
    )
    prepared = prepare(now, wishes)
    _tell_notes(prepared)
    if dry_run:
        console.result(_plan(prepared))
        return 0
    return submit_prepared(now, prepared, wait=wait, as_json=as_json)


def run(
    chip: Chip = None,
    batches: Batches = None,
    model: Model = None,
    data: Data = None,
    labels: Labels = None,
    recipe: RecipeName = None,
    baseline: Baseline = None,
    mode: ModeName = None,
    precision: PrecisionName = None,
    limit: Limit = None,
    loop: Loop = None,
    warmup: Warmup = None,
    keep_logits: KeepLogits = False,
    name: Name = None,
    atc_arg: AtcArgs = [],  # noqa: B006  (typer makes a new one for each call)
    trt_arg: TrtArgs = [],  # noqa: B006
    artifact: Artifacts = [],  # noqa: B006
    like: Like = None,
    tag: TagNames = [],  # noqa: B006
    note: NoteText = None,
    format: Format = "text",
    strict: Strict = False,
    device: DeviceList = None,
    prep: Prep = None,
    simulate: Simulate = None,
    pace: Pace = None,
    into_fleet: IntoFleet = False,
) -> int:
    """Evaluate on this machine and report: workers are started for this job alone, unless `dinoq up` is alive here."""
    from dinoq.cli.machine import check_fleet
    from dinoq.cli.render import renderer
    from dinoq.cli.submission import prepare

    renderer(format)
    given = {"chip": chip, "batches": batches, "model": model, "data": data, "labels": labels, "warmup": warmup}
    host = {"device": device, "prep": prep, "simulate": simulate, "pace": pace}
    now = settings.load({**given, **host, "recipe": recipe, "baseline": baseline, "mode": mode})
    check_fleet(now, into_fleet=into_fleet)
    wishes = Wishes(
        precision=precision,
        name=name,
        like=like,
        tags=tuple(tag),
        note=note,
        limit=limit,
        loop=loop,
        keep_logits=keep_logits,
        atc_args=tuple(atc_arg),
        trt_args=tuple(trt_arg),
        artifacts=tuple(artifact),
    )
    prepared = prepare(now, wishes)
    _tell_notes(prepared)
    return run_prepared(now, prepared, format, strict=strict)


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


def _tell_notes(prepared: Prepared) -> None:
    for text in prepared.notes:
        console.note(text)


def _plan(prepared: Prepared) -> str:
    spec = prepared.spec
    compiled = prepared.to_compile
    runs = "\n".join(
        f"  {run.chip:6} bs{run.batch:<5} {run.precision if run in compiled else 'as given'}  {run.mode}"
        for run in spec.runs
    )
    fed = f"{spec.data.samples} photos" if spec.data.samples else "random data"
    return f"{spec.name}: {fed}, recipe {spec.recipe.name}, {len(spec.runs)} run{'s' * (len(spec.runs) > 1)}\n{runs}"


def _say_who_works(db: Database, job: int, prepared: Prepared) -> None:
    from dinoq.cli.waiting import chips_without_worker

    missing = chips_without_worker(db, job, prepared.spec)
    if missing:
        console.note(f"job {job} is stored; no {' and no '.join(missing)} worker is alive yet. Start workers: dinoq up")
