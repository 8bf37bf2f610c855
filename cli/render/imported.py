"""What a report says of figures that dinoq did not measure: which tool told them, from which file, what is unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dinoq.cli.render.words import clip, run_label, run_labels
from dinoq.jobs.measure import SCOPES
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.told import Told


def imported_banner(report: Report) -> str:
    """Which runs were imported, and from which tools; empty when none was."""
    runs = [run for run in report.runs if run.told]
    if not runs:
        return ""
    tools = ", ".join(dict.fromkeys(run.told.tool for run in runs if run.told))
    return f"{run_labels(runs)}: told by {tools}; dinoq timed none of it"


def imported_facts(report: Report, digits: int = 12) -> Iterator[tuple[str, str]]:
    """Lines about imported runs: of each, its file and its rates; then what else was told, and what not, once for all
    runs of which it is true. `digits` of sha256s are shown."""
    told = [(run, run.told) for run in report.runs if run.told]
    for run, one in told:
        yield from ((run_label(run), text) for text in _figures(run, one, digits))
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run, one in told:
        for text in _facts(one):
            runs_of[text].append(run)
    yield from ((run_labels(runs), text) for text, runs in runs_of.items())


def _figures(run: RunReport, told: Told, digits: int) -> Iterator[str]:
    files = ", ".join(f"{clip(file.name, 60)} sha256 {file.sha256[:digits]}" for file in told.files)
    yield f"imported, {told.tool}, {told.kind}: {files}"
    for scope in SCOPES:
        if scope in told.rates:
            yield f"{scope} {told.rates[scope]:.7g} images/s per chip is its {told.names.get(scope, scope)}"
    if run.card and run.card.chips > 1:
        yield f"card {run.card.images_per_s:.7g} images/s = {run.card.chips} chips x {told.rates['compute']:.7g}"
    if told.top_k:
        shares = ", ".join(f"top-{k} {100 * share:.2f} %" for k, share in enumerate(told.top_k, start=1))
        yield f"{shares} of {told.images} images, as told: no predictions to count"


def _facts(told: Told) -> Iterator[str]:
    if told.figures:
        yield "; ".join(f"{one.name} {one.value:.6g} {one.unit} ({one.what})" for one in told.figures)
    known = [f"{name} {text}" for name, text in told.facts.items() if name not in told.unknown]
    if known:
        yield "; ".join(known)
    if told.unknown:
        yield f"unknown: {', '.join(told.unknown)}"
