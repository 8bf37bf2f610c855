"""The part of the terminal's report about what the figures stand on: coverage, model, data, devices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dinoq.cli.render.layout import NAMED, field, item
from dinoq.cli.render.modes import without_photos
from dinoq.cli.render.programs import program_texts
from dinoq.cli.render.remarks import remark_lines
from dinoq.cli.render.words import clip, counted, job_text, run_label, run_labels, some, span_text
from dinoq.jobs.recipe import UNTOLD
from dinoq.jobs.report import Report, RunReport


def coverage(report: Report) -> Iterator[str]:
    """The proof that each sample counts once, and what is missing from it, by name."""
    texts: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        texts[_coverage_text(run)].append(run)
    for at, (text, runs) in enumerate(texts.items()):
        where = "" if len(texts) == 1 else f"{run_labels(runs)}: "
        yield from field("" if at else "Coverage", where + text)
    for head, text in _gaps(report):
        yield from item(head, text)


def _coverage_text(run: RunReport) -> str:
    if run.mode == "pure":
        return "none to prove: random data"
    if run.told and not run.coverage.expected:
        return "none to prove: no answers were imported"
    proof = run.coverage
    missing = f"{proof.n_missing} missing, " if proof.n_missing else ""
    counts = f"{proof.unreadable} unreadable, {missing}{proof.duplicates} duplicates, {proof.conflicts} conflicts"
    return f"{proof.counted}/{proof.expected} samples, {counts}"


def _gaps(report: Report) -> Iterator[tuple[str, str]]:
    """Each sample, span and error that the counts above stand for."""
    more = f"dinoq report {report.numbers} --format json"
    bad = [f"{clip(sample.name, 60)} is unreadable: {sample.reason}" for sample in report.unreadable]
    yield from (("photo", text) for text in some(bad, NAMED, more))
    for run in report.runs:
        if run.coverage.missing:
            spans = some([span_text(span) for span in run.coverage.missing], NAMED, more)
            yield "missing", f"{run_label(run)}: samples {', '.join(spans)}"
    yield from (("failed", text) for text in some(failures(report), NAMED, more))


def failures(report: Report) -> list[str]:
    """Each error of parts once, and where it struck. What ended a whole run stands in its verdict already."""
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        for part in run.failed:
            if not run.error or run.error not in part.error:
                runs_of[part.error or "cancelled"].append(run)
    return [f"{run_labels(runs)}, {counted(len(runs), 'part')}: {error}" for error, runs in runs_of.items()]


def sources(report: Report) -> Iterator[str]:
    """Model, data, recipe, origin and devices, and where to look further."""
    height, width = report.model.input_hw
    name, sha256 = clip(report.model.name, 40), report.model.sha256[:12]
    model = f"{name} · sha256 {sha256} · {width} x {height} · {report.model.classes} classes"
    if not sha256:
        model = f"{name} · the file itself is unknown"
    for one in report.jobs:
        if len(report.jobs) > 1 or one.imported:
            yield from field(f"Job {one.job}", job_text(report, one))
    for head, text in remark_lines(report):
        yield from field(head.capitalize(), text)
    yield from field("Model", model)
    yield from field("Data", _data(report))
    yield from field("Recipe", _recipe(report))
    for at, text in enumerate(_origins(report)):
        yield from field("" if at else "Origin", text)
    yield from field("Artifact", _artifacts(report))
    for at, text in enumerate(program_texts(report)):
        yield from field("" if at else "Program", text)
    labels = list(dict.fromkeys(clip(device.label, 60) for run in report.runs for device in run.devices))
    if labels:
        more = f"dinoq report {report.numbers} --format json"
        yield from field("Devices", "  ".join(some(labels, NAMED, more)))
    yield from field("Trace", _trace(report))


def _data(report: Report) -> str:
    if not report.data.samples:
        return without_photos(report)
    part = f" of {report.part_of}" if report.part_of else ""
    unknown = "not known yet" if report.state == "active" else "not known: a slice was not prepared"
    fingerprint = report.fingerprint[:12] if report.fingerprint else unknown
    return f"{clip(report.data.source, 40)} · {counted(report.data.samples, 'photo')}{part} · fingerprint {fingerprint}"


def _recipe(report: Report) -> str:
    if report.recipe == UNTOLD:
        return f"{UNTOLD.name} · {UNTOLD.source}"
    side = "both sides" if report.recipe.geometry == "square" else "shorter side"
    name = f"{report.recipe.name} version {report.recipe.version}"
    return f"{name} · {side} {report.recipe.resize} {report.recipe.interpolation}, centre crop {report.recipe.crop}"


def _origins(report: Report) -> list[str]:
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        drivers = [f"driver {driver}" for driver in run.drivers if driver]
        facts = [run.origin or "not fixed yet", run.toolkit, *drivers]
        runs_of[" · ".join(fact for fact in facts if fact)].append(run)
    return [text if len(runs_of) == 1 else f"{run_labels(runs)}: {text}" for text, runs in runs_of.items()]


def _artifacts(report: Report) -> str:
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        none = "unknown" if run.told else "none was made"
        runs_of[f"sha256 {run.artifact.sha256[:12]}" if run.artifact else none].append(run)
    return " · ".join(text if len(runs_of) == 1 else f"{run_labels(runs)}: {text}" for text, runs in runs_of.items())


def _trace(report: Report) -> str:
    """The two commands that lead from any figure to its shards, for the run that matters most."""
    run = traced_first(report)
    which = f"{run.job} --run {run.chip}:{run.batch}"
    return f"dinoq report {which} · dinoq logs {which}"


def traced_first(report: Report) -> RunReport:
    """A run that went wrong, else the best of the first chip, else the first."""
    odd = [run for run in report.runs if run.error or any(one.exit_code for one in run.verdicts)]
    best = [run for one in report.best for run in report.runs if run.run_no == one.run_no]
    return next(iter((*odd, *best, *report.runs)))
