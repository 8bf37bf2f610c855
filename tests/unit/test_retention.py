"""Which files may go: never what is needed or young, the longest idle first, and no more than the limits ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.retention import GRACE_S, FileKind, Limits, StoredFile, removable

DAY_S = 86_400.0


def file(
    place: str = "x", *, bytes: int = 10, idle_s: float = DAY_S, needed: bool = False, kind: FileKind = "shard"
) -> StoredFile:
    return StoredFile(kind=kind, place=place, bytes=bytes, idle_s=idle_s, needed=needed)


FILES = st.lists(
    st.builds(
        file,
        place=st.uuids().map(str),
        bytes=st.integers(0, 100),
        idle_s=st.floats(0, 100 * DAY_S),
        needed=st.booleans(),
        kind=st.sampled_from(["shard", "artifact", "leftover"]),
    )
)
LIMITS = st.builds(
    Limits,
    idle_s=st.none() | st.floats(0, 100 * DAY_S),
    bytes=st.none() | st.integers(0, 500),
)


@given(FILES, LIMITS)
def test_what_is_needed_or_young_never_goes(files: list[StoredFile], limits: Limits) -> None:
    assert not [one for one in removable(files, limits) if one.needed or one.idle_s < GRACE_S]


@given(FILES, LIMITS)
def test_what_remains_is_within_the_limits_or_may_not_go(files: list[StoredFile], limits: Limits) -> None:
    kept = [one for one in files if one not in removable(files, limits)]
    free = [one for one in kept if not one.needed and one.idle_s >= GRACE_S]
    if limits.idle_s is not None:
        assert all(one.idle_s <= limits.idle_s for one in free)
    if limits.bytes is not None:
        assert not free or sum(one.bytes for one in kept) <= limits.bytes


@given(FILES, st.integers(0, 500))
def test_the_limit_of_bytes_takes_no_file_more_than_it_must(files: list[StoredFile], most: int) -> None:
    gone = removable([one for one in files if one.kind != "leftover"], Limits(bytes=most))
    total = sum(one.bytes for one in files if one.kind != "leftover")
    assert not gone or total - sum(one.bytes for one in gone[:-1]) > most


@given(FILES)
def test_without_a_limit_nothing_goes(files: list[StoredFile]) -> None:
    assert removable(files, Limits()) == ()


def test_the_longest_idle_goes_first() -> None:
    files = [file("a", idle_s=2 * DAY_S), file("b", idle_s=9 * DAY_S), file("c", idle_s=5 * DAY_S)]
    assert [one.place for one in removable(files, Limits(bytes=15))] == ["b", "c"]


@pytest.mark.parametrize("limits", [Limits(idle_s=999 * DAY_S), Limits(bytes=1 << 40)])
def test_what_killed_processes_left_goes_with_any_limit(limits: Limits) -> None:
    left = file(".begun", kind="leftover")
    assert removable([left, file("a"), file(".young", kind="leftover", idle_s=60)], limits) == (left,)


def test_what_active_jobs_need_counts_and_stays_even_above_the_limit() -> None:
    files = [file("a", bytes=100, needed=True), file("b", bytes=10)]
    assert [one.place for one in removable(files, Limits(bytes=50))] == ["b"]
