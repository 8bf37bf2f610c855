"""The report for a terminal: verdict first, then the numbers behind it, then where they come from. 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from dinoq.cli.render.evidence import coverage, sources
from dinoq.cli.render.headline import headline, simulated_banner, status_of
from dinoq.cli.render.imported import imported_banner, imported_facts
from dinoq.cli.render.layout import LONGEST, SIMULATED, WIDTH, item, row_head
from dinoq.cli.render.modes import PURE, pure_note
from dinoq.cli.render.pairs import agreement_texts, flip_texts, pair_texts
from dinoq.cli.render.rates import throughput
from dinoq.cli.render.words import DASH, clip, columns, jobs_named, percent, run_labels, wrapped
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.result import TOP
from dinoq.jobs.score import Score


def render(report: Report) -> str:
    """The report as plain text, no line wider than 80 columns however long the names are."""
    top = [_job_line(report), *_banner(report), *_headline(report)]
    blocks = [top, _accuracy(report), throughput(report), coverage(report), _imported(report), sources(report)]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _job_line(report: Report) -> str:
    right = f"{report.created_at:%Y-%m-%d %H:%M} UTC  {clip(report.owner, 24)}"
    left = clip(f"{jobs_named(report)}  {report.name}", WIDTH - columns(right) - 2)
    return left + " " * (WIDTH - columns(left) - columns(right)) + right


def _banner(report: Report) -> list[str]:
    banners = (("SIMULATED  ", simulated_banner(report)), ("IMPORTED   ", imported_banner(report)))
    return [line for head, text in banners if text for line in wrapped(head, text, WIDTH)]


def _headline(report: Report) -> Iterator[str]:
    lines = headline(report)
    room = max(len(word) for word, _ in lines)
    for word, text in lines:
        yield from wrapped(f"{word:<{room}}  ", clip(text, LONGEST), WIDTH)


def _accuracy(report: Report) -> Iterator[str]:
    tail = _published(report) if report.baseline_top1 is not None else "   top-1 right   top-5 right"
    yield f"{'Accuracy':<19}{'top-1 %':>8}{'95 % CI':>14}{'top-5 %':>8}{tail}"
    for run in report.runs:
        yield (row_head(run) + _scores(run) + _judgement(report, run)).rstrip()
    yield from (line for text in pair_texts(report) for line in item("paired", text))
    yield from (line for text in flip_texts(report) for line in item("flipped", text))
    yield from (line for text in agreement_texts(report) for line in item("sample", text))
    if any(run.simulated for run in report.runs):
        yield from item(SIMULATED, "a simulator's row: neither accuracy nor speed is a chip's")
    if text := pure_note(report):
        yield from item(PURE, text)
    for note in dict.fromkeys(note for run in report.runs for note in run.notes):
        runs = [run for run in report.runs if note in run.notes]
        yield from item("note", f"{run_labels(runs)}: {note}")


def _imported(report: Report) -> Iterator[str]:
    for label, texts in groupby(imported_facts(report), key=lambda fact: fact[0]):
        yield from wrapped("", label, WIDTH)
        yield from (line for _, text in texts for line in wrapped("  ", clip(text, LONGEST), WIDTH))


def _published(report: Report) -> str:
    return f"{f'of {percent(report.baseline_top1)} % published':>25}"


def _scores(run: RunReport) -> str:
    if run.top1 is None and run.told and len(run.told.top_k) >= TOP:
        return f"{percent(run.told.top_k[0]):>8}{'told':>14}{percent(run.told.top_k[TOP - 1]):>8}"
    if run.top1 is None or run.top5 is None:
        return f"{DASH:>8}{DASH:>14}{DASH:>8}"
    interval = f"{percent(run.top1.low)}-{percent(run.top1.high)}"
    return f"{percent(run.top1.accuracy):>8}{interval:>14}{percent(run.top5.accuracy):>8}"


def _judgement(report: Report, run: RunReport) -> str:
    if report.baseline_top1 is None:
        return f"{_right(run, run.top1):>14}{_right(run, run.top5):>14}"
    if run.against is None:
        return f"{DASH:>11}{DASH:>9}  {status_of(run, 'accuracy')}"
    difference, relative = f"{100 * run.against.difference:+.2f} pp", f"{percent(run.against.relative)} %"
    return f"{difference:>11}{relative:>9}  {status_of(run, 'accuracy')}"


def _right(run: RunReport, score: Score | None) -> str:
    """Counts say more than percent of a small dataset; of a very large one, the first number alone has room."""
    if score is None:
        return DASH
    text = f"{score.correct}/{run.coverage.expected}"
    return text if len(text) <= 13 else str(score.correct)
