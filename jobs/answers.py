"""What a run answered, laid out so that two runs can be held against each other sample by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import Merged
from dinoq.jobs.result import NOT_EVALUATED, UNRANKED
from dinoq.jobs.spec import RunSpec

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of every sample of `manifest`, in its order: the Top-1 class int16 [n], NOT_EVALUATED or UNRANKED where there is
    none, and whether the label is first, and among the first five."""

    run: RunSpec
    manifest: Manifest
    top1: NDArray[np.int16]
    right1: Mask
    right5: Mask

    @property
    def evaluated(self) -> Mask:
        """Which samples were: those answered with a NaN or an Inf too."""
        evaluated: Mask = self.top1 != NOT_EVALUATED
        return evaluated

    @property
    def ranked(self) -> Mask:
        """Which samples have a Top-1 class."""
        ranked: Mask = (self.top1 != NOT_EVALUATED) & (self.top1 != UNRANKED)
        return ranked

    @property
    def complete(self) -> bool:
        """Whether every sample was evaluated."""
        return bool(self.evaluated.all())

    def beside(self, other: Answers) -> bool:
        """Whether a place in one is the same sample in the other: their jobs list the same names and labels alike."""
        return self.manifest is other.manifest or self.manifest == other.manifest

    def at(self, places: NDArray[np.intp], manifest: Manifest) -> Answers:
        """The same in the order of another manifest, of whose samples each stands here at its place."""
        return Answers(self.run, manifest, self.top1[places], self.right1[places], self.right5[places])


def answers_of(
    runs: Sequence[RunSpec], merged: Mapping[int, Merged], manifests: Mapping[int, Manifest]
) -> tuple[Answers, ...]:
    """Of the runs that evaluated any sample, in their order; `manifests` are those of the runs' jobs, by run number."""
    return tuple(
        answers_to(run, found, manifests[run.run_no])
        for run in runs
        if run.mode != "pure" and (found := merged.get(run.run_no)) and found.coverage.counted
    )


def answers_to(run: RunSpec, merged: Merged, manifest: Manifest) -> Answers:
    """Of one run, to the samples of its job."""
    classes = merged.predictions().classes
    right = classes == manifest.label_array[:, None]
    return Answers(run, manifest, top1=classes[:, 0].copy(), right1=right[:, 0].copy(), right5=right.any(axis=1))
