"""The sections of the page that hold the figures: accuracy, throughput and latency, devices, time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dinoq.cli.render.headline import status_of
from dinoq.cli.render.html.charts import accuracy_plot, devices_plot, off_mean
from dinoq.cli.render.html.markup import (
    NOTHING,
    Column,
    Html,
    Section,
    badge,
    element,
    folded,
    joined,
    notes,
    paragraph,
    section,
    subhead,
    table,
    text,
)
from dinoq.cli.render.html.over_batch import latency_plot, throughput_plot
from dinoq.cli.render.html.over_time import over_time_plot
from dinoq.cli.render.html.series import Line
from dinoq.cli.render.layout import VIRTUAL
from dinoq.cli.render.modes import in_words, pure_note, windows_text
from dinoq.cli.render.rates import card_text, left_out_texts, mark, paced_notes, refused_texts, spread_text
from dinoq.cli.render.words import DASH, agreement_text, number, percent, run_label
from dinoq.jobs.device_report import DeviceReport
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.score import Score
from dinoq.jobs.telemetry import Sensors

RUN = (Column("run", number=False), Column("precision", number=False))


def run_cells(run: RunReport) -> list[Html]:
    """Which run a row is of: chip and batch with what must be said of them, and the precision."""
    said = [word for word, true in (("simulated", run.simulated), ("imported", run.told is not None)) if true]
    marks = joined(element("span", text(word), class_="mark") for word in said)
    label = text(in_words(run_label(run), measured_on(run)))
    return [Html(f"{label} {marks}" if marks else label), text("as given" if run.given else run.precision)]


def _word(status: str) -> Html:
    return badge(status) if status else text(DASH)


def plots(*drawn: Html) -> Html:
    """Plots beside each other where there is room; nothing for none."""
    kept = joined(one for one in drawn if one)
    return element("div", kept, class_="plots") if kept else NOTHING


def accuracy(report: Report, lines: Sequence[Line]) -> Section | None:
    """Top-1 and Top-5 with their intervals, and how far off the published figure."""
    published = report.baseline_top1 is not None
    columns = [*RUN, Column("top-1", "%"), Column("95 % interval", "%"), Column("right"), Column("top-5", "%")]
    columns += [Column("95 % interval", "%"), Column("right")]
    if published:
        against = f"against {percent(report.baseline_top1)} %"
        columns += [Column(against, "pp"), Column("of it", "%"), Column("verdict", number=False)]
    rows = [[*run_cells(run), *_scores(run), *(_against(run) if published else [])] for run in report.runs]
    said = [agreement_text(run) for run in report.runs if run.agreement]
    said += [pure_note(report)] if pure_note(report) else []
    said += [f"{run_label(run)}: {note}" for run in report.runs for note in run.notes]
    return section(
        "accuracy",
        "Accuracy",
        plots(accuracy_plot(report, lines, top=1), accuracy_plot(report, lines, top=5)),
        table("Right answers over the samples of the dataset", columns, rows),
        notes(said),
    )


def _scores(run: RunReport) -> list[Html]:
    return [text(cell) for score in (run.top1, run.top5) for cell in _score(score)]


def _score(score: Score | None) -> tuple[str, str, str]:
    if score is None:
        return DASH, DASH, DASH
    return percent(score.accuracy), f"{percent(score.low)}–{percent(score.high)}", str(score.correct)


def _against(run: RunReport) -> list[Html]:
    word = _word(status_of(run, "accuracy"))
    if run.against is None:
        return [text(DASH), text(DASH), word]
    return [text(f"{100 * run.against.difference:+.2f}"), text(percent(run.against.relative)), word]


def speed(report: Report, lines: Sequence[Line]) -> Section | None:
    """Throughput in its four scopes, and latency; then what follows: best batches, cards, ratios."""
    drawn = plots(throughput_plot(lines), latency_plot(lines))
    return section(
        "speed",
        "Throughput and latency",
        drawn or paragraph("One batch size was timed, so there is no plot over the batch."),
        _rates(report),
        _latencies(report),
        subhead("Best batch, cards and ratios") if report.best or report.refused else NOTHING,
        _best(report),
        _ratios(report),
        notes(_speed_notes(report)),
    )


def _rates(report: Report) -> Html:
    columns = [*RUN, *(Column(head, "images/s") for head in ("compute", "device", "pipeline", "job"))]
    columns += [Column("card", "images/s"), Column("batches")]
    rows = []
    for run in report.runs:
        rates = run.measured.throughput
        cells = [number(rate, 2) for rate in (rates.compute, rates.device)]
        cells += [number(rate, 2) + mark(run) * (rate is not None) for rate in (rates.pipeline, rates.job)]
        cells += [number(run.card.images_per_s, 2) if run.card else DASH, str(run.measured.latency.n)]
        rows.append([*run_cells(run), *map(text, cells)])
    return table("Throughput: compute, device and pipeline per chip, job over all devices of the run", columns, rows)


def _latencies(report: Report) -> Html:
    columns = [*RUN, *(Column(head, "ms") for head in ("min", "mean", "p50", "p90", "p95", "p99", "max"))]
    columns += [Column("CV", "%"), Column("stability", number=False)]
    rows = []
    for run in report.runs:
        at = run.measured.latency
        figures = [number(value, 3) for value in (at.min, at.mean, at.p50, at.p90, at.p95, at.p99, at.max)]
        word = _word(status_of(run, "stability"))
        rows.append([*run_cells(run), *map(text, figures), text(percent(at.cv)), word])
    return table("Latency: compute time of a full batch", columns, rows)


def _best(report: Report) -> Html:
    columns = [Column("chip", number=False), Column("best batch"), Column("compute", "images/s per chip")]
    columns += [Column("not told apart"), Column("smallest of those")]
    rows = [
        [
            text(best.chip),
            text(in_words(best.batch, best.mode)),
            text(number(best.images_per_s, 2)),
            text(", ".join(str(batch) for batch in best.ties if batch != best.batch) or DASH),
            text(best.smallest),
        ]
        for best in report.best
    ]
    return table("Best batch of each chip", columns, rows) if rows else NOTHING


def _ratios(report: Report) -> Html:
    columns = (
        Column("chips", number=False),
        Column("batches", number=False),
        Column("ratio"),
        Column("how", number=False),
    )
    rows = []
    for one in report.ratios:
        here, there = in_words(f"bs{one.batch}", one.mode), in_words(f"bs{one.against_batch}", one.against_mode)
        how = [word for word, true in (("best to best", one.best), ("extrapolated", one.extrapolated)) if true]
        how += ["simulated"] if one.origin == "simulated" else []
        batches = f"{here} / {there}" if one.best else here
        rows.append([text(f"{one.chip}/{one.against}"), text(batches), text(f"{one.value:.2f}"), text(", ".join(how))])
    return table("Ratios of compute, card to card", columns, rows) if rows else NOTHING


def _speed_notes(report: Report) -> Iterator[str]:
    yield from (f"{VIRTUAL} {said}" for said in paced_notes(report))
    yield from (f"ratio {said}" for said in refused_texts(report))
    for run in report.runs:
        yield from (f"{run_label(run)}, {scope}: {why}" for scope, why in run.measured.throughput.why.items())
        if run.card and run.card.chips > 1:
            yield f"card, {run_label(run)}: {card_text(run.card)}"
        if said := windows_text(run):
            yield f"windows, {said}"
        if run.measured.loading_ms > 0:
            yield f"loading, {run_label(run)}: {run.measured.loading_ms / 1000:.2f} s, in no figure per chip"


def devices(report: Report, lines: Sequence[Line]) -> Section | None:
    """Each device of each run beside its peers."""
    columns = [Column("run", number=False), Column("device", number=False), Column("samples"), Column("batches")]
    columns += [Column("compute", "images/s"), Column("off the mean", "%"), Column("CV", "%"), Column("drift", "%")]
    columns += [Column("busy", "s"), Column("loading", "s")]
    rows = [row for run in report.runs for row in _device_rows(run)]
    if not rows:
        return None
    alone = all(run.measured.spread is None for run in report.runs)
    return section(
        "devices",
        "Devices",
        paragraph("Each run had one device, so there is nothing to hold it against.") if alone else NOTHING,
        plots(devices_plot(report, lines)),
        table("What each device of a run did", columns, rows),
        notes(
            [
                *(said for run in report.runs if (said := spread_text(run))),
                *(f"without {s}" for s in left_out_texts(report)),
            ]
        ),
    )


def _device_rows(run: RunReport) -> Iterator[list[Html]]:
    off = iter(off_mean(run))
    for device in run.devices:
        one = device.figures
        lies = f"{next(off):+.2f}" if one.compute is not None and run.measured.spread is not None else DASH
        label = Html(f"{element('bdi', text(device.label))}{' ' + badge('OUTLIER') if device.outlier else ''}")
        figures = [
            str(one.samples),
            str(one.batches),
            number(one.compute, 2),
            lies,
            percent(one.cv),
            percent(one.drift),
        ]
        figures += [number(one.busy_ms / 1000, 2), number(one.loading_ms / 1000, 2)]
        yield [text(run_label(run)), label, *map(text, figures)]


def over_time(report: Report) -> Section | None:
    """Throughput over time above what the sensors told, run by run."""
    drawn = plots(*(over_time_plot(run) for run in report.runs))
    told = [(run, device, device.telemetry) for run in report.runs for device in run.devices if device.telemetry]
    if not drawn and not told:
        return None
    return section(
        "time",
        "Over time",
        paragraph("Throughput is what came back each moment by the host's clock, placed by the end of the run."),
        NOTHING if told else paragraph("No device told power, temperature, clock or utilisation."),
        drawn,
        _sensors(told),
        folded("The numbers behind these plots", *(_moments(run) for run in report.runs if run.timelines)),
    )


def _sensors(told: Sequence[tuple[RunReport, DeviceReport, Sensors]]) -> Html:
    heads: list[tuple[str, str]] = [
        ("readings", ""),
        ("rate", "per s"),
        ("power", "mean, W"),
        ("power", "most, W"),
        ("heat", "most, °C"),
    ]
    heads += [("clock", "least, MHz"), ("clock", "median, MHz"), ("utilisation", "median, %"), ("throttled", "%")]
    heads += [("at power cap", "%"), ("foreign work", "most")]
    columns = [Column("run", number=False), Column("device", number=False), *(Column(*head) for head in heads)]
    rows = []
    for run, device, one in told:
        figures = [str(one.samples), number(one.achieved_per_s, 2), number(one.power_mean_w, 1)]
        figures += [number(value, 0) for value in (one.power_max_w, one.temperature_max_c, one.clock_min_mhz)]
        figures += [number(value, 0) for value in (one.clock_median_mhz, one.utilisation_median_pct)]
        figures += [percent(one.throttled, 1), percent(one.power_capped, 1)]
        figures += [DASH if one.foreign_most is None else str(one.foreign_most)]
        rows.append([text(run_label(run)), element("bdi", text(device.label)), *map(text, figures)])
    return (
        table("What the sensors told between a run's first start and last finish", columns, rows) if rows else NOTHING
    )


MOMENTS = 24
"""Rows of the table behind a plot over time, at most."""


def _moments(run: RunReport) -> Html:
    """The numbers behind a plot over time, a row for each span, a column for each device."""
    labels = {device.figures.key: device.label for device in run.devices}
    columns = [Column("from", "s"), *(Column(labels.get(one.device, one.device), "images/s") for one in run.timelines)]
    step = -(-len(run.timelines[0].images_per_s) // MOMENTS)
    length = run.timelines[0].bucket_s
    rows = [
        [text(f"{at * length:g}"), *(text(number(_mean(one.images_per_s[at : at + step]), 1)) for one in run.timelines)]
        for at in range(0, len(run.timelines[0].images_per_s), step)
    ]
    return table(f"{run_label(run)}: images/s over spans of {step * length:g} s", columns, rows)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)
