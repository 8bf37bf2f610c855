"""The sections of the page that say what the figures stand on: verdicts, coverage, provenance, and where to look further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dinoq.cli.render.evidence import failures
from dinoq.cli.render.html.cells import RUN, between, run_cells
from dinoq.cli.render.html.markup import (
    NOTHING,
    Column,
    Html,
    Section,
    badge,
    element,
    folded,
    joined,
    name,
    notes,
    paragraph,
    section,
    subhead,
    table,
    text,
)
from dinoq.cli.render.imported import imported_facts
from dinoq.cli.render.modes import without_photos
from dinoq.cli.render.programs import flags_text, given_text, program_text
from dinoq.cli.render.remarks import remark_lines
from dinoq.cli.render.words import DASH, counted, job_text, number, run_label, run_labels, span_text
from dinoq.jobs.bootstrap import Interval
from dinoq.jobs.gates import Gated
from dinoq.jobs.recipe import UNTOLD
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.verdicts import Verdict

MOST_NAMES = 200
"""So many unreadable photos are named; JSON has all."""


def verdicts(report: Report) -> Section | None:
    """Every judgement with its reason, once for all runs that share it; the exit code is of those that decide it."""
    columns = [*(Column(head, number=False) for head in ("of", "kind", "verdict", "reason")), Column("exit code")]
    runs_of: defaultdict[Verdict, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        for verdict in run.verdicts:
            runs_of[verdict].append(run)
    entries = [("job", verdict) for verdict in report.verdicts]
    entries += [
        (run_labels(runs), verdict) for verdict, runs in sorted(runs_of.items(), key=lambda entry: entry[0].kind)
    ]
    rows = [
        [text(of), text(one.kind), badge(one.status.value), text(one.text), text(one.exit_code or DASH)]
        for of, one in entries
    ]
    shown = table("All verdicts", columns, rows, class_="wide")
    said = [*report.notes, f"This report ends with exit code {report.exit_code}."]
    title = "Gates and verdicts" if report.gates else "Verdicts"
    return section("verdicts", title, _gates(report.gates), shown, notes(said))


def _gates(gates: Sequence[Gated]) -> Html:
    if not gates:
        return NOTHING
    columns = [Column("gate", number=False), Column("verdict", number=False), Column("measured")]
    columns += [Column("95 % interval"), Column("detail", number=False), Column("exit code")]
    rows = []
    for one in gates:
        interval = None if one.low is None or one.high is None else Interval(one.low, one.high)
        digits = 3 if (one.value or 0.0) < 100.0 else 1
        said = [
            text(number(one.value, digits)),
            between(interval, digits),
            text(one.detail),
            text(one.exit_code or DASH),
        ]
        rows.append([text(one.text), badge(one.status.value), *said])
    return table("Floors that throughput must reach", columns, rows, class_="wide")


def coverage(report: Report) -> Section | None:
    """The proof that each sample counts once, and everything that is missing from it."""
    heads = ("expected", "counted", "unreadable", "missing", "duplicates", "conflicts", "NaN or Inf")
    columns = [*RUN, *map(Column, heads)]
    rows = [[*run_cells(run), *map(text, _counts(run))] for run in report.runs]
    gaps = [
        f"{run_label(run)}: samples {', '.join(map(span_text, run.coverage.missing))} missing"
        for run in report.runs
        if run.coverage.missing
    ]
    return section(
        "coverage",
        "Coverage",
        paragraph("Each sample counts once: counted + unreadable + missing = expected."),
        table("Samples of each run", columns, rows),
        notes([*gaps, *failures(report)]),
        _unreadable(report),
    )


def _counts(run: RunReport) -> list[object]:
    one = run.coverage
    if not one.expected:
        return [DASH] * 7
    return [one.expected, one.counted, one.unreadable, one.n_missing, one.duplicates, one.conflicts, run.nonfinite]


def _unreadable(report: Report) -> Html:
    if not report.unreadable:
        return NOTHING
    rows = [[name(one.name), text(one.reason)] for one in report.unreadable[:MOST_NAMES]]
    left = len(report.unreadable) - len(rows)
    more = f"and {counted(left, 'more photo')}: dinoq report {report.numbers} --format json" if left else ""
    columns = [Column("photo", number=False), Column("reason", number=False)]
    made = table("Photos that could not be read", columns, rows, class_="wide")
    return folded(counted(len(report.unreadable), "unreadable photo"), made, paragraph(more), opened=left == 0)


def provenance(report: Report) -> Section | None:
    """Model, data, recipe, jobs and their commands; then what made and ran each run's program."""
    heads = ("run", "origin", "toolkit", "driver", "artifact, sha256", "program", "devices")
    columns = [Column(head, number=False) for head in heads]
    return section(
        "provenance",
        "Provenance",
        _list(_facts(report)),
        subhead("Runs"),
        table("What each run was worked with", columns, [_made(run) for run in report.runs], class_="wide"),
        _list(
            (f"compile command, {run_label(run)}", _code(run.compile_command))
            for run in report.runs
            if run.compile_command
        ),
        _imported(report),
    )


def _list(facts: Iterator[tuple[str, Html]]) -> Html:
    made = joined(Html(f"<div>{element('dt', text(head))}{element('dd', said)}</div>") for head, said in facts)
    return element("dl", made) if made else NOTHING


def _code(said: str) -> Html:
    return element("code", text(said))


def _facts(report: Report) -> Iterator[tuple[str, Html]]:
    height, width = report.model.input_hw
    sha256 = element("code", text(report.model.sha256 or "unknown"))
    yield (
        "model",
        Html(f"{name(report.model.name)}, {width} × {height}, {report.model.classes} classes, sha256 {sha256}"),
    )
    yield "data", _data(report)
    recipe = report.recipe
    side = "both sides" if recipe.geometry == "square" else "shorter side"
    how = f", {side} {recipe.resize} {recipe.interpolation}, centre crop {recipe.crop}" if recipe != UNTOLD else ""
    yield "recipe", Html(f"{name(recipe.name)}{text(f' version {recipe.version}{how}')}")
    ended = f", ended {report.finished_at:%Y-%m-%d %H:%M} UTC" if report.finished_at else ""
    yield "submitted", Html(f"{text(f'{report.created_at:%Y-%m-%d %H:%M} UTC by ')}{name(report.owner)}{text(ended)}")
    for one in report.jobs:
        if len(report.jobs) > 1 or one.imported:
            yield f"job {one.job}", text(job_text(report, one))
        if one.command:
            yield f"command of job {one.job}", _code(one.command)
    yield from ((head, text(said)) for head, said in remark_lines(report))


def _data(report: Report) -> Html:
    if not report.data.samples:
        return text(without_photos(report))
    part = f" of {report.part_of}" if report.part_of else ""
    fingerprint = element("code", text(report.fingerprint or "not known"))
    return Html(f"{name(report.data.source)}, {report.data.samples} photos{part}, fingerprint {fingerprint}")


def _made(run: RunReport) -> list[Html]:
    program = "; ".join(filter(None, (given_text(run), flags_text(run), program_text(run))))
    devices = joined((name(device.label) for device in run.devices), ", ")
    driver = ", ".join(driver for driver in run.drivers if driver)
    sha256 = _code(run.artifact.sha256) if run.artifact else text("none was made")
    words = [run.origin or "not fixed", run.toolkit or DASH, driver or DASH]
    return [text(run_label(run)), *map(text, words), sha256, text(program or DASH), devices or text(DASH)]


def _imported(report: Report) -> Html:
    rows = [[text(label), text(said)] for label, said in imported_facts(report, digits=64)]
    columns = [Column("run", number=False), Column("as told", number=False)]
    return (
        Html(f"{subhead('Imported')}{table('Figures of other tools', columns, rows, class_='wide')}")
        if rows
        else NOTHING
    )


def trace(report: Report) -> Section | None:
    """The commands that lead from a figure to what it was made from."""
    whole = [
        ("every figure, unrounded", f"dinoq report {report.numbers} --format json"),
        ("a row for each run, for a spreadsheet", f"dinoq report {report.numbers} --format csv"),
    ]
    columns = [Column(head, number=False) for head in ("run", "its parts, as stored", "what happened to them")]
    rows = [
        [text(run_label(run)), _code(f"dinoq report {which}"), _code(f"dinoq logs {which}")]
        for run in report.runs
        for which in (f"{run.job} --run {run.chip}:{run.batch}",)
    ]
    commands = _list((what, _code(command)) for what, command in whole)
    return section("trace", "Look further", table("From a run to its parts", columns, rows), commands)
