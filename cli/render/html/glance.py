"""The figures a reader looks for first: of each chip its accuracy and its best throughput, at the top of the page."""

from __future__ import annotations

from dinoq.cli.render.html.cells import run_marks
from dinoq.cli.render.html.drawing import MARKERS, SERIES
from dinoq.cli.render.html.markup import NOTHING, Html, element, joined, text
from dinoq.cli.render.html.series import Line, lines_of
from dinoq.cli.render.modes import in_words
from dinoq.cli.render.words import DASH, number, percent
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on

_SHAPES = {
    "o": '<circle cx="7" cy="7" r="5"/>',
    "s": '<rect x="2" y="2" width="10" height="10"/>',
    "^": '<path d="M7 1.5 13 12H1z"/>',
    "D": '<path d="M7 .5 13.500 7 7 13.500.5 7z"/>',
    "v": '<path d="M7 12.500 13 2H1z"/>',
    "P": '<path d="M5 1h4v4h4v4H9v4H5V9H1V5h4z"/>',
}


def glance(report: Report) -> Html:
    """A card for each chip, with the sign that it has in the plots; nothing where nothing was found out."""
    cards = joined(_card(line) for line in lines_of(report))
    return element("ul", cards, class_="glance") if cards else NOTHING


def sign(no: int) -> Html:
    """The sign of the n-th line, in its colour."""
    shape = _SHAPES[MARKERS[no % len(MARKERS)]]
    colour = f"var(--series-{no % len(SERIES)})"
    return Html(f'<svg class="sign" viewBox="0 0 14 14" aria-hidden="true" style="fill:{colour}">{shape}</svg>')


def _card(line: Line) -> Html:
    fastest = max(line.runs, key=lambda run: run.measured.throughput.compute or 0.0)
    scored = [run for run in line.runs if run.top1]
    heading = [sign(line.no), text(line.label), *run_marks(fastest)]
    lines = [element("h2", *heading), _speed(fastest)]
    lines += (
        [_accuracy(min(scored, key=lambda run: run.top1.accuracy if run.top1 else 1.0), len(scored))] if scored else []
    )
    return element("li", *lines)


def _speed(run: RunReport) -> Html:
    rate = run.measured.throughput.compute
    if rate is None:
        return element("p", element("b", text(DASH)), text(" images/s: not measured"))
    batch = in_words(f"batch {run.batch}", measured_on(run))
    digits = 0 if rate >= 100 else 1
    return element("p", element("b", text(number(rate, digits))), text(f" images/s per chip at {batch}"))


def _accuracy(run: RunReport, of: int) -> Html:
    score = run.top1
    assert score is not None
    lowest = f", lowest of {of} runs" if of > 1 else ""
    between = f"{percent(score.low)}–{percent(score.high)}"
    return element("p", element("b", text(f"{percent(score.accuracy)} %")), text(f" top-1 ({between}){lowest}"))
