"""Which sample of one run is which of the other: paired statistics are of the same photos with the same labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.compare.sides import Side
from dinoq.jobs.manifest import Manifest

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Matching:
    """`places` [samples] says where each sample of the first run stands in the second; None with the reason why nobody
    can say, or why that would not be enough. `how` is told where they are listed in another order."""

    places: Places | None
    why: str = ""
    how: str = ""


def match(a: Side, b: Side) -> Matching:
    """By place where the lists are the same, by name where they are in another order."""
    if why := _other_photos(a, b):
        return Matching(None, why)
    if a.manifest.id == b.manifest.id:
        return Matching(np.arange(len(a.manifest)))
    return _by_name(a.manifest, b.manifest, _fingerprints(a, b))


def _other_photos(a: Side, b: Side) -> str:
    here, there = len(a.manifest), len(b.manifest)
    if here != there:
        return f"{here} samples against {there}"
    if a.manifest.id == b.manifest.id and _fingerprints(a, b) == "different":
        return "other photos under the same names: their fingerprints differ"
    return ""


def _fingerprints(a: Side, b: Side) -> str:
    """`same`, `different`, or `unknown` while one is not all preprocessed."""
    here, there = a.report.fingerprint, b.report.fingerprint
    if here is None or there is None:
        return "unknown"
    return "same" if here == there else "different"


def _by_name(a: Manifest, b: Manifest, fingerprints: str) -> Matching:
    place = {name: at for at, name in enumerate(b.names)}
    places = np.fromiter((place.get(name, -1) for name in a.names), np.intp, len(a.names))
    if len(place) < len(b) or np.unique(places).size < len(places) or (places < 0).any():
        return Matching(None, "the same photos under other names" if fingerprints == "same" else "other photos")
    differing = int((a.label_array != b.label_array[places]).sum())
    if differing:
        return Matching(None, f"the same photos by name, but {differing} of {len(a)} labels differ")
    if fingerprints == "different":
        return Matching(None, "other photos under the same names: their fingerprints differ")
    return Matching(places, how="listed in another order; paired by name")
