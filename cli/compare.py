"""`dinoq compare`: what changed between two jobs or runs, and which differences of their figures are more than noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.options import DeviceList, IntoFleet, Pace, Prep, Simulate
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.jobs.compare.comparison import Limits

REGRESSION = "regression"
SHOWN = {"text": 5, "md": 20, "json": 10_000}
"""How many flipped photos each format lists; their number is always told."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)


def compare(
    which: Annotated[
        list[str], typer.Argument(metavar="A B", help="jobs (42, last) or runs (42/310P3:16, last/cpu:1)")
    ] = [],  # noqa: B006  (typer makes a new one)
    margin: Annotated[float, typer.Option("--margin", help="loss of Top-1 that is allowed, in pp")] = 1.0,
    noise: Annotated[float, typer.Option("--noise", help="least change of speed that is told, in %")] = 2.0,
    flips: Annotated[int | None, typer.Option("--flips", min=0, help="list so many flipped photos")] = None,
    unlike: Annotated[bool, typer.Option("--unlike", help="compare what is not alike too, and say so")] = False,
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="regression: exit 4 where there is one")] = None,
    format: Annotated[str, typer.Option("--format", help="text, md or json")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
    selftest: Annotated[bool, typer.Option("--selftest", help="run a job again: what can be told apart here?")] = False,
    times: Annotated[int | None, typer.Option("--times", min=2, max=100, help="runs of --selftest (3)")] = None,
    device: DeviceList = None,
    prep: Prep = None,
    simulate: Simulate = None,
    pace: Pace = None,
    into_fleet: IntoFleet = False,
) -> int:
    """Two jobs, run by run, or two runs: accuracy photo by photo, throughput against noise, and what changed."""
    format = _format("json" if as_json else format)
    limits = _limits(margin, noise, SHOWN[format] if flips is None else flips, unlike=unlike)
    host = {"device": device, "prep": prep, "simulate": simulate, "pace": pace}
    if selftest:
        _refuse({"--fail-on": fail_on, "--flips": flips, "--unlike": unlike or None}, "dinoq compare --selftest")
        return _selftest(which, settings.load(host), times or 3, limits, format, into_fleet=into_fleet)
    flags = {f"--{name}": text for name, text in host.items()}
    _refuse({"--times": times, **flags, "--simulate-into-fleet": into_fleet or None}, "comparing what was run before")
    if fail_on not in (None, REGRESSION):
        raise UsageError(f"--fail-on {fail_on!r} is not known; there is {REGRESSION}.", hint=f"--fail-on {REGRESSION}")
    return _compare(which, limits, format, fails=fail_on is not None)


def _compare(which: Sequence[str], limits: Limits, format: str, *, fails: bool) -> int:
    from dinoq.cli.compared import comparison_of
    from dinoq.cli.ledger import open_ledger
    from dinoq.cli.render.comparison import render

    if len(which) != 2:
        text = f"dinoq compare takes two jobs or runs, and was given {len(which)}."
        raise UsageError(text, hint="dinoq compare 41 42, or dinoq compare 42/310P3:16 42/T4:16")
    now = settings.load()
    made = comparison_of(open_ledger(now), now, which[0], which[1], limits)
    console.result(render(made, format))
    return made.exit_code if fails else 0


def _selftest(
    which: Sequence[str], now: settings.Settings, times: int, limits: Limits, format: str, *, into_fleet: bool
) -> int:
    from dinoq.cli.machine import check_fleet
    from dinoq.cli.render.comparison_selftest import render
    from dinoq.cli.selftest import self_test

    if len(which) > 1:
        raise UsageError(f"--selftest takes one job, and was given {len(which)}.", hint="dinoq compare --selftest last")
    check_fleet(now, into_fleet=into_fleet)
    made = self_test(now, which[0] if which else "last", times, limits)
    console.result(render(made, format))
    return made.exit_code


def _format(name: str) -> str:
    if name not in SHOWN:
        raise UsageError(f"format {name!r} is none of {', '.join(SHOWN)}.", hint="--format text")
    return name


def _limits(margin: float, noise: float, flips: int, *, unlike: bool) -> Limits:
    from dinoq.jobs.compare.comparison import Limits

    return Limits(margin=_share(margin, "--margin"), noise=_share(noise, "--noise"), flips=flips, unlike=unlike)


def _share(percent: float, flag: str) -> float:
    if not (math.isfinite(percent) and 0.0 <= percent <= 100.0):
        raise UsageError(f"{flag} is {percent:g}; expected a number from 0 to 100.", hint=f"{flag} 1")
    return percent / 100.0


def _refuse(given: Mapping[str, object], what: str) -> None:
    """Raises: UsageError for a flag that is given and has no meaning here."""
    if strange := [flag for flag, value in given.items() if value is not None]:
        raise UsageError(f"{what} has no use for {', '.join(strange)}.", hint="dinoq compare --help")
