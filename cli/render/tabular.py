"""The report as CSV (RFC 4180): a head, and a row for each run, for spreadsheets and data frames.

Columns are an interface (docs/html.md): new ones come last, none changes its meaning. Figures are not rounded, shares are
fractions; what was not measured is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

from dinoq.cli.render.headline import status_of
from dinoq.cli.render.listing import csv_field
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.report_jobs import JobFacts
from dinoq.jobs.score import Score
from dinoq.jobs.verdicts import exit_code

Value = str | int | float | bool | None
_Of = Callable[[RunReport], Value]


def render(report: Report) -> str:
    """The table; lines end with CR LF, but for the last, whose LF is the caller's."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    jobs = {job.job: job for job in report.jobs}
    writer.writerow([*JOB_COLUMNS, *REPORT_COLUMNS, *COLUMNS])
    for run in report.runs:
        values = [of(jobs[run.job]) for of in JOB_COLUMNS.values()]
        values += [of(report) for of in REPORT_COLUMNS.values()]
        values += [of(run) for of in COLUMNS.values()]
        writer.writerow([csv_field(value) for value in values])
    return made.getvalue().removesuffix("\n")


def _score(which: str, field: str) -> _Of:
    def value(run: RunReport) -> Value:
        score: Score | None = getattr(run, which)
        found: Value = None if score is None else getattr(score, field)
        return found

    return value


def _rate(scope: str) -> _Of:
    def value(run: RunReport) -> Value:
        rate: float | None = getattr(run.measured.throughput, scope)
        return rate

    return value


def _latency(field: str) -> _Of:
    def value(run: RunReport) -> Value:
        found: float | None = getattr(run.measured.latency, field)
        return found

    return value


def _expected(run: RunReport) -> bool:
    """Whether there is a coverage to tell of."""
    return run.coverage.expected > 0


JOB_COLUMNS: Mapping[str, Callable[[JobFacts], Value]] = {
    "job": lambda job: job.job,
    "job_uuid": lambda job: job.uuid,
    "job_name": lambda job: job.name,
    "owner": lambda job: job.owner,
    "created_at": lambda job: job.created_at.isoformat(),
}
REPORT_COLUMNS: Mapping[str, Callable[[Report], Value]] = {
    "model": lambda report: report.model.name,
    "model_sha256": lambda report: report.model.sha256 or None,
    "dataset": lambda report: report.data.source or None,
    "dataset_fingerprint": lambda report: report.fingerprint,
    "recipe": lambda report: report.recipe.name,
    "baseline_top1": lambda report: report.baseline_top1,
}
COLUMNS: Mapping[str, _Of] = {
    "run": lambda run: run.job_run,
    "chip": lambda run: run.chip,
    "batch": lambda run: run.batch,
    "precision": lambda run: None if run.given else run.precision,
    "mode": measured_on,
    "origin": lambda run: run.origin,
    "pace": lambda run: run.pace or None,
    "imported_from": lambda run: run.told.tool if run.told else None,
    "state": lambda run: run.state,
    "devices": lambda run: len(run.devices),
    "toolkit": lambda run: run.toolkit or None,
    "driver": lambda run: ", ".join(filter(None, run.drivers)) or None,
    "artifact_sha256": lambda run: run.artifact.sha256 if run.artifact else None,
    "expected": lambda run: run.coverage.expected if _expected(run) else None,
    "counted": lambda run: run.coverage.counted if _expected(run) else None,
    "unreadable": lambda run: run.coverage.unreadable if _expected(run) else None,
    "missing": lambda run: run.coverage.n_missing if _expected(run) else None,
    "duplicates": lambda run: run.coverage.duplicates if _expected(run) else None,
    "conflicts": lambda run: run.coverage.conflicts if _expected(run) else None,
    "nonfinite": lambda run: run.nonfinite if _expected(run) else None,
    "top1_correct": _score("top1", "correct"),
    "top1": _score("top1", "accuracy"),
    "top1_low": _score("top1", "low"),
    "top1_high": _score("top1", "high"),
    "top5_correct": _score("top5", "correct"),
    "top5": _score("top5", "accuracy"),
    "top5_low": _score("top5", "low"),
    "top5_high": _score("top5", "high"),
    "top1_difference": lambda run: run.against.difference if run.against else None,
    "compute_images_per_s": _rate("compute"),
    "compute_low_images_per_s": lambda run: (
        run.measured.compute_interval.low if run.measured.compute_interval else None
    ),
    "compute_high_images_per_s": lambda run: (
        run.measured.compute_interval.high if run.measured.compute_interval else None
    ),
    "device_images_per_s": _rate("device"),
    "pipeline_images_per_s": _rate("pipeline"),
    "job_images_per_s": _rate("job"),
    "card_images_per_s": lambda run: run.card.images_per_s if run.card else None,
    "card_chips": lambda run: run.card.chips if run.card else None,
    "card_extrapolated": lambda run: run.card.extrapolated if run.card else None,
    "timed_batches": _latency("n"),
    "min_ms": _latency("min"),
    "mean_ms": _latency("mean"),
    "p50_ms": _latency("p50"),
    "p90_ms": _latency("p90"),
    "p95_ms": _latency("p95"),
    "p99_ms": _latency("p99"),
    "max_ms": _latency("max"),
    "cv": _latency("cv"),
    "loading_ms": lambda run: run.measured.loading_ms,
    "wall_ms": lambda run: run.measured.wall_ms,
    "spread": lambda run: run.measured.spread,
    "coverage_verdict": lambda run: status_of(run, "coverage") or None,
    "accuracy_verdict": lambda run: status_of(run, "accuracy") or None,
    "performance_verdict": lambda run: status_of(run, "performance") or None,
    "stability_verdict": lambda run: status_of(run, "stability") or None,
    "plausibility_verdict": lambda run: status_of(run, "plausibility") or None,
    "exit_code": lambda run: exit_code(run.verdicts),
    "error": lambda run: run.error or None,
}
