"""One file per evaluated photo, from what the store kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.result import Floats, ShardResult
from dinoq.workers.data.logits import keep_logits
from dinoq.workers.data.store import Store, open_store
from dinoq.workers.exports.outputs import ENCODE, kept_rows, write_outputs
from tests.builders import make_manifest
from tests.reports import make_result

LOGITS = np.random.default_rng(0).normal(size=(6, 10)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def part(store: Store, first: int, count: int, unreadable: tuple[int, ...] = ()) -> ShardResult:
    made = make_result(make_manifest(6), first, count, unreadable=unreadable)
    return replace(made, logits=keep_logits(store, LOGITS[first : first + count]))


def values(rows: list[Floats]) -> list[list[float]]:
    return [row.tolist() for row in rows]


def test_rows_come_in_the_order_of_the_manifest(store: Store) -> None:
    rows = list(kept_rows(store, [part(store, 0, 4), part(store, 4, 2)], 10))
    assert values(rows) == LOGITS.tolist()


def test_samples_that_were_not_readable_are_left_out(store: Store) -> None:
    rows = list(kept_rows(store, [part(store, 0, 4, unreadable=(1, 2)), part(store, 4, 2)], 10))
    assert values(rows) == LOGITS[[0, 3, 4, 5]].tolist()


def test_a_program_that_gave_nan_was_evaluated_all_the_same(store: Store) -> None:
    given = replace(part(store, 0, 1), logits=keep_logits(store, np.full((1, 10), np.nan, np.float32)))
    assert len(list(kept_rows(store, [given], 10))) == 1


def test_each_form_is_read_back_bit_for_bit(store: Store, tmp_path: Path) -> None:
    for form in ENCODE:
        write_outputs(iter(LOGITS[:1]), [f"x.{form}"], form, tmp_path, lambda _: None)
    text = np.array((tmp_path / "x.txt").read_text().split(), np.float64).astype(np.float32)
    assert text.tolist() == LOGITS[0].tolist()
    assert np.fromfile(tmp_path / "x.bin", "<f4").tolist() == LOGITS[0].tolist()
    assert np.load(tmp_path / "x.npy").tolist() == [LOGITS[0].tolist()]


def test_more_rows_than_names_are_an_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="longer"):
        write_outputs(iter(LOGITS), ["a", "b"], "bin", tmp_path, lambda _: None)
