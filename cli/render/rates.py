"""The part of the terminal's report about throughput and latency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dinoq.cli.render.headline import cautions
from dinoq.cli.render.layout import VIRTUAL, item, row_head
from dinoq.cli.render.modes import marked, windows_text
from dinoq.cli.render.sensors import sensors_line
from dinoq.cli.render.words import DASH, clip, number, percent, run_label, run_labels
from dinoq.jobs.card import Card
from dinoq.jobs.left_out import LeftOut
from dinoq.jobs.measure import SCOPES
from dinoq.jobs.ranking import Best, Ratio
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on

_ROOMS = (9, 9, 10, 10, 9, 9, 5)


def throughput(report: Report) -> Iterator[str]:
    """The table of the four scopes, why some of it is a dash, and what follows from it."""
    yield f"{'Throughput, images/s':<20}{'per chip':>26}{'whole run':>12}{'compute, ms':>15}"
    heads = "".join(f"{head:>{room}}" for head, room in zip((*SCOPES, "p50", "p99", "CV %"), _ROOMS, strict=True))
    yield f"{'':<19}{heads}"
    digits = _rate_digits(report)
    for run in report.runs:
        latency, rates = run.measured.latency, run.measured.throughput
        cells = [number(rate, digits) for rate in (rates.compute, rates.device)]
        cells += [number(rate, digits) + mark(run) * (rate is not None) for rate in (rates.pipeline, rates.job)]
        cells += [number(latency.p50, 2), number(latency.p99, 2), _cv(latency.cv)]
        yield row_head(run) + "".join(f"{cell:>{room}}" for cell, room in zip(cells, _ROOMS, strict=True))
    yield from (line for text in paced_notes(report) for line in item(VIRTUAL, text))
    for head, text in _below_throughput(report):
        yield from item(head, text)


def mark(run: RunReport) -> str:
    """What follows a figure that is of a virtual clock; nothing for others."""
    return VIRTUAL if run.virtual else ""


def paced_notes(report: Report) -> Iterator[str]:
    """What the mark means, for each table that runs were paced to."""
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        runs_of[run.pace].append(run)
    for pace, runs in runs_of.items():
        if pace:
            yield (
                f"paced ({run_labels(runs)}): compute times are the table's ({pace}), copies the simulator's; "
                "pipeline and job are virtual, of its clock and no chip's"
            )


def _rate_digits(report: Report) -> int:
    """One decimal is enough for figures of two digits and more; all figures of a table show as many."""
    rates = [run.measured.throughput for run in report.runs]
    figures = [figure for one in rates for figure in (one.compute, one.device, one.pipeline, one.job)]
    return 1 if min((figure for figure in figures if figure is not None), default=0.0) >= 10.0 else 2


def _cv(share: float | None) -> str:
    """A decimal says nothing where the times vary by more than themselves."""
    return number(_percent(share), 1 if share is None or share < 1 else 0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _below_throughput(report: Report) -> Iterator[tuple[str, str]]:
    yield from dashes(report)
    if halves := _shares(report):
        yield "95 % CI", f"of compute, plus or minus %: {halves}"
    yield from cautions(report)
    for best in report.best:
        if len([run for run in report.runs if run.chip == best.chip and run.card]) > 1:
            yield "best", best_text(best)
    yield from (("budget", text) for text in budget_texts(report))
    yield from _cards(report)
    yield from _ratios(report)
    yield from (("windows", text) for text in map(windows_text, report.runs) if text)
    yield from (("spread", text) for text in map(spread_text, report.runs) if text)
    yield from (("without", text) for text in left_out_texts(report))
    yield from (("sensors", f"{run_label(run)}: {line}") for run in report.runs if (line := sensors_line(run)))
    if loading := [(run, run.measured.loading_ms) for run in report.runs if run.measured.loading_ms > 0]:
        yield (
            "loading",
            ", ".join(f"{run_label(run)} {ms / 1000:.2f} s" for run, ms in loading) + "; in no figure per chip",
        )
    for one in report.jobs:
        if one.loop > 1:
            of = f" of job {one.job}" if len(report.jobs) > 1 else ""
            yield "loop", f"each part{of} was fed {one.loop} times for timing; accuracy is of the first pass alone"


def best_text(best: Best) -> str:
    """The best batch of a chip, what cannot be told from it, and the smallest that is nearly as good."""
    others = ", ".join(f"bs{batch}" for batch in best.ties if batch != best.batch)
    ties = f"; {others} cannot be told from it" if others else ""
    small = f"; bs{best.smallest} is the smallest within 2 %" if best.smallest != best.batch else ""
    what = f"{best.chip} {marked(best.batch, best.mode)}"
    return f"{what}, {number(best.images_per_s, 1)} images/s per chip{ties}{small}"


def budget_texts(report: Report) -> Iterator[str]:
    """The best batch of each chip that keeps within the latency budget, and the chips that have none."""
    if report.latency_budget_ms is None:
        return
    kept = {best.chip for best in report.best_in_budget}
    for best in report.best_in_budget:
        yield f"{best_text(best)}; p99 {number(best.p99_ms, 2)} of {report.latency_budget_ms:g} ms"
    for chip in dict.fromkeys(best.chip for best in report.best if best.chip not in kept):
        yield f"{chip}: no batch keeps its p99 within {report.latency_budget_ms:g} ms"


def interval_texts(report: Report) -> list[str]:
    """The 95 % interval of each compute figure, as the times within its run tell."""
    found = [(run, run.measured.compute_interval) for run in report.runs]
    return [
        f"{run_label(run)} {number(interval.low, 1)}-{number(interval.high, 1)}" for run, interval in found if interval
    ]


def _shares(report: Report) -> str:
    """The larger half of each interval, in percent of the figure: `310P3 bs1 0.1, bs16 0.2; T4 bs1 0.0`."""
    halves: defaultdict[str, list[str]] = defaultdict(list)
    for run in report.runs:
        rate, interval = run.measured.throughput.compute, run.measured.compute_interval
        if rate and interval:
            half = max(interval.high - rate, rate - interval.low) / rate
            halves[run.chip].append(f"bs{run.batch} {percent(half, 1)}")
    return "; ".join(f"{chip} {', '.join(texts)}" for chip, texts in halves.items())


def dashes(report: Report) -> Iterator[tuple[str, str]]:
    """A dash, and why there is one, each reason once."""
    runs_of: defaultdict[tuple[str, str], list[RunReport]] = defaultdict(list)
    for run in report.runs:
        scopes_of: defaultdict[str, list[str]] = defaultdict(list)
        for scope, why in run.measured.throughput.why.items():
            scopes_of[why].append(scope)
        for why, scopes in scopes_of.items():
            runs_of[", ".join(scopes), why].append(run)
    for (what, why), runs in runs_of.items():
        where = "" if len(runs) == len(report.runs) else f" ({run_labels(runs)})"
        yield DASH, f"{what}: {why}{where}"


def _cards(report: Report) -> Iterator[tuple[str, str]]:
    cards: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for run in report.runs:
        if run.card and run.card.chips > 1:
            cards[run.chip, card_text(run.card)].append(
                f"{marked(run.batch, measured_on(run))} {number(run.card.images_per_s, 1)}"
            )
    for (chip, how), figures in cards.items():
        yield "card", f"{chip}: {', '.join(figures)} images/s, {how}"


def card_text(card: Card) -> str:
    """How the figure of a card of several chips came about."""
    if card.extrapolated:
        return f"extrapolated as compute x {card.chips} chips"
    return f"measured, its {card.chips} chips together"


def spread_text(run: RunReport) -> str:
    """How far the devices of a run lie apart, and which is an outlier; empty for one device."""
    if run.measured.spread is None:
        return ""
    off = [f"{clip(one.label, 40)} is {_off(one.off_median)} the median" for one in run.devices if one.outlier]
    text = f"{run_label(run)}: {len(run.devices)} devices, {percent(run.measured.spread, 1)} % between them"
    return "; ".join([text, *off])


def _off(share: float | None) -> str:
    return f"{percent(abs(share or 0.0), 1)} % {'below' if (share or 0.0) < 0 else 'above'}"


def left_out_texts(report: Report) -> list[str]:
    """Devices that a run had no part of, or no longer, each reason once for all its runs."""
    runs_of: defaultdict[LeftOut, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        for one in run.left_out:
            runs_of[one].append(run)
    return [f"{clip(one.device, 40)} ({run_labels(runs)}): {one.why}" for one, runs in runs_of.items()]


def refused_texts(report: Report) -> list[str]:
    """`310P3/cpu, T4/cpu: none; simulated and real figures are never divided`."""
    pairs: defaultdict[str, list[str]] = defaultdict(list)
    for one in report.refused:
        pairs[one.why].append(f"{one.chip}/{one.against}")
    return [f"{', '.join(dict.fromkeys(names))}: none; {why}" for why, names in pairs.items()]


def _ratios(report: Report) -> Iterator[tuple[str, str]]:
    pairs: defaultdict[str, list[str]] = defaultdict(list)
    for one in report.ratios:
        here, there = marked(one.batch, one.mode), marked(one.against_batch, one.against_mode)
        both = f" ({here}/{there})" if one.best else ""
        where = "best" if one.best else here
        pairs[f"{one.chip}/{one.against}{_origin(one)}"].append(f"{where} {one.value:.2f}{both}")
    for pair, texts in pairs.items():
        yield "ratio", f"{pair}: {', '.join(texts)}; compute, card to card"
    yield from (("ratio", text) for text in refused_texts(report))


def _origin(ratio: Ratio) -> str:
    return " (simulated)" if ratio.origin == "simulated" else ""
