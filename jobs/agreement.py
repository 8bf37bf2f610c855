"""Whether a chip sees what the cpu sees, photo by photo: the same accuracy may hide different answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.merge import Labels, Merged
from dinoq.jobs.spec import RunSpec

REFERENCE = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One run beside a cpu run of its job, over the `samples` that both evaluated: how many have the same Top-1 class,
    how many are right in one of the two alone."""

    chip: str
    batch: int
    samples: int
    same_top1: int
    only_here_right: int
    only_there_right: int

    @property
    def share(self) -> float:
        """Of the samples that both evaluated, the fraction with the same Top-1 class."""
        return self.same_top1 / self.samples


def agreements(runs: Sequence[RunSpec], merged: Mapping[int, Merged], labels: Labels) -> dict[int, Agreement]:
    """By run number, for every run that is not on the cpu: held against the cpu run of its batch size, else against
    the first that is complete. `labels` int32 [samples] are the manifest's."""
    evaluated = [run for run in runs if run.mode != "pure"]
    references = [run for run in evaluated if run.chip == REFERENCE and merged[run.run_no].coverage.counted]
    top1 = {run.run_no: merged[run.run_no].predictions().classes[:, 0] for run in references}
    found = {}
    for run in evaluated:
        there = None if run.chip == REFERENCE else _reference(run, references, merged)
        if there is not None:
            here = merged[run.run_no].predictions().classes[:, 0]
            found[run.run_no] = _compare(there, here, top1[there.run_no], labels)
    return {no: one for no, one in found.items() if one.samples}


def _reference(run: RunSpec, references: Sequence[RunSpec], merged: Mapping[int, Merged]) -> RunSpec | None:
    same = (one for one in references if one.batch == run.batch)
    complete = (one for one in references if merged[one.run_no].coverage.complete)
    return next(same, None) or next(complete, None)


def _compare(run: RunSpec, here: NDArray[np.int16], there: NDArray[np.int16], labels: Labels) -> Agreement:
    """`here` and `there` are Top-1 classes [samples], -1 where nothing was evaluated; `run` is the one there."""
    both = (here >= 0) & (there >= 0)
    right_here, right_there = here == labels, there == labels
    return Agreement(
        chip=run.chip,
        batch=run.batch,
        samples=int(both.sum()),
        same_top1=int((both & (here == there)).sum()),
        only_here_right=int((both & right_here & ~right_there).sum()),
        only_there_right=int((both & ~right_here & right_there).sum()),
    )
