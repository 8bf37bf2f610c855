"""The report as Markdown tables, for an issue or a README; names are escaped, so that they stay names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dinoq.cli.render.evidence import failures
from dinoq.cli.render.headline import headline, simulated_banner
from dinoq.cli.render.imported import imported_banner, imported_facts
from dinoq.cli.render.layout import VIRTUAL
from dinoq.cli.render.modes import in_words, pure_note, windows_text, without_photos
from dinoq.cli.render.pairs import agreement_texts, flip_texts, pair_texts
from dinoq.cli.render.programs import flags_text, given_text, program_text
from dinoq.cli.render.rates import (
    best_text,
    budget_texts,
    card_text,
    interval_texts,
    left_out_texts,
    mark,
    paced_notes,
    refused_texts,
    spread_text,
)
from dinoq.cli.render.remarks import remark_lines
from dinoq.cli.render.sensors import sensors_line
from dinoq.cli.render.words import (
    counted,
    job_text,
    jobs_named,
    number,
    percent,
    printable,
    run_label,
    span_text,
)
from dinoq.jobs.merge import Coverage
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.score import Score

MARKUP = re.compile(r"([\\`*_\[\]|~<>&#@$])")
"""What Markdown, HTML inside it, or GitHub could take for markup, a mention or a formula within a line."""


def render(report: Report) -> str:
    """The report in GitHub's Markdown."""
    blocks = [_top(report), _accuracy(report), _throughput(report), _cards(report), _coverage(report)]
    blocks += [_unreadable(report), _imported(report), _verdicts(report), _sources(report)]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def escape(text: str) -> str:
    """The text on one line, with nothing in it that is markup."""
    return MARKUP.sub(r"\\\1", printable(text))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 3) -> Iterator[str]:
    """A table: the first `left` columns to the left, numbers to the right. Cells are escaped already."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "|".join(":--" if at < left else "--:" for at in range(len(heads))) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _top(report: Report) -> Iterator[str]:
    yield f"# {jobs_named(report).capitalize()}: {escape(report.name)}"
    yield ""
    if banner := simulated_banner(report):
        yield f"**SIMULATED** {escape(banner)}"
        yield ""
    if told := imported_banner(report):
        yield f"**IMPORTED** {escape(told)}"
        yield ""
    for word, text in headline(report):
        yield f"- **{escape(word)}** {escape(text)}"


def _cell(run: RunReport) -> list[str]:
    marks = " (simulated)" * bool(run.simulated) + " (imported)" * (run.told is not None)
    return [run.chip + marks, in_words(run.batch, measured_on(run)), "as given" if run.given else run.precision]


def _accuracy(report: Report) -> Iterator[str]:
    published = f"against {percent(report.baseline_top1)} %, pp" if report.baseline_top1 is not None else "against"
    yield "## Accuracy"
    yield ""
    heads = ("chip", "batch", "precision", "top-1 %", "95 % CI", "top-1 right", "top-5 %", "top-5 right", published)
    rows = [[*_cell(run), *_score(run.top1), *_score(run.top5, interval=False), _against(run)] for run in report.runs]
    yield from table(heads, rows)
    agree = [*(f"paired, {text}" for text in pair_texts(report)), *agreement_texts(report)]
    agree += [f"flipped, {text}" for text in flip_texts(report)]
    pure = [text] if (text := pure_note(report)) else []
    yield from _notes([*agree, *pure, *(f"{run_label(run)}: {note}" for run in report.runs for note in run.notes)])


def _score(score: Score | None, interval: bool = True) -> list[str]:
    if score is None:
        return ["-"] * (3 if interval else 2)
    between = [f"{percent(score.low)}-{percent(score.high)}"] if interval else []
    return [percent(score.accuracy), *between, str(score.correct)]


def _against(run: RunReport) -> str:
    return "-" if run.against is None else f"{100 * run.against.difference:+.2f} ({percent(run.against.relative)} %)"


def _throughput(report: Report) -> Iterator[str]:
    yield "## Throughput"
    yield ""
    yield "Images per second; compute, device and pipeline per chip, job over all devices of the run. Latency in ms."
    yield ""
    heads = (
        "chip",
        "batch",
        "precision",
        "compute",
        "device",
        "pipeline",
        "job",
        "p50",
        "p90",
        "p99",
        "CV %",
        "batches",
    )
    yield from table(heads, [[*_cell(run), *_figures(run)] for run in report.runs])
    reasons = [
        f"{run_label(run)}, {scope}: {why}" for run in report.runs for scope, why in run.measured.throughput.why.items()
    ]
    devices = [f"windows, {text}" for text in map(windows_text, report.runs) if text]
    devices += [f"spread, {text}" for text in map(spread_text, report.runs) if text]
    devices += [f"without {text}" for text in left_out_texts(report)]
    yield from _notes([*(f"{VIRTUAL} {text}" for text in paced_notes(report)), *reasons, *devices, *_sensors(report)])


def _sensors(report: Report) -> list[str]:
    return [f"{run_label(run)}, sensors: {line}" for run in report.runs if (line := sensors_line(run))]


def _figures(run: RunReport) -> list[str]:
    rates, latency = run.measured.throughput, run.measured.latency
    figures = [number(rate, 2) for rate in (rates.compute, rates.device)]
    figures += [number(rate, 2) + escape(mark(run)) * (rate is not None) for rate in (rates.pipeline, rates.job)]
    figures += [number(value, 3) for value in (latency.p50, latency.p90, latency.p99)]
    return [*figures, percent(latency.cv, 2), str(latency.n)]


def _cards(report: Report) -> Iterator[str]:
    """Best batches, extrapolated cards and ratios; nothing when there is none of them."""
    yield from (f"- best, {escape(best_text(best))}" for best in report.best)
    yield from (f"- within budget, {escape(text)}" for text in budget_texts(report))
    if intervals := interval_texts(report):
        yield f"- 95 % intervals of compute: {', '.join(intervals)}"
    for run in report.runs:
        if run.card and run.card.chips > 1:
            yield f"- card, {in_words(run_label(run), measured_on(run))}: {number(run.card.images_per_s, 2)}, {card_text(run.card)}"
    for one in report.ratios:
        what = "best to best, " if one.best else ""
        here, there = in_words(f"bs{one.batch}", one.mode), in_words(f"bs{one.against_batch}", one.against_mode)
        origin = ", simulated" if one.origin == "simulated" else ""
        yield f"- {one.chip}/{one.against}, {what}{here}/{there}: {one.value:.2f} (compute, card to card{origin})"
    yield from (f"- ratio {escape(text)}" for text in refused_texts(report))


def _coverage(report: Report) -> Iterator[str]:
    yield "## Coverage"
    yield ""
    heads = ("chip", "batch", "precision", "expected", "counted", "unreadable", "missing", "duplicates", "conflicts")
    proofs = [(run, run.coverage) for run in report.runs]
    rows = [
        [
            *_cell(run),
            *(["-"] * 6 if run.mode == "pure" else map(str, _counts(one))),
        ]
        for run, one in proofs
    ]
    yield from table(heads, rows)
    gaps = [
        f"{run_label(run)}: samples {', '.join(map(span_text, one.missing))} missing"
        for run, one in proofs
        if one.missing
    ]
    yield from _notes([*gaps, *failures(report)])


def _counts(one: Coverage) -> tuple[int, ...]:
    return one.expected, one.counted, one.unreadable, one.n_missing, one.duplicates, one.conflicts


def _unreadable(report: Report) -> Iterator[str]:
    if report.unreadable:
        yield "### Unreadable photos"
        yield ""
        yield from table(
            ("name", "reason"), [(escape(one.name), escape(one.reason)) for one in report.unreadable], left=2
        )


def _imported(report: Report) -> Iterator[str]:
    if facts := list(imported_facts(report, digits=64)):
        yield "## Imported"
        yield ""
        yield from table(("run", "as told"), [(escape(label), escape(text)) for label, text in facts], left=2)


def _verdicts(report: Report) -> Iterator[str]:
    yield "## Verdicts"
    yield ""
    entries = [("job", verdict) for verdict in report.verdicts]
    entries += [(run_label(run), verdict) for run in report.runs for verdict in run.verdicts]
    rows = [(escape(of), one.kind, escape(one.status.value), escape(one.text)) for of, one in entries]
    yield from table(("of", "kind", "verdict", "reason"), rows, left=4)
    yield from _notes(report.notes)


def _sources(report: Report) -> Iterator[str]:
    yield "## Sources"
    yield ""
    facts = [
        ("model", f"{report.model.name}, sha256 {report.model.sha256 or 'unknown'}"),
        ("data", _data(report)),
        ("recipe", f"{report.recipe.name} version {report.recipe.version}"),
        ("submitted", f"{report.created_at:%Y-%m-%d %H:%M} UTC by {report.owner}"),
    ]
    jobs = [one for one in report.jobs if len(report.jobs) > 1 or one.imported]
    facts += [(f"job {one.job}", job_text(report, one)) for one in jobs]
    facts += remark_lines(report)
    for run in report.runs:
        drivers = [f"driver {driver}" for driver in run.drivers if driver]
        artifact = f"artifact {run.artifact.sha256}" if run.artifact else "no artifact"
        devices = [device.label for device in run.devices]
        program = [given_text(run), flags_text(run), program_text(run)]
        texts = [run.origin or "origin not fixed", run.toolkit, *drivers, artifact, *program, *devices]
        facts.append((run_label(run), ", ".join(text for text in texts if text)))
    yield from table(("what", "which"), [(what, escape(text)) for what, text in facts], left=2)


def _data(report: Report) -> str:
    if not report.data.samples:
        return without_photos(report)
    return f"{report.data.source}, {counted(report.data.samples, 'photo')}, fingerprint {report.fingerprint or 'not known'}"


def _notes(texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield ""
        yield from (f"- {escape(text)}" for text in texts)
