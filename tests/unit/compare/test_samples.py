"""Which sample of one run is which of the other."""

from dataclasses import replace

import numpy as np

from dinoq.jobs.compare.accuracy import compare_accuracy
from dinoq.jobs.compare.samples import match
from dinoq.jobs.manifest import Manifest
from tests.builders import make_manifest
from tests.comparisons import MANIFEST, make_side

BACKWARDS = Manifest(MANIFEST.names[::-1], MANIFEST.labels[::-1])


def test_the_same_list_is_paired_by_place() -> None:
    places = match(make_side(), make_side()).places
    assert places is not None and (places == np.arange(2048)).all()


def test_another_order_of_the_same_photos_is_paired_by_name() -> None:
    found = match(make_side(), make_side(manifest=BACKWARDS))
    assert found.places is not None and (found.places == np.arange(2048)[::-1]).all()
    assert found.how == "listed in another order; paired by name"


def test_answers_follow_their_photos_into_another_order() -> None:
    there = make_side(manifest=BACKWARDS, wrong=(2047 - 5,))
    made = compare_accuracy(make_side(wrong=(5,)), there, margin=0.01, flips=9)
    assert made and made.paired and made.paired.top1.discordant == 0


def test_other_photos_under_the_same_names_are_refused() -> None:
    why = "other photos under the same names: their fingerprints differ"
    assert match(make_side(), make_side(fingerprint="f2")).why == why
    assert match(make_side(), make_side(manifest=BACKWARDS, fingerprint="f2")).why == why


def test_fingerprints_that_are_not_known_yet_refuse_nothing() -> None:
    assert match(make_side(fingerprint=None), make_side()).places is not None


def test_other_labels_of_the_same_photos_are_told_apart_from_other_photos() -> None:
    relabelled = replace(MANIFEST, labels=(9, *MANIFEST.labels[1:]))
    found = match(make_side(), make_side(manifest=relabelled, fingerprint="f2"))
    assert found.why == "the same photos by name, but 1 of 2048 labels differ"


def test_other_names_and_other_numbers_of_photos_are_refused() -> None:
    renamed = replace(MANIFEST, names=tuple(f"x{name}" for name in MANIFEST.names))
    assert match(make_side(), make_side(manifest=renamed)).why == "the same photos under other names"
    assert match(make_side(), make_side(manifest=renamed, fingerprint="f2")).why == "other photos"
    assert match(make_side(), make_side(manifest=make_manifest(48))).why == "2048 samples against 48"
