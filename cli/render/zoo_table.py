"""Section 7 of the model zoo's README: the table of cards, what its marks mean, and where each figure is from."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.markdown import escape, table
from dinoq.cli.render.words import DASH, run_label
from dinoq.cli.render.zoo_marks import mark_notes, marks
from dinoq.cli.render.zoo_words import Words
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.zoo import COLUMNS, RATIOS, Quotient, Row, ZooTable, card_figure, column_of, zoo_table


def performance(report: Report, words: Words) -> Iterator[str]:
    """The lines of the section."""
    found = zoo_table(report)
    if not found.rows:
        yield words.nothing
        return
    yield from (words.table + " " + words.card, "")
    heads = ["", *COLUMNS, *(f"{one}/{other}" for one, other in RATIOS)]
    yield from table(heads, [_cells(row, words) for row in (*found.rows, found.best)], left=1)
    yield ""
    if ratios := _best_ratios(found.best, words):
        yield from (ratios, "")
    yield from _notes(found, words)
    yield from ("", f"{words.trace}:", "")
    yield from (f"- {_trace(run)}" for run in found.shown)


def _cells(row: Row, words: Words) -> list[str]:
    head = words.best if row.batch is None else f"bs{row.batch}"
    figures = [_figure(row.runs[column], best=row.batch is None) if column in row.runs else DASH for column in COLUMNS]
    return [head, *figures, *(_ratio(row, pair) for pair in RATIOS)]


def _figure(run: RunReport, *, best: bool) -> str:
    at = f" bs{run.batch}" if best else ""
    return f"{card_figure(run):.2f}{at}{marks([run])}"


def _ratio(row: Row, pair: tuple[str, str]) -> str:
    quotient = row.quotients.get(pair, Quotient())
    if quotient.value is None:
        return DASH
    return f"{quotient.value:.3f}{marks([row.runs[column] for column in pair])}"


def _best_ratios(best: Row, words: Words) -> str:
    one = RATIOS[0][0]
    others = [
        words.best_ratio.format(other=other, value=quotient.value)
        for (_, other), quotient in best.quotients.items()
        if quotient.value is not None
    ]
    return words.best_ratios.format(one=one, others=words.list_mark.join(others)) if others else ""


def _notes(found: ZooTable, words: Words) -> Iterator[str]:
    """What the marks mean, those that are there; why some are not divided; what is not shown."""
    yield from mark_notes(found.shown, words)
    yield f"- {words.dash}"
    yield from (f"- {why}" for why in dict.fromkeys(_reasons(found)))
    if found.passed_over:
        runs = words.list_mark.join(f"{run_label(run)} (job {run.job})" for run in found.passed_over)
        yield f"- {words.passed_over.format(runs=runs)}"


def _reasons(found: ZooTable) -> Iterator[str]:
    for row in (*found.rows, found.best):
        for (one, other), quotient in row.quotients.items():
            if quotient.why:
                at = "" if row.batch is None else f" bs{row.batch}"
                yield f"{one}/{other}{at}: {quotient.why}"


def _trace(run: RunReport) -> str:
    """Where a figure is from, and the command that shows more of it."""
    files = ", ".join(escape(file.name) for file in run.told.files) if run.told else ""
    devices = ", ".join(escape(device.label) for device in run.devices)
    artifact = f"artifact {run.artifact.sha256[:12]}" if run.artifact else ""
    chips = f"{run.card.chips} x chip" if run.card and run.card.chips > 1 else ""
    where = "; ".join(filter(None, (files, devices, artifact, chips)))
    return f"{column_of(run.chip)} bs{run.batch}: `dinoq report {run.job}`, {run_label(run)} {run.precision}; {where}"
