"""The manifest and its blob."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.manifest import Manifest

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
ROWS = st.lists(st.tuples(NAMES, st.integers(0, 999)), max_size=20)


@given(ROWS)
def test_a_manifest_survives_its_blob(rows: list[tuple[str, int]]) -> None:
    manifest = Manifest(tuple(name for name, _ in rows), tuple(label for _, label in rows))
    assert Manifest.from_blob(manifest.to_blob()) == manifest


def test_names_that_are_no_utf8_survive() -> None:
    manifest = Manifest((b"\xd5\xd5.jpg".decode("utf-8", "surrogateescape"),), (1,))
    assert Manifest.from_blob(manifest.to_blob()) == manifest


def test_order_names_and_labels_make_the_id() -> None:
    ids = {
        Manifest(names, labels).id
        for names, labels in [(("a", "b"), (0, 1)), (("b", "a"), (0, 1)), (("a", "b"), (1, 0))]
    }
    assert len(ids) == 3


def test_names_without_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="2 names and 1 labels"):
        Manifest(("a", "b"), (0,))
