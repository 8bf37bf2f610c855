"""What programs gave, kept by content in the store."""

from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.errors import BadFolder
from dinoq.workers.data.logits import keep_logits, read_logits
from dinoq.workers.data.store import Store, open_store

GIVEN = np.array([[0.5, np.nan, -np.inf], [1e-38, -0.0, 3.0]], np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def test_what_was_kept_is_read_back_bit_for_bit(store: Store) -> None:
    back = read_logits(store, keep_logits(store, GIVEN), 2, 3)
    assert back.view(np.uint32).tolist() == GIVEN.view(np.uint32).tolist()


def test_a_file_is_raw_floats_and_nothing_else(store: Store) -> None:
    assert (store.path / keep_logits(store, GIVEN)).read_bytes() == GIVEN.astype("<f4").tobytes()


def test_only_the_same_answer_shares_a_file(store: Store) -> None:
    first, again, other = (keep_logits(store, given) for given in (GIVEN, GIVEN.copy(), GIVEN * 2))
    assert first == again != other
    assert len([path for path in (store.path / "logits").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 23, b"\0" * 24])
def test_a_changed_file_is_refused(store: Store, damage: bytes) -> None:
    place = keep_logits(store, GIVEN)
    (store.path / place).write_bytes(damage)
    with pytest.raises(BadFolder, match="not what was kept"):
        read_logits(store, place, 2, 3)


def test_a_file_of_another_shape_is_refused(store: Store) -> None:
    with pytest.raises(BadFolder, match="not what was kept"):
        read_logits(store, keep_logits(store, GIVEN), 2, 4)


def test_a_file_that_is_gone_is_told_with_its_cure(store: Store) -> None:
    place = keep_logits(store, GIVEN)
    (store.path / place).unlink()
    with pytest.raises(BadFolder, match="cannot be read") as error:
        read_logits(store, place, 2, 3)
    assert "--keep-logits" in error.value.hint


@pytest.mark.parametrize("place", ["", "/etc/passwd", "logits/../../x.f32", f"logits/aa/{'b' * 63}/.f32"])
def test_a_place_outside_the_store_is_never_read(store: Store, place: str) -> None:
    with pytest.raises(BadFolder, match="no place of logits"):
        read_logits(store, place, 2, 3)
