"""What of a report is drawn as one line over the batch sizes: one chip at one precision, of one origin, clock and job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import measured_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Runs that one line joins, by batch; `no` counts the lines from 0, and gives each its look in every plot."""

    no: int
    label: str
    runs: tuple[RunReport, ...]


def lines_of(report: Report) -> tuple[Line, ...]:
    """In the order of the runs. The label says no more than tells the lines apart: `T4`, or `T4 fp32` beside `T4 fp16`."""
    found: defaultdict[tuple[str, ...], list[RunReport]] = defaultdict(list)
    for run in report.runs:
        found[_identity(run)].append(run)
    return tuple(
        Line(no=no, label=_label(identity, found), runs=tuple(sorted(runs, key=lambda run: run.batch)))
        for no, (identity, runs) in enumerate(found.items())
    )


def _label(identity: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> str:
    chip, *words = identity
    alike = [other for other in others if other[0] == chip]
    telling = [word for at, word in enumerate(words, start=1) if word and len({other[at] for other in alike}) > 1]
    return " ".join([chip, *telling])


def line_numbers(lines: Sequence[Line]) -> dict[int, int]:
    """By run number, which line it is on."""
    return {run.run_no: line.no for line in lines for run in line.runs}


def _identity(run: RunReport) -> tuple[str, ...]:
    origin = "simulated" if run.simulated else ""
    imported = "imported" if run.told else ""
    random = "pure" if measured_on(run) == "pure" else ""
    return run.chip, run.precision, random, origin, imported, run.pace, f"job {run.job}"
