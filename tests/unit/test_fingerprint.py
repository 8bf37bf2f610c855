"""What makes two datasets the same."""

from __future__ import annotations

import hashlib

import pytest

from dinoq.jobs.fingerprint import fingerprint

A, B, C = (hashlib.sha256(name.encode()).digest() for name in "abc")


def test_the_order_of_the_photos_does_not_matter() -> None:
    assert fingerprint(A + B + C, (1, 2, 3)) == fingerprint(C + A + B, (3, 1, 2))


@pytest.mark.parametrize(
    ("photos", "labels"),
    [
        (A + B, (2, 1)),
        (A + C, (1, 2)),
        (A, (1,)),
        (A + B + B, (1, 2, 2)),
        (A + bytes(32), (1, 2)),
        (A + B, (1, 258)),
    ],
)
def test_other_photos_labels_or_counts_are_another_dataset(photos: bytes, labels: tuple[int, ...]) -> None:
    assert fingerprint(photos, labels) != fingerprint(A + B, (1, 2))


def test_labels_stay_with_their_photos_where_two_are_the_same() -> None:
    assert fingerprint(A + A + B, (1, 2, 3)) == fingerprint(A + B + A, (2, 3, 1))
    assert fingerprint(A + A, (1, 2)) != fingerprint(A + A, (1, 1))


def test_it_is_what_it_has_been() -> None:
    assert fingerprint(A + B, (0, 1)) == hashlib.sha256(b"".join(sorted((A + bytes(4), B + b"\1\0\0\0")))).hexdigest()


def test_samples_and_labels_of_different_counts_have_none() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        fingerprint(A + B, (1,))
