"""What a rig can tell apart, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from dinoq.cli.render.layout import WIDTH
from dinoq.cli.render.markdown import escape
from dinoq.cli.render.markdown import table as markdown_table
from dinoq.cli.render.words import DASH, number, percent, wrapped
from dinoq.jobs.compare.selftest import Repeated, SelfTest


def render(made: SelfTest, format: str) -> str:
    """The self-test as text, Markdown or JSON."""
    ways: dict[str, Callable[[SelfTest], str]] = {"text": _text, "md": _markdown, "json": _json}
    return ways[format](made)


def _text(made: SelfTest) -> str:
    return "\n".join([*_headline(made), "", *_table(made), "", *_notes(made)])


def _headline(made: SelfTest) -> Iterator[str]:
    for one in made.runs:
        yield from wrapped(f"{one.cell:<11} ", sentence(one), WIDTH)
    if made.simulated:
        yield from wrapped("SIMULATED   ", "what simulated devices tell apart says nothing of a card", WIDTH)
    for gap in made.gaps:
        yield from wrapped("INCOMPLETE  ", gap, WIDTH)


def sentence(one: Repeated) -> str:
    """What can be told apart on this run, in words."""
    return f"{_speed(one)}; {_accuracy(one)}"


def _speed(one: Repeated) -> str:
    if one.smallest_speed is None:
        return "no change of throughput can be told: it was not measured in every repeat"
    flagged = f", yet {one.flagged} of {one.compared} comparisons flagged one" if one.flagged else ""
    return f"throughput: {percent(one.smallest_speed, 1)} % and more can be told ({one.limited_by}){flagged}"


def _accuracy(one: Repeated) -> str:
    if one.smallest_accuracy is None:
        return "no accuracy"
    share = percent(one.smallest_accuracy / one.samples, 3)
    same = "identical answers" if not one.changed else f"{one.changed} of {one.samples} answers differ between repeats"
    return f"accuracy: {same}, {one.smallest_accuracy} photos ({share} pp) lost can be told"


def _table(made: SelfTest) -> Iterator[str]:
    yield f"{'Repeats':<12}{'spread %':>9}{'within %':>9}{'noise %':>9}  compute, images/s"
    for one in made.runs:
        shares = "".join(f"{percent(share, 1):>9}" for share in (one.spread, one.half_width, one.noise.value))
        rates = "  ".join(number(rate, 1) for rate in one.images_per_s)
        first, *more = wrapped("", rates, WIDTH - 41)
        yield f"{one.cell:<12}{shares}  {first}"
        yield from (f"{'':<41}{line.strip()}" for line in more)


def _notes(made: SelfTest) -> Iterator[str]:
    first, last = made.jobs[0], made.jobs[-1]
    yield from wrapped("Jobs      ", f"{', '.join(map(str, made.jobs))}, each a selftest of {made.of}", WIDTH)
    yield from wrapped("Trace     ", f"dinoq compare {first} {last} · dinoq report {last}", WIDTH)


def _markdown(made: SelfTest) -> str:
    rows = [
        [
            escape(one.cell),
            *(percent(share, 2) for share in (one.smallest_speed, one.spread, one.half_width, one.noise.value)),
            str(one.smallest_accuracy) if one.smallest_accuracy is not None else DASH,
            ", ".join(number(rate, 1) for rate in one.images_per_s),
        ]
        for one in made.runs
    ]
    heads = ("run", "smallest change %", "spread %", "within a run %", "noise %", "photos", "images/s")
    lines = [f"# What this rig can tell apart: job {made.of}, {len(made.jobs)} times", ""]
    lines += [f"- {escape(text)}" for text in _headline(made)]
    return "\n".join([*lines, "", *markdown_table(heads, rows, left=1)])


def _json(made: SelfTest) -> str:
    runs = [
        asdict(one)
        | {
            "smallest_speed": one.smallest_speed,
            "limited_by": one.limited_by or None,
            "smallest_accuracy": one.smallest_accuracy,
        }
        for one in made.runs
    ]
    told = {"version": 1, "selftest_of": made.of, "jobs": list(made.jobs), "simulated": made.simulated}
    return json.dumps({**told, "runs": runs, "incomplete": list(made.gaps)}, indent=2, allow_nan=False)
