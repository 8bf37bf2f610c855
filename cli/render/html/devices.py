"""The sections of the page about devices: each beside its peers, and all of them over time with what they told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dinoq.cli.render.html.cells import plots
from dinoq.cli.render.html.markup import (
    NOTHING,
    Column,
    Html,
    Section,
    badge,
    element,
    folded,
    notes,
    paragraph,
    section,
    table,
    text,
)
from dinoq.cli.render.html.over_time import over_time_plot
from dinoq.cli.render.html.per_run import devices_plot, off_mean
from dinoq.cli.render.html.series import Line
from dinoq.cli.render.rates import left_out_texts, spread_text
from dinoq.cli.render.words import DASH, number, percent, run_label
from dinoq.jobs.device_report import DeviceReport
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.telemetry import Sensors

MOMENTS = 24
"""Rows of the table behind a plot over time, at most."""


def devices(report: Report, lines: Sequence[Line]) -> Section | None:
    """Each device of each run beside its peers."""
    columns = [Column("run", number=False), Column("device", number=False), Column("samples"), Column("batches")]
    columns += [Column("compute", "images/s"), Column("off the mean", "%"), Column("CV", "%"), Column("drift", "%")]
    columns += [Column("steady from", "batch"), Column("busy", "s"), Column("loading", "s")]
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
        figures += [DASH if one.steady_from is None else str(one.steady_from)]
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
    heads += [("clock", "least, MHz"), ("clock", "median, MHz"), ("util.", "median, %"), ("throttled", "%")]
    heads += [("capped", "%"), ("foreign", "most")]
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
