"""Merging what the parts of a run yielded: in any order, however they were cut, each sample once, gaps known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import FencedRecord, RunRecord
from dinoq.jobs.result import NOT_EVALUATED, TOP, Predictions, ShardResult, hits
from dinoq.jobs.spec import RunSpec

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Span:
    """Samples [first, first + count) of the manifest."""

    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The proof that each sample counts once: counted + unreadable + missing = expected.

    `expected` are the samples of the manifest, `counted` those evaluated; `duplicates` are evaluations beside the
    one that counts, `conflicts` those among them that answered otherwise (a device that is not deterministic).
    `missing` are the gaps between the results, in order.
    """

    expected: int
    counted: int
    unreadable: int
    duplicates: int = 0
    conflicts: int = 0
    missing: tuple[Span, ...] = ()

    @property
    def n_missing(self) -> int:
        """How many samples no result covers."""
        return sum(span.count for span in self.missing)

    @property
    def complete(self) -> bool:
        """Every sample of the dataset was evaluated."""
        return self.counted == self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One run, merged. `top1` and `top5` count right answers, `nonfinite` the samples that were answered with a NaN or an
    Inf; `results` tile what is covered, in manifest order."""

    coverage: Coverage
    top1: int
    top5: int
    results: tuple[ShardResult, ...]
    nonfinite: int = 0

    def predictions(self) -> Predictions:
        """Of every sample of the manifest [expected, 5], class -1 where there is none."""
        n = self.coverage.expected
        classes, scores = np.full((n, TOP), NOT_EVALUATED, np.int16), np.full((n, TOP), -np.inf, np.float16)
        for result in self.results:
            part, at = Predictions.from_blob(result.predictions), slice(result.first, _end(result))
            classes[at], scores[at] = part.classes, part.scores
        return Predictions(classes, scores)


def merge(results: Iterable[ShardResult], labels: Labels, fenced: Iterable[FencedRecord] = ()) -> Merged:
    """What a run found, from the results of its parts and its fenced attempts.

    The order of the results does not matter, nor how the samples were cut into them, nor whether some come twice: a
    sample that several results cover counts once, and its other evaluations are duplicates. Of two that answer the
    same range differently the one with fewer right answers counts, so that no failure improves a score. `labels`
    int32 [samples] are the manifest's.

    Without labels nothing is evaluated (a run on random data): the results carry times alone, and all of them stay.

    Raises: ValueError for a result that lies outside the manifest or does not add up.
    """
    ordered = sorted(results, key=_order)
    for result in ordered:
        _check(result, len(labels))
    kept, repeats, contrary = _tile(ordered, labels)
    late, against = _fenced(ordered, fenced)
    coverage = Coverage(
        expected=len(labels),
        counted=sum(result.n for result in kept),
        unreadable=sum(result.unreadable for result in kept),
        duplicates=repeats + late,
        conflicts=contrary + against,
        missing=_gaps(kept, len(labels)),
    )
    top1, top5 = sum(result.top1 for result in kept), sum(result.top5 for result in kept)
    nonfinite = sum(result.nonfinite for result in kept)
    return Merged(coverage=coverage, top1=top1, top5=top5, results=tuple(kept), nonfinite=nonfinite)


def merge_run(asked: RunSpec, run: RunRecord, manifest: Manifest) -> Merged:
    """What a run of a job with this manifest found. Random data, and figures that were imported without any answer, are
    held against no label."""
    labels = manifest.label_array
    unanswered = asked.mode == "pure" or (run.told and not run.results)
    return merge(run.results, labels[:0] if unanswered else labels, run.fenced)


def _order(result: ShardResult) -> tuple[object, ...]:
    """Longest first among those that begin alike; then the fewest right answers; then by all else, so that results
    that differ at all are in the same order however they came."""
    rest = (result.n, result.nonfinite, result.predictions, result.device, result.times, result.no)
    return result.first, -result.count, result.top1, result.top5, *rest, result.overlap, result.logits


def _end(result: ShardResult) -> int:
    return result.first + result.count


def _check(result: ShardResult, expected: int) -> None:
    inside = result.first >= 0 and (result.count > 0 or not expected) and _end(result) <= expected
    adds_up = result.n >= 0 <= result.unreadable and result.n + result.unreadable == result.count
    whole = len(result.predictions) == result.count * TOP * 4
    if not (
        inside and adds_up and whole and 0 <= result.top1 <= result.top5 <= result.n - result.nonfinite <= result.n
    ):
        raise ValueError(
            f"part {result.no} of run {result.run_no} does not add up: samples {result.first} to {_end(result)} of "
            f"{expected}, {result.n} evaluated, {result.unreadable} unreadable, {result.top1} and {result.top5} right, "
            f"predictions of {len(result.predictions)} bytes"
        )


def _tile(ordered: Sequence[ShardResult], labels: Labels) -> tuple[list[ShardResult], int, int]:
    """Results without overlap that cover what all of them cover; how many overlapped, and how many of those conflict."""
    kept: list[ShardResult] = []
    end = repeats = conflicts = 0
    for result in ordered:
        shared = min(end, _end(result)) - result.first
        if shared > 0:
            repeats += 1
            conflicts += not np.array_equal(
                _classes(kept, result.first, shared), _classes([result], result.first, shared)
            )
        if _end(result) > end or not result.count:
            kept.append(_without_head(result, shared, labels) if shared > 0 else result)
            end = _end(result)
    return kept, repeats, conflicts


def _classes(results: Sequence[ShardResult], first: int, count: int) -> NDArray[np.int16]:
    """The classes that results without a gap between them predicted for [first, first + count)."""
    touching = [result for result in results if result.first < first + count and first < _end(result)]
    joined = np.concatenate([Predictions.from_blob(result.predictions).classes for result in touching])
    return joined[first - touching[0].first :][:count]


def _without_head(result: ShardResult, skip: int, labels: Labels) -> ShardResult:
    """The result without its first samples, counted anew: counters cannot be cut."""
    whole = Predictions.from_blob(result.predictions)
    rest = Predictions(whole.classes[skip:], whole.scores[skip:])
    first, n = result.first + skip, int(rest.evaluated.sum())
    top1, top5 = hits(rest, labels[first : _end(result)])
    count = result.count - skip
    cut = replace(result, first=first, count=count, n=n, unreadable=count - n, top1=top1, top5=top5)
    cut = replace(cut, predictions=rest.to_blob(), nonfinite=rest.nonfinite)
    return replace(cut, logits="")  # those that were kept are of the whole part


def _fenced(results: Sequence[ShardResult], fenced: Iterable[FencedRecord]) -> tuple[int, int]:
    """How many fenced attempts carried predictions, and how many of those differ from what was stored."""
    late = [attempt for attempt in fenced if attempt.digest]
    stored = {result.no: result for result in reversed(results)} if late else {}
    differ = [
        attempt.no in stored and Predictions.from_blob(stored[attempt.no].predictions).digest() != attempt.digest
        for attempt in late
    ]
    return len(late), sum(differ)


def _gaps(kept: Sequence[ShardResult], expected: int) -> tuple[Span, ...]:
    ends = [0, *map(_end, kept)]
    firsts = [*(result.first for result in kept), expected]
    return tuple(Span(end, first - end) for end, first in zip(ends, firsts, strict=True) if first > end)
