"""Whether a chip sees what the cpu sees, photo by photo: the same accuracy may hide different answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import Labels, Merged
from dinoq.jobs.result import NOT_EVALUATED, UNRANKED
from dinoq.jobs.spec import RunSpec

REFERENCE = "cpu"
APART = "not compared with the cpu photo by photo: its job lists the photos in another order, or under other names"


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


def agreements(
    runs: Sequence[RunSpec], merged: Mapping[int, Merged], manifests: Mapping[int, Manifest]
) -> dict[int, Agreement]:
    """By run number, for every run that is not on the cpu: held against the cpu run of its batch size, else against
    the first that is complete. `manifests` are those of the runs' jobs: a place is the same photo within one alone."""
    references = _references(runs, merged)
    top1 = {run.run_no: merged[run.run_no].predictions().classes[:, 0] for run in references}
    found = {}
    for run in _evaluated(runs):
        there = _reference(run, _listed_alike(run, references, manifests), merged)
        if there is not None:
            here = merged[run.run_no].predictions().classes[:, 0]
            labels = manifests[run.run_no].label_array
            found[run.run_no] = _compare(there, here, top1[there.run_no], labels)
    return {no: one for no, one in found.items() if one.samples}


def apart(
    runs: Sequence[RunSpec], merged: Mapping[int, Merged], manifests: Mapping[int, Manifest]
) -> dict[int, tuple[str, ...]]:
    """By run number, why runs are not held against the cpu's where only jobs that list the photos otherwise have any."""
    references = _references(runs, merged)
    return {
        run.run_no: (APART,)
        for run in _evaluated(runs)
        if _reference(run, references, merged)
        and not _reference(run, _listed_alike(run, references, manifests), merged)
    }


def _evaluated(runs: Iterable[RunSpec]) -> list[RunSpec]:
    """Those that have something to be held against the cpu."""
    return [run for run in runs if run.mode != "pure" and run.chip != REFERENCE]


def _references(runs: Iterable[RunSpec], merged: Mapping[int, Merged]) -> list[RunSpec]:
    return [run for run in runs if run.mode != "pure" and run.chip == REFERENCE and merged[run.run_no].coverage.counted]


def _listed_alike(run: RunSpec, references: Iterable[RunSpec], manifests: Mapping[int, Manifest]) -> list[RunSpec]:
    return [one for one in references if manifests[one.run_no] == manifests[run.run_no]]


def _reference(run: RunSpec, references: Sequence[RunSpec], merged: Mapping[int, Merged]) -> RunSpec | None:
    same = (one for one in references if one.batch == run.batch)
    complete = (one for one in references if merged[one.run_no].coverage.complete)
    return next(same, None) or next(complete, None)


def _compare(run: RunSpec, here: NDArray[np.int16], there: NDArray[np.int16], labels: Labels) -> Agreement:
    """`here` and `there` are Top-1 classes [samples], -1 where nothing was evaluated; `run` is the one there. A sample
    that was not ranked agrees with nothing, not even with another such."""
    both = (here != NOT_EVALUATED) & (there != NOT_EVALUATED)
    right_here, right_there = here == labels, there == labels
    return Agreement(
        chip=run.chip,
        batch=run.batch,
        samples=int(both.sum()),
        same_top1=int((both & (here == there) & (here != UNRANKED)).sum()),
        only_here_right=int((both & right_here & ~right_there).sum()),
        only_there_right=int((both & ~right_here & right_there).sum()),
    )
