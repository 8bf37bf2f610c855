"""What a finished item leaves behind: a slice's shard, a run's artifact, a part's counters and predictions."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import changed, insert_into
from dinoq.db.held import Held
from dinoq.db.overlap import overlap_of
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.jobs import Job, Run, SliceRow
from dinoq.db.tables.results import Artifact, ShardResultRow
from dinoq.jobs.ledger import Compiled, Kind, Preprocessed
from dinoq.jobs.result import TOP, Predictions, ShardResult

Result = Preprocessed | Compiled | ShardResult
BYTES_PER_SAMPLE = TOP * 4  # an int16 class and a float16 score each
KINDS = {Preprocessed: Kind.PREPROCESS, Compiled: Kind.COMPILE, ShardResult: Kind.INFER}


def digest_of(result: Result) -> str | None:
    """What two evaluations of a part are compared by; None for what is no evaluation, random data's times among them."""
    if not isinstance(result, ShardResult) or result.count == 0:
        return None
    return Predictions.from_blob(result.predictions).digest()


def misfit(session: Session, item: Held, result: Result) -> str:
    """What makes this no result of that item; empty for nothing."""
    if KINDS[type(result)] != item.kind:
        return f"a {item.kind} item was answered with {type(result).__name__}"
    if isinstance(result, Preprocessed):
        return _misfit_slice(session, item, result)
    return _misfit_artifact(session, item, result) if isinstance(result, Compiled) else _misfit_part(item, result)


def store_result(session: Session, item: Held, result: Result) -> None:
    """Write what the item yielded, in the transaction that ends it."""
    if isinstance(result, Preprocessed):
        _store_slice(session, item, result)
    elif isinstance(result, Compiled):
        _store_artifact(session, item, result)
    else:
        _store_part(session, item, result)


def _misfit_slice(session: Session, item: Held, result: Preprocessed) -> str:
    if (len(result.readable), len(result.sample_sha256s)) != (item.count, 32 * item.count):
        return f"slice {item.no} of {item.count} samples was answered with {len(result.readable)}"
    before = session.scalar(
        select(SliceRow.sample_sha256s).where(SliceRow.job_id == item.job_id, SliceRow.slice_no == item.no)
    )
    if before is not None and before != result.sample_sha256s:
        return f"the photos of slice {item.no} have changed since the job began"
    return ""


def _misfit_artifact(session: Session, item: Held, result: Compiled) -> str:
    run = select(Run.chip, Run.batch, Run.precision).where(Run.job_id == item.job_id, Run.run_no == item.run_no)
    asked = tuple(session.execute(run).one())
    made = (result.chip, result.batch, result.precision)
    return "" if made == asked else f"run {item.run_no} asked for {asked} and was answered with {made}"


def _misfit_part(item: Held, result: ShardResult) -> str:
    asked, done = (item.run_no, item.no, item.first, item.count), (result.run_no, result.no, result.first, result.count)
    if asked != done:
        return f"part {asked} (run, number, first, count) was answered with {done}"
    ranked = result.n - result.nonfinite
    if result.n + result.unreadable != item.count or not 0 <= result.top1 <= result.top5 <= ranked <= result.n:
        return f"part {item.no} of {item.count} samples has impossible counts: {result.n} evaluated"
    if len(result.predictions) != BYTES_PER_SAMPLE * item.count:
        return (
            f"part {item.no} has predictions for {len(result.predictions) // BYTES_PER_SAMPLE} of {item.count} samples"
        )
    return ""


def _store_slice(session: Session, item: Held, result: Preprocessed) -> None:
    values = {
        "shard_key": result.shard_key,
        "readable": result.readable,
        "reasons": result.reasons,
        "sample_sha256s": result.sample_sha256s,
    }
    slices = update(SliceRow).where(SliceRow.job_id == item.job_id, SliceRow.slice_no == item.no)
    changed(session, slices.values(**values))


def _store_artifact(session: Session, item: Held, result: Compiled) -> None:
    run = (Run.job_id == item.job_id, Run.run_no == item.run_no)
    model = select(Job.spec).where(Job.id == item.job_id)
    made = {"uri": result.artifact.uri, "sha256": result.artifact.sha256, "vendor_output": result.vendor_output}
    key = {
        "key": result.artifact.key,
        "model_sha256": session.execute(model).scalar_one()["model"]["sha256"],
        "chip": result.chip,
        "origin": session.execute(select(Run.origin).where(*run)).scalar_one(),
        "batch": result.batch,
        "precision": result.precision,
        "flags": result.flags,
        "toolkit": result.toolkit,
        "arch": result.arch,
    }
    stored = insert_into(session, Artifact).values(**key, **made, made_ms=now_ms())
    # One that was taken from the store keeps what its toolchain said when it was made; an imported job's has no place.
    stored = stored.on_conflict_do_update(
        index_elements=["key"],
        set_={**made, "made_ms": now_ms()},
        where=or_(Artifact.sha256 != result.artifact.sha256, Artifact.uri == ""),
    )
    changed(session, stored)
    bound = {"toolkit": result.toolkit, "arch": result.arch}
    artifact = {"artifact_key": result.artifact.key, "artifact_sha256": result.artifact.sha256}
    changed(session, update(Run).where(*run).values(**artifact, **bound))


def _store_part(session: Session, item: Held, result: ShardResult) -> None:
    overlap = ", ".join(filter(None, (overlap_of(session, item), result.overlap)))
    values = asdict(result) | {"overlap": overlap}
    program = values.pop("program")
    row = {"job_id": item.job_id, "token": item.token, "device_key": values.pop("device"), **values}
    # A plain insert: a second result of the same part raises instead of hiding.
    changed(session, insert(ShardResultRow).values(**row))
    run = (Run.job_id == item.job_id, Run.run_no == item.run_no)
    known = session.execute(select(Run.devices).where(*run)).scalar_one()
    facts = known.get(result.device) or session.scalar(select(Device.facts).where(Device.key == result.device))
    if facts is not None:
        # What it says may change while it runs: the last word stays. With it, whose dinoq had it run.
        told = {**facts, "program": {**program, "dinoq": item.version or ""}}
        if known.get(result.device) != told:
            changed(session, update(Run).where(*run).values(devices={**known, result.device: told}))
