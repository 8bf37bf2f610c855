"""The section of the page about throughput and latency, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dinoq.cli.render.headline import status_of
from dinoq.cli.render.html.cells import RUN, between, plots, run_cells, word_cell
from dinoq.cli.render.html.markup import (
    NOTHING,
    Column,
    Html,
    Section,
    joined,
    notes,
    paragraph,
    section,
    subhead,
    table,
    text,
)
from dinoq.cli.render.html.over_batch import latency_plot, throughput_plot
from dinoq.cli.render.html.series import Line
from dinoq.cli.render.layout import VIRTUAL
from dinoq.cli.render.modes import in_words, windows_text
from dinoq.cli.render.rates import card_text, dashes, mark, paced_notes, refused_texts
from dinoq.cli.render.words import DASH, number, percent, run_label
from dinoq.jobs.ranking import Best
from dinoq.jobs.report import Report


def speed(report: Report, lines: Sequence[Line]) -> Section | None:
    """Throughput in its four scopes, and latency; then what follows: best batches, cards, ratios."""
    drawn = plots(throughput_plot(lines), latency_plot(lines))
    return section(
        "speed",
        "Throughput and latency",
        drawn or paragraph("Fewer than two batch sizes were timed, so there is no plot over the batch."),
        _rates(report),
        _latencies(report),
        subhead("Best batch, cards and ratios") if report.best or report.refused else NOTHING,
        _best("Best batch of each chip", report.best),
        _within_budget(report),
        _ratios(report),
        notes(_speed_notes(report)),
    )


def _rates(report: Report) -> Html:
    heads = ("compute", "95 % interval", "device", "pipeline", "job", "card")
    columns = [*RUN, *(Column(head, "images/s") for head in heads), Column("batches")]
    rows = []
    for run in report.runs:
        rates = run.measured.throughput
        whole = [number(rate, 2) + mark(run) * (rate is not None) for rate in (rates.pipeline, rates.job)]
        card = number(run.card.images_per_s, 2) if run.card else DASH
        figures = [number(rates.device, 2), *whole, card, str(run.measured.latency.n)]
        compute = [text(number(rates.compute, 2)), between(run.measured.compute_interval, 2)]
        rows.append([*run_cells(run), *compute, *map(text, figures)])
    return table("Throughput: compute, device and pipeline per chip, job over all devices of the run", columns, rows)


def _latencies(report: Report) -> Html:
    columns = [*RUN, *(Column(head, "ms") for head in ("min", "mean", "p50", "p90", "p95", "p99", "max"))]
    columns += [Column("CV", "%"), Column("stability", number=False)]
    rows = []
    for run in report.runs:
        at = run.measured.latency
        figures = [number(value, 3) for value in (at.min, at.mean, at.p50, at.p90, at.p95, at.p99, at.max)]
        word = word_cell(status_of(run, "stability"))
        rows.append([*run_cells(run), *map(text, figures), text(percent(at.cv)), word])
    return table("Latency: compute time of a full batch", columns, rows)


def _best(caption: str, found: Sequence[Best]) -> Html:
    columns = [Column("chip", number=False), Column("batch"), Column("compute", "images/s per chip")]
    columns += [Column("95 % interval", "images/s per chip"), Column("p99", "ms"), Column("not told apart", "batches")]
    columns += [Column("smallest within 2 %", "batch")]
    rows = [
        [
            text(best.chip),
            text(in_words(best.batch, best.mode)),
            text(number(best.images_per_s, 2)),
            between(best.interval, 2),
            text(number(best.p99_ms, 3)),
            text(", ".join(str(batch) for batch in best.ties if batch != best.batch) or DASH),
            text(best.smallest),
        ]
        for best in found
    ]
    return table(caption, columns, rows) if rows else NOTHING


def _within_budget(report: Report) -> Html:
    if report.latency_budget_ms is None:
        return NOTHING
    caption = f"Best batch of each chip whose p99 is at most {report.latency_budget_ms:g} ms"
    missing = [best.chip for best in report.best if best.chip not in {one.chip for one in report.best_in_budget}]
    said = f"No batch of {', '.join(missing)} keeps within {report.latency_budget_ms:g} ms." if missing else ""
    return joined([_best(caption, report.best_in_budget), paragraph(said)])


def _ratios(report: Report) -> Html:
    columns = [Column("chips", number=False), Column("batches", number=False), Column("ratio")]
    columns += [Column("95 % interval"), Column("how", number=False)]
    rows = []
    for one in report.ratios:
        here, there = in_words(f"bs{one.batch}", one.mode), in_words(f"bs{one.against_batch}", one.against_mode)
        how = [word for word, true in (("best to best", one.best), ("extrapolated", one.extrapolated)) if true]
        how += ["simulated"] if one.origin == "simulated" else []
        batches = f"{here} / {there}" if one.best else here
        named = [text(f"{one.chip}/{one.against}"), text(batches), text(f"{one.value:.2f}")]
        rows.append([*named, between(one.interval, 3), text(", ".join(how) or DASH)])
    return table("Ratios of compute, card to card", columns, rows) if rows else NOTHING


def _speed_notes(report: Report) -> Iterator[str]:
    yield from (f"{VIRTUAL} {said}" for said in paced_notes(report))
    yield from (f"ratio {said}" for said in refused_texts(report))
    yield from (said for _, said in dashes(report))
    for run in report.runs:
        if run.card and run.card.chips > 1:
            yield f"card, {run_label(run)}: {card_text(run.card)}"
        if said := windows_text(run):
            yield f"windows, {said}"
        if run.measured.loading_ms > 0:
            yield f"loading, {run_label(run)}: {run.measured.loading_ms / 1000:.2f} s, in no figure per chip"
