"""The figures of a report side by side: what of a run only the other runs tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dinoq.jobs.spec import Mode, ModelRef
from dinoq.jobs.verdicts import Cell, Status, Verdict, plausibility_verdicts

if TYPE_CHECKING:
    from dinoq.jobs.run_report import RunReport


def side_by_side(runs: Sequence[RunReport], model: ModelRef) -> tuple[tuple[RunReport, ...], list[Cell]]:
    """The runs, judged beside each other, and their figures that may be ranked and divided: plausible, and no two of the
    same chip, batch, precision, origin, clock and mode."""
    judged = _judged(runs, model)
    sound = [cell for run, cell in zip(judged, _cells(judged, model), strict=True) if cell and not implausible(run)]
    return _with_repeats(judged, sound), last_of(sound)


def last_of(cells: Iterable[Cell]) -> list[Cell]:
    """Of cells that several jobs measured, those of the job that was named last."""
    return sorted({_identity(cell): cell for cell in cells}.values(), key=lambda cell: cell.run_no)


def _identity(cell: Cell) -> tuple[object, ...]:
    return cell.chip, cell.batch, cell.precision, cell.origin, cell.pace, cell.mode


def _cells(runs: Sequence[RunReport], model: ModelRef) -> list[Cell | None]:
    return [cell_of(run, model.gflop) for run in runs]


def cell_of(run: RunReport, gflop: float | None) -> Cell | None:
    """The compute figure of a run as rankings take it; None where there is none. `gflop` is of one image."""
    if run.card is None:
        return None
    return Cell(
        run_no=run.run_no,
        chip=run.chip,
        batch=run.batch,
        precision=run.precision,
        origin=run.origin,
        images_per_s=run.measured.throughput.compute or 0.0,
        gflop=gflop,
        pace=run.pace,
        card=run.card,
        mode=measured_on(run),
        p99_ms=run.measured.latency.p99,
        draws=run.measured.draws,
    )


def measured_on(run: RunReport) -> Mode:
    """What a figure was measured on; of an imported one, as its tool told."""
    told = run.told.facts["data"] if run.told else ""
    on: dict[str, Mode] = {"dataset": "dataset", "random": "pure"}
    return on.get(told, run.mode)


def _judged(runs: Sequence[RunReport], model: ModelRef) -> tuple[RunReport, ...]:
    """With the verdicts that need the other runs. What was measured again is judged beside its own job's runs."""
    cells = _cells(runs, model)
    jobs = dict.fromkeys(run.job for run in runs)
    of_job = [[cell for cell, run in zip(cells, runs, strict=True) if cell and run.job == job] for job in jobs]
    found: dict[int, Verdict] = {}
    for row in (*of_job, last_of(filter(None, cells))):
        found |= plausibility_verdicts(row)
    return tuple(
        replace(run, verdicts=(*run.verdicts, found[run.run_no])) if run.run_no in found else run for run in runs
    )


def _with_repeats(runs: Sequence[RunReport], cells: Sequence[Cell]) -> tuple[RunReport, ...]:
    """Whose figure gave way to a later job's says so."""
    last = {_identity(cell): cell.run_no for cell in cells}
    later = {cell.run_no: runs[last[_identity(cell)] - 1] for cell in cells if last[_identity(cell)] != cell.run_no}
    told = {no: (f"job {by.job} measured it again; best and ratios are of that",) for no, by in later.items()}
    return tuple(replace(run, notes=run.notes + told.get(run.run_no, ())) for run in runs)


def implausible(run: RunReport) -> bool:
    """Whether its figure cannot be."""
    return any(verdict.status is Status.IMPLAUSIBLE for verdict in run.verdicts)
