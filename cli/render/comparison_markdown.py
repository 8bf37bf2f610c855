"""A comparison as Markdown, for an issue or a pull request; names are escaped, so that they stay names."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.comparison import (
    RANKS,
    VIRTUAL_TEXT,
    accuracy_texts,
    cell_of,
    changed,
    headline,
    interval_text,
    left_out,
    noise_texts,
    ranked,
    said,
    simulated_text,
    unchanged,
    unknown,
    unlike_text,
    virtual,
)
from dinoq.cli.render.layout import VIRTUAL
from dinoq.cli.render.markdown import escape, table
from dinoq.cli.render.words import DASH, number, percent
from dinoq.jobs.compare.accuracy import AccuracyCompared
from dinoq.jobs.compare.comparison import Compared, Comparison
from dinoq.jobs.compare.sides import Side


def render(comparison: Comparison) -> str:
    """The comparison in GitHub's Markdown."""
    blocks = [_top(comparison), _changes(comparison), _accuracy(comparison)]
    blocks += [_flipped(comparison), _throughput(comparison)]
    return "\n\n".join("\n".join(lines).rstrip() for block in blocks if (lines := list(block)))


def _top(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.pairs[0].a, comparison.pairs[0].b
    yield f"# Job {a.job} against job {b.job}"
    yield ""
    for line in headline(comparison):
        yield f"- **{line.outcome}** {escape(line.text)}"
    texts = [("INCOMPLETE", text) for text in comparison.gaps]
    texts += [("UNLIKE", unlike_text(comparison)), ("SIMULATED", simulated_text(comparison))]
    texts += [("NOT COMPARED", text) for text in left_out(comparison)]
    yield from (f"- **{word}** {escape(text)}" for word, text in texts if text)
    yield ""
    yield from (f"- {letter}: {_side(side)}" for letter, side in (("A", a), ("B", b)))


def _side(side: Side) -> str:
    report = side.report
    return escape(f"job {side.job}, {report.name}, {report.created_at:%Y-%m-%d %H:%M} UTC by {report.owner}")


def _accuracy(comparison: Comparison) -> Iterator[str]:
    judged = [(pair, pair.accuracy) for pair in comparison.pairs if pair.accuracy]
    if not judged:
        return
    yield "## Accuracy"
    yield ""
    heads = ("run", "verdict", "rank", "A %", "B %", "B-A, pp", "95 % CI, pp", "p")
    yield from table(heads, [row for pair, one in judged for row in _ranks(pair, one)])
    yield ""
    yield from (f"- {escape(text)}" for text in accuracy_texts(comparison))


def _ranks(pair: Compared, accuracy: AccuracyCompared) -> Iterator[list[str]]:
    for rank, verdict in zip(RANKS, (str(accuracy.outcome), ""), strict=True):
        one = ranked(pair, accuracy, rank)
        difference = DASH if one.difference is None else f"{100 * one.difference:+.2f}"
        figures = (percent(one.a), percent(one.b), difference, one.between or DASH, one.p)
        yield [escape(cell_of(pair)), verdict, rank, *figures]


def _flipped(comparison: Comparison) -> Iterator[str]:
    for pair in comparison.pairs:
        made = pair.accuracy.paired if pair.accuracy else None
        if made and made.top1.discordant:
            yield f"### {made.top1.discordant} of {made.samples} photos of {escape(cell_of(pair))} are right in one run alone"
            yield ""
            rows = [[escape(one.name), str(one.label), said(one.a), said(one.b)] for one in made.flipped]
            yield from table(("photo", "label", "A says", "B says"), rows, left=1)
            yield ""


def _throughput(comparison: Comparison) -> Iterator[str]:
    yield "## Throughput and latency"
    yield ""
    yield "Images per second; compute, device and pipeline per chip, job over all devices. Latency in ms per batch."
    yield ""
    heads = ("run", "verdict", "figure", "A", "B", "B/A", "95 % CI", "noise %")
    rows = []
    for pair in comparison.pairs:
        speed, cell = pair.speed, escape(cell_of(pair))
        for at, rate in enumerate(speed.rates):
            told = ("" if at else str(speed.outcome), "" if at else interval_text(speed) or DASH)
            noise = "" if at else number(100 * speed.noise.value, 1)
            figures = (number(rate.a, 2), number(rate.b, 2), number(rate.ratio, 3))
            scope = rate.scope + escape(f" {VIRTUAL}") * virtual(pair, rate.scope)
            rows.append([cell, told[0], scope, *figures, told[1], noise])
        for one in speed.percentiles:
            ratio = None if one.change is None else 1.0 + one.change
            rows.append([cell, "", one.name, number(one.a, 3), number(one.b, 3), number(ratio, 3), "", ""])
    yield from table(heads, rows)
    yield ""
    if any(virtual(pair, "job") for pair in comparison.pairs):
        yield f"- {escape(VIRTUAL)} {VIRTUAL_TEXT}"
    yield from (f"- {escape(text)}" for text in noise_texts(comparison.pairs))


def _changes(comparison: Comparison) -> Iterator[str]:
    yield "## What changed"
    yield ""
    rows = [
        [escape(one.what), escape(one.a), escape(one.b), escape(", ".join(one.cells) or "all")]
        for one in changed(comparison)
    ]
    yield from table(("what", "A", "B", "runs"), rows, left=4)
    yield ""
    yield f"- the same: {escape(', '.join(unchanged(comparison)) or DASH)}"
    yield f"- not known: {escape(', '.join(unknown(comparison)) or DASH)}"
