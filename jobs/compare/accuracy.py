"""Whether two runs answer the same photos equally well: paired where they can be, told apart from chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dinoq.jobs.answers import Answers
from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.proportions import Difference, difference
from dinoq.jobs.compare.samples import match
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.paired import Paired, p_text
from dinoq.jobs.pairs import flips_of, pair_of
from dinoq.jobs.verdicts import Status

ALPHA = 0.05
"""Top-1 differs where the exact two-sided McNemar test says so at this level: it is then taken for worse, or better, with
an error of half of it."""
ALPHA_TOP5 = 0.01
"""A second look at the same photos is to find no more by chance, so Top-5 must differ more plainly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flipped:
    """A photo that one run classifies rightly and the other does not: its label, and the Top-1 class of each; None where
    an answer with NaN or Inf in it has none."""

    name: str
    label: int
    a: int | None
    b: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedAccuracy:
    """Two runs over the `samples` that both evaluated. `margin`, a fraction, is what `no_worse` is judged by: UNDECIDED where
    one is a simulator's, which passes and fails nothing. `flipped`
    are the first of `top1.discordant` photos, in the first run's order. `how` they were paired, where that needs a word."""

    samples: int
    same_top1: int
    top1: Paired
    top5: Paired
    margin: float
    no_worse: Status
    flipped: tuple[Flipped, ...]
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Two runs whose samples cannot be paired, and why; differences None where one side counted no answer."""

    why: str
    top1: Difference | None
    top5: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyCompared:
    """What became of the accuracy, in one word, the reason for it, and the numbers behind: exactly one of the two."""

    outcome: Outcome
    why: str
    paired: PairedAccuracy | None = None
    unpaired: Unpaired | None = None


def compare_accuracy(a: Side, b: Side, *, margin: float, flips: int, of: int = 1) -> AccuracyCompared | None:
    """None where neither run is about accuracy (random data). At most `flips` flipped photos are listed. `of` so many
    pairs of a comparison each may err only so much less often, so that all of them together keep to the levels below
    (Bonferroni).

    REGRESSION: Top-1 is worse with p < 0.05, or Top-5 with p < 0.01 (exact McNemar). IMPROVED: one is better, none worse.
    NO CHANGE: the 95 % intervals of both differences lie within `margin` on either side. UNDECIDED: none of these, or the
    samples cannot be paired, or one run lacks some that the other evaluated: other photos may be the reason.
    """
    if not (a.run.coverage.expected or b.run.coverage.expected):
        return None
    if not (a.answered or b.answered):
        return _unpaired(a, b, "neither has an answer to any photo")
    if not (a.answered and b.answered):
        side = b if a.answered else a
        return _unpaired(a, b, f"{side.name} has no answer to any photo")
    matching = match(a, b)
    if matching.places is None:
        return _unpaired(a, b, matching.why)
    here, there = a.answers, b.answers.at(matching.places, a.manifest)
    made = _paired(here, there, matching.how, margin, flips, simulated=bool(a.run.simulated or b.run.simulated))
    if made is None:
        return _unpaired(a, b, "no photo was evaluated by both")
    outcome, why = _judged(made, of)
    if outcome in (Outcome.NO_CHANGE, Outcome.IMPROVED) and not np.array_equal(here.evaluated, there.evaluated):
        outcome, why = Outcome.UNDECIDED, f"{why}; but not every photo was evaluated by both"
    return AccuracyCompared(outcome=outcome, why=why, paired=made)


def _unpaired(a: Side, b: Side, why: str) -> AccuracyCompared:
    one, other = a.run, b.run
    top1 = difference(one.top1, other.top1) if one.top1 and other.top1 else None
    top5 = difference(one.top5, other.top5) if one.top5 and other.top5 else None
    said = f"not paired: {why}"
    return AccuracyCompared(outcome=Outcome.UNDECIDED, why=said, unpaired=Unpaired(why=why, top1=top1, top5=top5))


def _paired(a: Answers, b: Answers, how: str, margin: float, flips: int, *, simulated: bool) -> PairedAccuracy | None:
    """Of answers in the same order; None where no sample was evaluated by both."""
    pair = pair_of(b, a, margin=margin, simulated=simulated)
    if pair is None:
        return None
    return PairedAccuracy(
        samples=pair.samples,
        same_top1=pair.same_top1,
        top1=pair.top1,
        top5=pair.top5,
        margin=margin,
        no_worse=pair.no_worse,
        flipped=tuple(
            Flipped(name=one.name, label=one.label, a=one.there, b=one.here) for one in flips_of(b, a, flips).shown
        ),
        how=how,
    )


def _judged(made: PairedAccuracy, of: int) -> tuple[Outcome, str]:
    ranks = (("top-1", made.top1, ALPHA / of), ("top-5", made.top5, ALPHA_TOP5 / of))
    found = [(pair.difference, _told(name, pair)) for name, pair, alpha in ranks if pair.p < alpha and pair.difference]
    if worse := [told for difference, told in found if difference < 0]:
        return Outcome.REGRESSION, "; ".join(worse)
    if found:
        return Outcome.IMPROVED, "; ".join(told for _, told in found)
    if made.same_top1 == made.samples and not made.top5.discordant:
        return Outcome.NO_CHANGE, "every answer is the same"
    if all(_within(pair, made.margin) for _, pair, _ in ranks):
        return Outcome.NO_CHANGE, _told("top-1", made.top1)
    open_ = next((name, pair) for name, pair, _ in ranks if not _within(pair, made.margin))
    return Outcome.UNDECIDED, f"{_told(*open_)}; {made.samples} photos cannot rule out {100 * made.margin:g} pp"


def _within(pair: Paired, margin: float) -> bool:
    low, high = pair.interval
    return -margin < low and high < margin


def _told(name: str, pair: Paired) -> str:
    return f"{name} {100 * pair.difference:+.2f} pp, p = {p_text(pair.p)}"
