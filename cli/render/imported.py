"""What a report says of figures that dinoq did not measure: which tool told them, from which file, what is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.words import clip, number, run_label, run_labels
from dinoq.jobs.measure import SCOPES
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.told import Told


def imported_banner(report: Report) -> str:
    """Which runs were imported, and from which tools; empty when none was."""
    runs = [run for run in report.runs if run.told]
    if not runs:
        return ""
    tools = ", ".join(dict.fromkeys(run.told.tool for run in runs if run.told))
    return f"{run_labels(runs)}: told by {tools}; dinoq measured none of it"


def imported_facts(report: Report) -> Iterator[tuple[str, str]]:
    """Of each imported run, lines in the order of reading: where from, what each figure is, what is known, what not."""
    for run in report.runs:
        if run.told:
            yield from ((run_label(run), text) for text in _facts(run, run.told))


def _facts(run: RunReport, told: Told) -> Iterator[str]:
    files = ", ".join(f"{clip(file.name, 60)} sha256 {file.sha256[:12]}" for file in told.files)
    yield f"imported, {told.tool}, {told.kind}: {files}"
    for scope in SCOPES:
        if scope in told.rates:
            yield f"{scope} {number(told.rates[scope], 3)} images/s per chip is its {told.names.get(scope, scope)}"
    if run.card and run.card.chips > 1:
        yield f"card {number(run.card.images_per_s, 3)} images/s = {run.card.chips} chips x {number(told.rates['compute'], 3)}"
    yield from (f"{one.name} {one.value:.6g} {one.unit}: {one.what}" for one in told.figures)
    if told.top_k:
        shares = ", ".join(f"top-{k} {100 * share:.2f} %" for k, share in enumerate(told.top_k, start=1))
        yield f"{shares} of {told.images} images, as told: no predictions to count"
    known = [f"{name} {text}" for name, text in told.facts.items() if name not in told.unknown]
    if known:
        yield "; ".join(known)
    if told.unknown:
        yield f"unknown: {', '.join(told.unknown)}"
