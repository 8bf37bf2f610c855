"""The section of the page about answers: how far every two chips agree, photo by photo, and which answers flipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
    paragraph,
    section,
    subhead,
    table,
    text,
)
from dinoq.cli.render.html.series import Line, line_numbers
from dinoq.cli.render.pairs import flips_command
from dinoq.cli.render.words import counted, percent, run_label
from dinoq.jobs.paired import Paired, p_text
from dinoq.jobs.pairs import Flip, Flips, Pair
from dinoq.jobs.report import Report, RunReport

SHOWN = 50
"""So many flipped samples of a pair are named; a command names the rest."""
SAME_TWICE = 2
"""A matrix of fewer lines than that has nothing to show."""


def agreement(report: Report, lines: Sequence[Line]) -> Section | None:
    """The matrix, the paired differences behind it, each run against the cpu, and the flipped samples."""
    runs = {run.run_no: run for run in report.runs}
    return section(
        "agreement",
        "Agreement between chips",
        _nothing_to_compare(report),
        _matrix(report.pairs, lines),
        _differences(report.pairs, runs),
        _against_cpu(report.runs),
        subhead("Flipped samples") if report.flips else NOTHING,
        joined(_flipped(one, runs[one.run_no], runs[one.against_no]) for one in report.flips),
    )


def _nothing_to_compare(report: Report) -> Html:
    if report.pairs or len({run.chip for run in report.runs}) < SAME_TWICE:
        return NOTHING
    return paragraph("No two chips answered the same samples, so there is nothing to hold against each other.")


def _matrix(pairs: Sequence[Pair], lines: Sequence[Line]) -> Html:
    """Chip against chip: the share of the samples on which their Top-1 classes are the same."""
    of_line = line_numbers(lines)
    shares = {frozenset((of_line[one.run_no], of_line[one.against_no])): one.share for one in pairs}
    shown = [line for line in lines if any(line.no in both for both in shares)]
    if not shown:
        return NOTHING
    columns = [Column("chip", number=False), *(Column(line.label, "%") for line in shown)]
    rows = [[text(line.label), *(_share(shares, line, other) for other in shown)] for line in shown]
    return table("Samples with the same Top-1 class, of those that both evaluated", columns, rows, class_="matrix")


def _share(shares: Mapping[frozenset[int], float], line: Line, other: Line) -> Html:
    return text("same" if line is other else percent(shares.get(frozenset((line.no, other.no)))))


def _differences(pairs: Sequence[Pair], runs: Mapping[int, RunReport]) -> Html:
    if not pairs:
        return NOTHING
    columns = [Column("run", number=False), Column("against", number=False), Column("samples")]
    columns += [Column("right here", "only"), Column("right there", "only"), Column("difference", "pp")]
    columns += [Column("95 % interval", "pp"), Column("p", "McNemar")]
    judged = [*columns, Column("no worse than", "pp"), Column("verdict", number=False)]
    top1 = [
        [
            *_difference(one, one.top1, runs),
            text(f"{100 * max(0.0, -one.top1.worst):.2f}"),
            badge(one.no_worse.value),
        ]
        for one in pairs
    ]
    margin = 100 * pairs[0].margin
    said = (
        f"PASS: with 95 % confidence the run's Top-1 is worse by less than {margin:g} pp; FAIL: it is worse by more; "
        "UNDECIDED: too few samples to tell, or a simulator's, which passes and fails nothing."
    )
    return joined(
        [
            table("Top-1 of two runs over the same samples", judged, top1),
            paragraph(said),
            table(
                "Top-5 of two runs over the same samples", columns, [_difference(one, one.top5, runs) for one in pairs]
            ),
        ]
    )


def _difference(pair: Pair, one: Paired, runs: Mapping[int, RunReport]) -> list[Html]:
    low, high = one.interval
    cells = [run_label(runs[pair.run_no]), run_label(runs[pair.against_no]), pair.samples, one.only_b, one.only_a]
    cells += [f"{100 * one.difference:+.2f}", f"{100 * low:+.2f} to {100 * high:+.2f}", p_text(one.p)]
    return [text(cell) for cell in cells]


def _against_cpu(runs: Iterable[RunReport]) -> Html:
    columns = [Column("run", number=False), Column("against", number=False), Column("samples"), Column("same top-1")]
    columns += [Column("same top-1", "%"), Column("right here", "only"), Column("right there", "only")]
    rows = [
        [
            text(run_label(run)),
            text(f"{one.chip} bs{one.batch}"),
            *map(text, (one.samples, one.same_top1, percent(one.share), one.only_here_right, one.only_there_right)),
        ]
        for run in runs
        if (one := run.agreement)
    ]
    return folded("Every run against the cpu", table("Every run against the cpu", columns, rows)) if rows else NOTHING


def _flipped(flips: Flips, run: RunReport, against: RunReport) -> Html:
    here, there = run_label(run), run_label(against)
    columns = [Column("sample"), Column("name", number=False), Column("label")]
    columns += [Column(here, "class"), Column(there, "class"), Column("right", number=False)]
    shown = flips.shown[:SHOWN]
    title = f"{here} against {there}: {counted(flips.total, 'sample')} flipped"
    rows = [_flip(one, here, there) for one in shown]
    return folded(title, table(title, columns, rows), _more(flips, len(shown), run, against))


def _more(flips: Flips, shown: int, run: RunReport, against: RunReport) -> Html:
    if flips.total == shown:
        return NOTHING
    command = element("code", text(flips_command(flips, run, against)))
    return element("p", text(f"And {flips.total - shown} more: "), command)


def _flip(one: Flip, here: str, there: str) -> list[Html]:
    classes = [text("NaN" if found is None else found) for found in (one.here, one.there)]
    return [text(one.index), name(one.name), text(one.label), *classes, text(here if one.here == one.label else there)]
