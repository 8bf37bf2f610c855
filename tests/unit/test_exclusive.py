"""Whose work a device does."""

from __future__ import annotations

import pytest

from dinoq.jobs.exclusive import Ours, contaminations, foreign, pid_of, remark

OURS, OTHER, THIRD = "pid 7 python3 1.2 GB", "pid 4127 python3 17.4 GB", "pid 99 ? 0.1 GB"


def seen(*there: str, computes: bool = False, **ours: object) -> tuple[str, ...] | None:
    return foreign(there, Ours(**ours), computes=computes)  # type: ignore[arg-type]


def test_everybody_is_foreign_where_no_process_of_ours_lives() -> None:
    assert seen(OTHER, THIRD) == (OTHER, THIRD)


def test_our_device_process_is_known_by_its_pid_and_others_beside_it_are_foreign() -> None:
    assert seen(OURS, pid=7) == ()
    assert seen(OURS, OTHER, pid=7) == (OTHER,)


def test_a_process_of_ours_that_has_just_ended_is_not_foreign() -> None:
    assert seen(OURS, past=frozenset({7})) == ()


def test_a_driver_without_a_process_table_cannot_tell() -> None:
    assert foreign(None, Ours(), computes=False) is None


def test_load_by_nobody_cannot_be_told() -> None:
    assert seen(computes=True) is None
    assert seen(computes=False) == ()


def test_in_a_container_one_newcomer_is_taken_for_our_own() -> None:
    assert seen(OTHER, pid=7, baseline=frozenset()) == ()
    assert seen(OTHER, THIRD, pid=7, baseline=frozenset({4127})) == (OTHER,)


def test_of_two_newcomers_only_one_can_be_ours() -> None:
    assert seen(OTHER, THIRD, pid=7, baseline=frozenset()) == (THIRD,)


def test_nobody_is_taken_for_our_own_once_our_pid_is_in_the_table() -> None:
    assert seen(OTHER, OURS, pid=7, baseline=frozenset()) == (OTHER,)


def test_in_a_container_that_nobody_looked_at_before_it_cannot_be_told() -> None:
    assert seen(OTHER, pid=7, baseline=None) is None
    assert seen(pid=7, baseline=None) == ()


def test_who_was_there_before_us_and_still_is_is_foreign() -> None:
    assert seen(OTHER, pid=7, baseline=frozenset({4127})) == (OTHER,)


@pytest.mark.parametrize(("entry", "pid"), [(OTHER, 4127), ("pid 12", 12), ("python3", None), ("rapid 3", None)])
def test_an_entry_begins_with_its_pid(entry: str, pid: int | None) -> None:
    assert pid_of(entry) == pid


def test_an_entry_without_a_pid_is_never_ours() -> None:
    assert seen("python3") == ("python3",)


def test_a_remark_is_one_word_of_a_list() -> None:
    assert remark("vm/T4:0", ["pid 1 a,b", "pid 2"]) == "foreign work on vm/T4:0 (pid 1 a;b; pid 2)"


def test_a_device_contaminates_once_however_often_it_was_said() -> None:
    texts = [remark("vm/T4:0", ["pid 1"]), "compiling", remark("vm/T4:0", ["pid 2"]), remark("vm/T4:1", ["pid 3"])]
    assert contaminations(texts) == [
        "contaminated: foreign work on vm/T4:0 (pid 1)",
        "contaminated: foreign work on vm/T4:1 (pid 3)",
    ]
