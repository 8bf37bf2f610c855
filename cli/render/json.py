"""The report for machines: docs/report.md describes it, report.schema.json checks it. Undefined is null, never NaN."""

from __future__ import annotations

import json
from dataclasses import asdict

from dinoq.jobs.agreement import Agreement
from dinoq.jobs.device_report import DeviceReport
from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.measure import SCOPES, Measurement
from dinoq.jobs.merge import Coverage
from dinoq.jobs.paired import Paired
from dinoq.jobs.pairs import Flips, Pair
from dinoq.jobs.ranking import Best
from dinoq.jobs.remarks import Note
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_jobs import JobFacts
from dinoq.jobs.score import Score
from dinoq.jobs.verdicts import Verdict
from dinoq.jobs.windows import Windows

VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""
Values = dict[str, object]


def render(report: Report) -> str:
    """The report as JSON of version 1, indented; ASCII, so that any terminal and file can hold it."""
    return json.dumps(to_values(report), indent=2, allow_nan=False)


def to_values(report: Report) -> Values:
    """The report as plain values."""
    return {
        "version": VERSION,
        "job": report.job,
        "uuid": report.uuid,
        "name": report.name,
        "owner": report.owner,
        "state": report.state,
        "created_at": report.created_at.isoformat(),
        "finished_at": report.finished_at.isoformat() if report.finished_at else None,
        "exit_code": report.exit_code,
        "imported": _imported(report.jobs[0]),
        "tags": sorted({tag for one in report.jobs for tag in one.remarks.tags}),
        "remarks": [_remark(one.job, note) for one in report.jobs for note in one.remarks.notes],
        **({"jobs": [_job(one) for one in report.jobs]} if len(report.jobs) > 1 else {}),
        "model": asdict(report.model) | {"input_hw": list(report.model.input_hw)},
        "dataset": {
            "source": report.data.source or None,
            "manifest_id": report.data.manifest_id,
            "fingerprint": report.fingerprint,
            "samples": report.data.samples,
            "part_of": report.part_of,
        },
        "recipe": report.recipe.to_json(),
        "baseline_top1": report.baseline_top1,
        "loop": report.loop,
        "warmup": report.warmup,
        "runs": [_run(run) | (_whose(run) if len(report.jobs) > 1 else {}) for run in report.runs],
        "unreadable": [asdict(one) for one in report.unreadable],
        "failed_slices": [
            {"first": piece.first, "count": piece.count, "error": piece.error} for piece in report.failed_slices
        ],
        "best": list(map(_best, report.best)),
        "latency_budget_ms": report.latency_budget_ms,
        "best_in_budget": list(map(_best, report.best_in_budget)),
        "ratios": [asdict(one) | {"scope": "compute", "unit": "card"} for one in report.ratios],
        "refused_ratios": [asdict(one) for one in report.refused],
        "pairs": list(map(_pair, report.pairs)),
        "flips": list(map(_flips, report.flips)),
        "gates": [asdict(one) | {"status": one.status.value} for one in report.gates],
        "notes": list(report.notes),
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }


def _job(one: JobFacts) -> Values:
    return {
        "job": one.job,
        "uuid": one.uuid,
        "name": one.name,
        "owner": one.owner,
        "state": one.state,
        "created_at": one.created_at.isoformat(),
        "finished_at": one.finished_at.isoformat() if one.finished_at else None,
        "loop": one.loop,
        "imported": _imported(one),
        "runs": list(one.runs),
    }


def _remark(job: int, note: Note) -> Values:
    return {"job": job, "no": note.no, "author": note.author, "at": note.written_at.isoformat(), "text": note.text}


def _imported(one: JobFacts) -> Values | None:
    return {"source": one.imported.source, "at": one.imported.at.isoformat()} if one.imported else None


def _whose(run: RunReport) -> Values:
    return {"job": run.job, "job_run": run.job_run}


def _run(run: RunReport) -> Values:
    measured = run.measured
    return {
        "run": run.run_no,
        "chip": run.chip,
        "batch": run.batch,
        "precision": run.precision,
        "flags": dict(run.flags),
        "mode": run.mode,
        "origin": run.origin,
        "simulated": run.simulated,
        "virtual": run.virtual,
        "pace": run.pace or None,
        "state": run.state,
        "error": run.error or None,
        "artifact": {"sha256": run.artifact.sha256, "key": run.artifact.key} if run.artifact else None,
        "given": run.given or None,
        "toolkit": run.toolkit or None,
        "arch": run.arch or None,
        "devices": [_device(device) for device in run.devices],
        "left_out": [asdict(one) for one in run.left_out],
        "coverage": _coverage(run.coverage),
        "top1": _score(run.top1),
        "top5": _score(run.top5),
        "nonfinite": run.nonfinite,
        "against_baseline": asdict(run.against) if run.against else None,
        "agreement": _agreement(run.agreement),
        "throughput": _throughput(measured),
        "card": asdict(run.card) if run.card else None,
        "latency_ms": asdict(measured.latency),
        "loading_ms": measured.loading_ms,
        "wall_ms": measured.wall_ms,
        "spread": measured.spread,
        "windows": _windows(measured.windows),
        "failed_parts": [asdict(part) for part in run.failed],
        "overlaps": [asdict(one) for one in run.overlaps],
        "notes": list(run.notes),
        "verdicts": [_verdict(verdict) for verdict in run.verdicts],
        "told": run.told.to_json() | {"unknown": list(run.told.unknown)} if run.told else None,
    }


def _throughput(measured: Measurement) -> Values:
    rates, interval = measured.throughput, measured.compute_interval
    figures = {scope: getattr(rates, scope) for scope in SCOPES} | {"why_null": dict(rates.why)}
    return figures | {"compute_interval": asdict(interval) if interval else None}


def _best(best: Best) -> Values:
    return asdict(best) | {"ties": list(best.ties)}


def _pair(pair: Pair) -> Values:
    return {
        "run": pair.run_no,
        "against": pair.against_no,
        "samples": pair.samples,
        "same_top1": pair.same_top1,
        "share": pair.share,
        "flips": pair.flips,
        "margin": pair.margin,
        "no_worse": pair.no_worse.value,
        "top1": _paired(pair.top1),
        "top5": _paired(pair.top5),
    }


def _flips(found: Flips) -> Values:
    shown = [asdict(flip) for flip in found.shown]
    return {"run": found.run_no, "against": found.against_no, "total": found.total, "shown": shown}


def _paired(table: Paired) -> Values:
    low, high = table.interval
    counts = {"both": table.both, "only_here": table.only_b, "only_there": table.only_a, "neither": table.neither}
    return counts | {"difference": table.difference, "low": low, "high": high, "worst": table.worst, "p": table.p}


def _windows(found: Windows | None) -> Values | None:
    return asdict(found) | {"batches": list(found.batches), "mean_ms": list(found.mean_ms)} if found else None


def _agreement(found: Agreement | None) -> Values | None:
    if found is None:
        return None
    return {
        "against": {"chip": found.chip, "batch": found.batch},
        "samples": found.samples,
        "same_top1": found.same_top1,
        "share": found.share,
        "only_here_right": found.only_here_right,
        "only_there_right": found.only_there_right,
    }


def _coverage(coverage: Coverage) -> Values:
    return {
        "expected": coverage.expected,
        "counted": coverage.counted,
        "unreadable": coverage.unreadable,
        "missing": coverage.n_missing,
        "duplicates": coverage.duplicates,
        "conflicts": coverage.conflicts,
        "missing_spans": [asdict(span) for span in coverage.missing],
    }


def _score(score: Score | None) -> Values:
    return asdict(score) if score else dict.fromkeys(("correct", "accuracy", "low", "high"))


def _device(device: DeviceReport) -> Values:
    figures, facts = device.figures, device.facts
    return {
        "key": figures.key,
        "label": device.label,
        **_facts(facts),
        "samples": figures.samples,
        "batches": figures.batches,
        "compute": figures.compute,
        "cv": figures.cv,
        "drift": figures.drift,
        "steady_from": figures.steady_from,
        "off_median": device.off_median,
        "outlier": device.outlier,
        "busy_ms": figures.busy_ms,
        "loading_ms": figures.loading_ms,
        "program": dict(device.program),
        "telemetry": asdict(device.telemetry) if device.telemetry else None,
    }


def _facts(facts: DeviceFacts | None) -> Values:
    if facts is None:
        return dict.fromkeys(("host", "index", "card", "driver", "toolkit"))
    return {
        "host": facts.host,
        "index": facts.index,
        "card": facts.card,
        "driver": facts.driver or None,
        "toolkit": facts.toolkit or None,
    }


def _verdict(verdict: Verdict) -> Values:
    return {"kind": verdict.kind, "status": verdict.status.value, "text": verdict.text, "decides": verdict.decides}
