"""What one ended run came to, in one row: what past results are found, sorted and listed by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dinoq.jobs.chips import Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.record import JobRecord, RunRecord
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.spec import Mode
from dinoq.jobs.told import UNKNOWN
from dinoq.jobs.verdicts import Status, Verdict, exit_code

ENDED = ("done", "failed", "cancelled")
"""The states of a run that has figures."""
SEVERITY = (
    *(Status.INCOMPLETE, Status.IMPLAUSIBLE, Status.FAIL, Status.UNSTABLE),
    *(Status.NOT_MEASURED, Status.UNDECIDED, Status.PASS),
)
"""Of several verdicts the first of these stands for all: who cannot see everything cannot judge it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One ended run as its report told it when these figures were made; the report of the job remains the truth.

    Rates are images/s: `compute`, `device` and `pipeline` per chip, `job` over all devices, `card` per card;
    `compute_low` and `compute_high` are the 95 % interval. `nonfinite` samples were answered with a NaN or Inf. `top1` and `top5` are fractions. `verdict` is the worst of
    the run's, None where it has none. `given` names the artifact's file where it was made elsewhere; `told` the tool
    that told the figures, `imported` where the job was worked, each empty for what dinoq measured here. Times are aware
    UTC. What was not measured is None.
    """

    job: int
    run_no: int
    chip: str
    batch: int
    precision: Precision
    mode: Mode
    origin: Origin | None
    pace: str
    state: str
    verdict: Status | None
    exit_code: int
    expected: int
    counted: int
    nonfinite: int
    top1_correct: int | None
    top5_correct: int | None
    top1: float | None
    top5: float | None
    compute_images_per_s: float | None
    compute_low_images_per_s: float | None
    compute_high_images_per_s: float | None
    device_images_per_s: float | None
    pipeline_images_per_s: float | None
    job_images_per_s: float | None
    card_images_per_s: float | None
    p50_ms: float | None
    p99_ms: float | None
    model: str
    model_sha256: str
    recipe: str
    source: str
    fingerprint: str | None
    artifact_sha256: str | None
    given: str
    toolkit: str
    driver: str
    hosts: tuple[str, ...]
    owner: str
    name: str
    told: str
    imported: str
    created_at: datetime
    finished_at: datetime | None


def figures_of(record: JobRecord, report: Report) -> tuple[RunFigures, ...]:
    """The runs of one job that have ended, in order. `report` is made of `record`."""
    records = {run.run_no: run for run in record.runs}
    return tuple(_figures(record, report, run, records[run.job_run]) for run in report.runs if run.state in ENDED)


def worst(verdicts: Iterable[Verdict]) -> Status | None:
    """The word that stands for all; None for no verdict."""
    return min((verdict.status for verdict in verdicts), key=SEVERITY.index, default=None)


def _figures(record: JobRecord, report: Report, run: RunReport, stored: RunRecord) -> RunFigures:
    rate, latency, interval = run.measured.throughput, run.measured.latency, run.measured.compute_interval
    return RunFigures(
        job=record.id,
        run_no=run.job_run,
        chip=run.chip,
        batch=run.batch,
        precision=run.precision,
        mode=measured_on(run),
        origin=run.origin,
        pace=run.pace,
        state=run.state,
        verdict=worst(run.verdicts),
        exit_code=exit_code(run.verdicts),
        expected=run.coverage.expected,
        counted=run.coverage.counted,
        nonfinite=run.nonfinite,
        top1_correct=run.top1.correct if run.top1 else None,
        top5_correct=run.top5.correct if run.top5 else None,
        top1=run.top1.accuracy if run.top1 else None,
        top5=run.top5.accuracy if run.top5 else None,
        compute_images_per_s=rate.compute,
        compute_low_images_per_s=interval.low if interval else None,
        compute_high_images_per_s=interval.high if interval else None,
        device_images_per_s=rate.device,
        pipeline_images_per_s=rate.pipeline,
        job_images_per_s=rate.job,
        card_images_per_s=run.card.images_per_s if run.card else None,
        p50_ms=latency.p50,
        p99_ms=latency.p99,
        model=report.model.name,
        model_sha256=report.model.sha256,
        recipe=report.recipe.name,
        source=report.data.source,
        fingerprint=report.fingerprint,
        artifact_sha256=run.artifact.sha256 if run.artifact else None,
        given=run.given,
        toolkit=run.toolkit,
        driver=_driver(run),
        hosts=tuple(dict.fromkeys(one.facts.host for one in run.devices if one.facts)),
        owner=report.owner,
        name=report.name,
        told=run.told.tool if run.told else "",
        imported=record.imported.source if record.imported else "",
        created_at=report.created_at,
        finished_at=_finished(report, stored),
    )


def _driver(run: RunReport) -> str:
    """The drivers of its devices, or what a tool told of it; empty where nobody knows."""
    told = run.told.facts.get("driver", UNKNOWN) if run.told else UNKNOWN
    return ", ".join(filter(None, run.drivers)) or ("" if told == UNKNOWN else told)


def _finished(report: Report, stored: RunRecord) -> datetime | None:
    """When its last part was finished, else when its job ended."""
    if stored.last_finish_ms is None:
        return report.finished_at
    return datetime.fromtimestamp(stored.last_finish_ms / 1000, UTC)
