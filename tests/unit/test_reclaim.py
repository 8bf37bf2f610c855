"""Files of a store that can be made anew: which they are, and how they go while others are at work."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dinoq.jobs.ledger import ArtifactRef
from dinoq.jobs.retention import GRACE_S, FileKind
from dinoq.workers.data.reclaim import Found, idle_of, reclaimable, remove
from dinoq.workers.data.store import Store, mark_used, open_store, remove_leftovers
from tests.builders import sha256

ALL: tuple[FileKind, ...] = ("shard", "artifact", "leftover")
KEY = sha256("a shard")
SHARD, ARTIFACT = f"shards/{KEY[:2]}/{KEY}.shard", f"artifacts/{sha256('an artifact')}.om"
LEFT = ("shards/.begun", "artifacts/.begun", "models/.begun", "logits/ab/.begun")
KEPT = (f"models/{sha256('m')}.onnx", f"logits/ab/{sha256('l')}.f32", f"artifacts/given-{sha256('g')}.om", "store-id")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One file of everything, made and used ten days ago."""
    made = open_store(tmp_path / "store")
    for place in (SHARD, ARTIFACT, *LEFT, *KEPT[:-1]):
        path = made.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
        age(path, 10)
    return made


def age(path: Path, days: float, *, used_days: float | None = None) -> None:
    now = time.time()
    os.utime(path, (now - 86_400 * (days if used_days is None else used_days), now - 86_400 * days))


def found(store: Store, place: str) -> Found:
    return next(one for one in reclaimable(store, ALL) if one.place == place)


def test_only_what_can_be_made_anew_is_listed(store: Store) -> None:
    assert {one.place for one in reclaimable(store, ALL)} == {SHARD, ARTIFACT, *LEFT}
    assert all((store.path / place).exists() for place in KEPT)


def test_kinds_are_listed_apart(store: Store) -> None:
    assert [one.place for one in reclaimable(store, ["shard"])] == [SHARD]
    assert [one.key for one in reclaimable(store, ["shard"])] == [KEY]
    assert [one.place for one in reclaimable(store, ["artifact"])] == [ARTIFACT]


@pytest.mark.parametrize(
    ("told_days", "used_days", "idle_days"), [(None, 10, 10), (None, 4, 4), (3, 10, 3), (20, 4, 10), (8, 0, 0)]
)
def test_the_ledger_says_when_a_file_was_used_and_its_own_times_when_it_is_silent(
    store: Store, told_days: float | None, used_days: float, idle_days: float
) -> None:
    age(store.path / SHARD, 10, used_days=used_days)
    idle_s = idle_of(found(store, SHARD), None if told_days is None else 86_400 * told_days)
    assert idle_s / 86_400 == pytest.approx(idle_days, abs=0.01)


def test_a_file_that_goes_leaves_nothing(store: Store) -> None:
    assert remove(store, found(store, SHARD), lambda: True)
    assert not (store.path / SHARD).exists()
    assert [path.name for path in (store.path / "shards").glob(".*")] == [".begun"]


def test_a_file_that_the_ledger_needs_by_now_stays(store: Store) -> None:
    assert not remove(store, found(store, ARTIFACT), lambda: False)
    assert (store.path / ARTIFACT).read_bytes() == b"content"


def test_a_file_that_was_used_since_it_was_listed_stays(store: Store) -> None:
    listed = found(store, ARTIFACT)
    mark_used(store.path / ARTIFACT)
    assert not remove(store, listed, lambda: pytest.fail("nobody need be asked"))
    assert (store.path / ARTIFACT).exists()


def test_while_it_goes_nobody_finds_it_and_what_is_made_anew_stays(store: Store) -> None:
    def made_meanwhile() -> bool:
        assert not (store.path / ARTIFACT).exists()
        (store.path / ARTIFACT).write_bytes(b"another")
        return False

    assert not remove(store, found(store, ARTIFACT), made_meanwhile)
    assert (store.path / ARTIFACT).read_bytes() == b"another"
    assert len(list((store.path / "artifacts").glob(".*"))) == 1


def test_what_is_being_removed_is_nobody_elses_leftover_and_can_be_put_back(store: Store) -> None:
    def two_others_look() -> bool:
        assert not [one for one in reclaimable(store, ["leftover"]) if one.path.name.startswith(".aside-")]
        remove_leftovers(store)
        return False

    old = time.time() - 10 * 86_400
    os.utime(store.path / ARTIFACT, (old, old))
    assert not remove(store, found(store, ARTIFACT), two_others_look)
    assert (store.path / ARTIFACT).read_bytes() == b"content"


def test_a_ctrl_c_in_the_middle_puts_it_back(store: Store) -> None:
    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove(store, found(store, ARTIFACT), interrupted)
    assert (store.path / ARTIFACT).read_bytes() == b"content"


def test_a_file_that_another_host_removed_is_not_ours(store: Store) -> None:
    listed = found(store, SHARD)
    (store.path / SHARD).unlink()
    assert not remove(store, listed, lambda: True)


def test_whoever_asks_for_an_artifact_uses_it_and_leaves_it_the_same(store: Store) -> None:
    path = store.path / ARTIFACT
    before = path.stat().st_mtime_ns
    assert store.verify(ArtifactRef(key=sha256("k"), uri=ARTIFACT, sha256=sha256("content")))
    assert idle_of(found(store, ARTIFACT), 864_000.0) < GRACE_S
    assert path.stat().st_mtime_ns == before


def test_an_artifact_that_lies_nowhere_is_not_there(store: Store) -> None:
    assert not store.verify(ArtifactRef(key=sha256("k"), uri="", sha256=sha256("content")))
