"""A comparison for a terminal: the verdict, what it stands on, what changed. 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.comparison import (
    VIRTUAL_TEXT,
    Rank,
    accuracy_texts,
    cell_of,
    changed,
    headline,
    interval_text,
    left_out,
    noise_texts,
    ranked,
    said,
    short,
    simulated_text,
    unchanged,
    unknown,
    unlike_text,
    virtual,
)
from dinoq.cli.render.layout import LONGEST, VIRTUAL, WIDTH, item
from dinoq.cli.render.words import DASH, clip, columns, number, percent, wrapped
from dinoq.jobs.compare.accuracy import AccuracyCompared, Flipped
from dinoq.jobs.compare.comparison import Compared, Comparison
from dinoq.jobs.compare.sides import Side

TOLD = 6
"""So many verdicts are told at the top; each stands in its table too."""
HEAD = 20
INDENT = "    "


def render(comparison: Comparison) -> str:
    """The comparison as plain text, no line wider than 80 columns."""
    blocks = [_top(comparison), _sides(comparison), _changes(comparison), _accuracy(comparison)]
    blocks += [_flipped(comparison), _throughput(comparison), _trace(comparison)]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _top(comparison: Comparison) -> Iterator[str]:
    lines = headline(comparison)
    room = max(len(line.outcome.value) for line in lines)
    for line in lines[:TOLD]:
        yield from _told(f"{line.outcome.value:<{room}}  ", line.text)
    if len(lines) > TOLD:
        yield f"{'':<{room}}  and {len(lines) - TOLD} more, in the tables below"
    texts = [("INCOMPLETE", text) for text in comparison.gaps]
    texts += [("UNLIKE", unlike_text(comparison)), ("SIMULATED", simulated_text(comparison))]
    texts += [("NOT COMPARED", text) for text in left_out(comparison)]
    for word, text in texts:
        if text:
            yield from _told(f"{word:<{room}}  ", text)


def _told(head: str, text: str) -> list[str]:
    return wrapped(head, clip(short(text), LONGEST), WIDTH)


def _sides(comparison: Comparison) -> Iterator[str]:
    pair = comparison.pairs[0]
    yield _side("A", pair.a, comparison)
    yield _side("B", pair.b, comparison)


def _side(letter: str, side: Side, comparison: Comparison) -> str:
    alone = len(comparison.pairs) == 1
    right = f"{side.report.created_at:%Y-%m-%d %H:%M} UTC  {clip(side.report.owner, 20)}"
    name = f"{letter}  {side.name if alone else f'job {side.job}'}  {side.report.name}"
    left = clip(name, WIDTH - columns(right) - 2)
    return left + " " * (WIDTH - columns(left) - columns(right)) + right


def _accuracy(comparison: Comparison) -> Iterator[str]:
    judged = [(pair, pair.accuracy) for pair in comparison.pairs if pair.accuracy]
    if not judged:
        return
    yield f"{'Accuracy, %':<{HEAD}}{'A':>7}{'B':>8}{'B-A pp':>8}{'95 % CI':>17}{'p':>8}  verdict"
    for pair, accuracy in judged:
        yield (_row(_cell(pair), pair, accuracy, "top-1") + f"  {accuracy.outcome}").rstrip()
        yield _row(f"{INDENT}top-5", pair, accuracy, "top-5").rstrip()
    yield from (line for text in accuracy_texts(comparison) for line in item("", text))


def _cell(pair: Compared) -> str:
    return f"  {clip(cell_of(pair), HEAD - 3)}"


def _row(head: str, pair: Compared, accuracy: AccuracyCompared, rank: Rank) -> str:
    one = ranked(pair, accuracy, rank)
    shares = f"{head:<{HEAD}}{percent(one.a):>7}{percent(one.b):>8}"
    if one.difference is None:
        return f"{shares}{DASH:>8}{DASH:>17}{DASH:>8}"
    return f"{shares}{100 * one.difference:>+8.2f}{one.between:>17}{one.p:>8}"


def _flipped(comparison: Comparison) -> Iterator[str]:
    for pair in comparison.pairs:
        made = pair.accuracy.paired if pair.accuracy else None
        if made is None or not made.top1.discordant:
            continue
        yield f"Flipped  {made.top1.discordant} of {made.samples} photos of {cell_of(pair)} are right in one run alone"
        yield from map(_flip, made.flipped)
        if (more := made.top1.discordant - len(made.flipped)) > 0:
            yield f"  and {more} more: --flips {made.top1.discordant}, or --json"


def _flip(one: Flipped) -> str:
    classes = f"label {one.label}, A says {said(one.a)}, B says {said(one.b)}"
    return f"  {clip(one.name, WIDTH - columns(classes) - 4)}  {classes}"


def _throughput(comparison: Comparison) -> Iterator[str]:
    yield f"{'Compute, images/s':<{HEAD}}{'A':>9}{'B':>9}{'B/A':>7}{'95 % CI':>15}{'noise %':>8}  verdict"
    for pair in comparison.pairs:
        speed = pair.speed
        first, *others = speed.rates
        between, noise = interval_text(speed) or DASH, number(100 * speed.noise.value, 1)
        head = _figures(_cell(pair), first.a, first.b, first.ratio, 1)
        yield f"{head}{between:>15}{noise:>8}  {speed.outcome}"
        for rate in others:
            if rate.a is not None or rate.b is not None:
                mark = f" {VIRTUAL}" if virtual(pair, rate.scope) else ""
                yield _figures(f"{INDENT}{rate.scope}{mark}", rate.a, rate.b, rate.ratio, 1)
        for one in speed.percentiles:
            if one.a is not None or one.b is not None:
                ratio = None if one.change is None else 1.0 + one.change
                yield _figures(f"{INDENT}{one.name}, ms", one.a, one.b, ratio, 2)
    if any(virtual(pair, "job") for pair in comparison.pairs):
        yield from item(VIRTUAL, VIRTUAL_TEXT)
    yield from (line for text in noise_texts(comparison.pairs) for line in item("noise", text))


def _figures(head: str, a: float | None, b: float | None, ratio: float | None, digits: int) -> str:
    return f"{head:<{HEAD}}{number(a, digits):>9}{number(b, digits):>9}{number(ratio, 3):>7}"


def _changes(comparison: Comparison) -> Iterator[str]:
    found = changed(comparison)
    yield "Changed, A -> B" if found else "Changed   nothing that is known of both"
    for one in found:
        where = f" ({', '.join(one.cells)})" if one.cells else ""
        yield from wrapped(f"  {one.what:<15} ", short(f"{one.a} -> {one.b}{where}"), WIDTH)
    for head, facts in (("Same", unchanged(comparison)), ("Not known", unknown(comparison))):
        if facts:
            yield from wrapped(f"{head:<10}", ", ".join(facts), WIDTH)


def _trace(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.pairs[0].a, comparison.pairs[0].b
    jobs = dict.fromkeys((a.job, b.job))
    yield from wrapped(f"{'Trace':<10}", " · ".join(f"dinoq report {job}" for job in jobs), WIDTH)
