"""What a dataset is, wherever it lies: a sha256 over its photos' contents and classes, whatever their names and order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

DIGEST = 32


def fingerprint(sample_sha256s: bytes, labels: Sequence[int]) -> str:
    """sha256 over one row per sample, the rows sorted: the sha256 of its bytes (32 zeros where they could not be read),
    then its label as int32, little-endian. A photo that is there twice counts twice.

    Raises: ValueError when the samples are not as many as the labels.
    """
    if len(sample_sha256s) != DIGEST * len(labels):
        raise ValueError(f"{len(sample_sha256s)} bytes of sha256s for {len(labels)} labels")
    rows = [
        sample_sha256s[DIGEST * no : DIGEST * (no + 1)] + label.to_bytes(4, "little") for no, label in enumerate(labels)
    ]
    return hashlib.sha256(b"".join(sorted(rows))).hexdigest()
