"""Two chips over the same photos, and floors of throughput, in words: what decides, with the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.words import agreement_text, clip, run_label
from dinoq.jobs.paired import p_text
from dinoq.jobs.pairs import Flip, Flips, Pair
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.verdicts import Status

NAMED = 3
"""So many flipped photos of a pair are named in a terminal."""


def pair_texts(report: Report) -> list[str]:
    """`310P3 bs16 against T4 bs16: 49959 of 50000 top-1 classes are the same, ..., no worse than 0.06 pp`, for each pair."""
    runs = {run.run_no: run for run in report.runs}
    return [_pair_text(pair, runs[pair.run_no], runs[pair.against_no]) for pair in report.pairs]


def _pair_text(pair: Pair, here: RunReport, there: RunReport) -> str:
    both, worst = f"{run_label(here)} against {run_label(there)}", f"no worse than {_worst(pair)}"
    if pair.same_top1 == pair.samples and not pair.flips:
        return f"{both}: all {pair.samples} top-1 classes are the same; {worst}{_judged(pair, here, there)}"
    same = f"{pair.same_top1} of {pair.samples} top-1 classes are the same"
    low, high = pair.top1.interval
    shift = f"{100 * pair.top1.difference:+.2f} pp ({100 * low:+.2f} to {100 * high:+.2f})"
    return f"{both}: {same}, {_right(pair)}; {shift}, {worst}{_judged(pair, here, there)}"


def _right(pair: Pair) -> str:
    if not pair.flips:
        return "none is right in one alone"
    return f"{pair.top1.only_b} right here only, {pair.top1.only_a} there only, p = {p_text(pair.top1.p)}"


def _worst(pair: Pair) -> str:
    return f"{100 * max(0.0, -pair.top1.worst):.2f} pp"


def _judged(pair: Pair, here: RunReport, there: RunReport) -> str:
    """What is not simply well."""
    if pair.no_worse is Status.PASS:
        return ""
    if here.simulated or there.simulated:
        return "; a simulator's answers, which pass and fail nothing"
    return f": {pair.no_worse.value}, {100 * pair.margin:g} pp is allowed"


def worse_texts(report: Report) -> list[str]:
    """The pairs of which one chip is worse than the other by more than the margin; no exit code follows from them."""
    runs = {run.run_no: run for run in report.runs}
    return [
        f"{run_label(runs[pair.run_no])} loses {-100 * pair.top1.difference:.2f} pp of Top-1 against"
        f" {run_label(runs[pair.against_no])} on the same {pair.samples} photos, more than the {100 * pair.margin:g} pp"
        " allowed; no exit code follows from it"
        for pair in report.pairs
        if pair.no_worse is Status.FAIL
    ]


def flip_texts(report: Report, most: int = NAMED) -> Iterator[str]:
    """The first photos that one of two chips alone classifies rightly, and how to get the others."""
    runs = {run.run_no: run for run in report.runs}
    for found in report.flips:
        here, there = runs[found.run_no], runs[found.against_no]
        named = [_flip(flip) for flip in found.shown[:most]]
        if left := found.total - len(named):
            named.append(f"and {left} more: {flips_command(found, here, there)}")
        yield f"{run_label(here)}/{run_label(there)}: {', '.join(named)}"


def flips_command(found: Flips, here: RunReport, there: RunReport) -> str:
    """The command that names all flipped samples of a pair, whatever the two are: a chip and the cpu are seldom alike."""
    fair = (here.precision, here.origin, here.pace) == (there.precision, there.origin, there.pace)
    unlike = "" if fair else " --unlike"
    return f"dinoq compare {_cell(here)} {_cell(there)}{unlike} --flips {found.total} --json"


def _flip(flip: Flip) -> str:
    here, there = ("NaN" if one is None else str(one) for one in (flip.here, flip.there))
    return f"{clip(flip.name, 32)} (is {flip.label}; {here}, {there})"


def _cell(run: RunReport) -> str:
    return f"{run.job}/{run.chip}:{run.batch}"


def agreement_texts(report: Report) -> list[str]:
    """How far runs agree with the cpu's, but for those of which a pair says it already."""
    paired = {pair.run_no for pair in report.pairs}
    return [agreement_text(run) for run in report.runs if run.agreement and run.run_no not in paired]
