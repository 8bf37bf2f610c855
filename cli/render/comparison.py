"""A comparison in words that every format shares, and the formats there are."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dinoq.cli.render.words import DASH
from dinoq.jobs.compare.accuracy import AccuracyCompared, PairedAccuracy
from dinoq.jobs.compare.changes import Change
from dinoq.jobs.compare.comparison import Compared, Comparison
from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.compare.speed import FLOOR, SpeedCompared
from dinoq.jobs.measure import Scope
from dinoq.jobs.paired import p_text

Rank = Literal["top-1", "top-5"]
RANKS: tuple[Rank, ...] = ("top-1", "top-5")
FORMATS = {"text": "comparison_text", "md": "comparison_markdown", "json": "comparison_json"}
VIRTUAL_TEXT = "virtual: of a paced simulator's clock and no chip's"
HEX = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
"""A digest: its first twelve digits tell two apart for people."""


def render(comparison: Comparison, format: str) -> str:
    """The comparison in one of FORMATS."""
    text: str = importlib.import_module(f"dinoq.cli.render.{FORMATS[format]}").render(comparison)
    return text


@dataclass(frozen=True, slots=True)
class Line:
    """A verdict, what it is about (runs, and accuracy or throughput), and the reason."""

    outcome: Outcome
    about: str
    why: str

    @property
    def text(self) -> str:
        """`310P3:16 throughput: compute -9.1 %`."""
        return f"{self.about}: {self.why}"


def headline(comparison: Comparison) -> list[Line]:
    """What every pair came to, the worst first; of what is well, one line."""
    lines = sorted(_lines(comparison), key=lambda line: list(Outcome).index(line.outcome))
    telling = [line for line in lines if line.outcome is not Outcome.NO_CHANGE]
    if not telling:
        cells = ", ".join(cell_of(pair) for pair in comparison.pairs)
        return [Line(Outcome.NO_CHANGE, cells, _all_well(comparison))]
    return telling


def _lines(comparison: Comparison) -> Iterator[Line]:
    for pair in comparison.pairs:
        yield Line(pair.speed.outcome, f"{cell_of(pair)} throughput", pair.speed.why)
        if pair.accuracy:
            yield Line(pair.accuracy.outcome, f"{cell_of(pair)} accuracy", pair.accuracy.why)


def _all_well(comparison: Comparison) -> str:
    judged = "neither accuracy nor throughput" if any(pair.accuracy for pair in comparison.pairs) else "no throughput"
    return f"{judged} changed by more than noise"


def cell_of(pair: Compared) -> str:
    """`310P3:16`, or `310P3:16/T4:16` for two that differ."""
    here, there = pair.a.cell, pair.b.cell
    return here if here == there else f"{here}/{there}"


def unlike_text(comparison: Comparison) -> str:
    """What is compared although it is not alike; empty for nothing."""
    texts = dict.fromkeys(f"{cell_of(pair)} {why}" for pair in comparison.pairs for why in pair.unlike)
    return "; ".join(texts)


def simulated_text(comparison: Comparison) -> str:
    """Which figures no card was measured for; empty for none."""
    cells = [cell_of(pair) for pair in comparison.pairs if "simulated" in (pair.a.run.origin, pair.b.run.origin)]
    return f"{', '.join(cells)}: a simulator's figures, no chip's" if cells else ""


def virtual(pair: Compared, scope: Scope) -> bool:
    """Whether a figure of this scope is of a paced simulator's clock on either side."""
    return scope in ("pipeline", "job") and (pair.a.run.virtual or pair.b.run.virtual)


def left_out(comparison: Comparison) -> Iterator[str]:
    """Runs without a partner, and pairs that were not compared."""
    a, b = comparison.pairs[0].a.job, comparison.pairs[0].b.job
    for job, cells, other in ((a, comparison.only_a, b), (b, comparison.only_b, a)):
        if cells:
            yield f"{', '.join(cells)} of job {job}: job {other} has no such run"
    for one in comparison.refused:
        yield f"{one.a} and {one.b} are not alike: {'; '.join(one.why)} (--unlike compares them)"


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that changed alike in these pairs, which are empty where it is all of them."""

    what: str
    a: str
    b: str
    cells: tuple[str, ...]


def changed(comparison: Comparison) -> list[Changed]:
    """What changed, each once."""
    cells_of: dict[tuple[str, str, str], list[str]] = {}
    for pair in comparison.pairs:
        for one in pair.changes:
            if not one.same:
                cells_of.setdefault((one.what, one.a or DASH, one.b or DASH), []).append(cell_of(pair))
    everywhere = len(comparison.pairs)
    return [
        Changed(what, a, b, tuple(cells) if len(cells) < everywhere else ()) for (what, a, b), cells in cells_of.items()
    ]


def unchanged(comparison: Comparison) -> list[str]:
    """What is known of both sides and the same in every pair."""
    return _in_every_pair(comparison, lambda one: one.same and one.a is not None)


def unknown(comparison: Comparison) -> list[str]:
    """What is known of neither side of any pair, and so may have changed."""
    return _in_every_pair(comparison, lambda one: one.a is None and one.b is None)


def _in_every_pair(comparison: Comparison, holds: Callable[[Change], bool]) -> list[str]:
    first, *others = ([one.what for one in pair.changes if holds(one)] for pair in comparison.pairs)
    return [what for what in first if all(what in other for other in others)]


def short(text: str) -> str:
    """The text with its digests cut for people."""
    return HEX.sub(r"\1", text)


def said(top1: int | None) -> str:
    """The class that a run answered with; an answer with NaN or Inf in it is none."""
    return "NaN" if top1 is None else str(top1)


def interval_text(speed: SpeedCompared) -> str:
    """`0.905-0.913`; empty where there is none."""
    return f"{speed.interval.low:.3f}-{speed.interval.high:.3f}" if speed.interval else ""


def noise_texts(pairs: Sequence[Compared]) -> Iterator[str]:
    """Why the noise of these is more than the floor."""
    for pair in pairs:
        if pair.speed.noise.why != FLOOR:
            yield f"{cell_of(pair)}: noise is {100 * pair.speed.noise.value:.1f} %, as {pair.speed.noise.why}"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One rank of one pair as every table shows it: shares as fractions, None where nothing was counted."""

    a: float | None
    b: float | None
    difference: float | None
    between: str = ""
    p: str = DASH


def ranked(pair: Compared, accuracy: AccuracyCompared, rank: Rank) -> Ranked:
    """Shares of the samples that both evaluated where they are paired, else each run's own."""
    if accuracy.paired:
        one = accuracy.paired.top1 if rank == "top-1" else accuracy.paired.top5
        here, there = (one.both + one.only_a) / one.n, (one.both + one.only_b) / one.n
        return Ranked(here, there, one.difference, _between(*one.interval), p_text(one.p))
    a, b = (_share(side, rank) for side in (pair.a, pair.b))
    apart = accuracy.unpaired and (accuracy.unpaired.top1 if rank == "top-1" else accuracy.unpaired.top5)
    return Ranked(a, b, apart.value, _between(apart.low, apart.high)) if apart else Ranked(a, b, None)


def _share(side: Side, rank: Rank) -> float | None:
    score = side.run.top1 if rank == "top-1" else side.run.top5
    return score.accuracy if score else None


def _between(low: float, high: float) -> str:
    return f"{100 * low:+.2f} to {100 * high:+.2f}"


def accuracy_texts(comparison: Comparison) -> list[str]:
    """What stands behind the accuracy of the pairs, those of one text together: `310P3:16, T4:16: ...`."""
    cells_of: dict[str, list[str]] = {}
    for pair in comparison.pairs:
        if pair.accuracy:
            made = pair.accuracy.paired
            cells_of.setdefault(_paired_text(made) if made else pair.accuracy.why, []).append(cell_of(pair))
    return [f"{', '.join(cells)}: {text}" for text, cells in cells_of.items()]


def _paired_text(made: PairedAccuracy) -> str:
    """The 2x2 table of Top-1 in a sentence, how many agree, and the verdict against the margin."""
    if made.same_top1 == made.samples and not made.top5.discordant:
        return "; ".join(filter(None, (f"all {made.samples} answers are the same", made.how)))
    one = made.top1
    table = f"both right {one.both}, A alone {one.only_a}, B alone {one.only_b}, neither {one.neither}"
    same = f"same class for {made.same_top1} of {made.samples}"
    worse = f"at most {-100 * min(one.worst, 0.0):.2f} pp worse ({100 * made.margin:g} pp allowed): {made.no_worse}"
    return "; ".join(filter(None, (table, same, worse, made.how)))
