"""Blocks of readings, and what they say of a run."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dinoq.jobs.telemetry import COLUMNS, Samples, by_device, foreign_remarks, sensors, throttlings
from tests.readings import BEGUN_MS, make_block

blobs = arrays(np.float32, st.tuples(st.just(len(COLUMNS)), st.integers(0, 20)), elements=st.floats(width=32))


@given(values=blobs, throttle=st.text(max_size=40), foreign=st.text(max_size=40))
def test_a_block_comes_back_as_it_was_stored(values: np.ndarray, throttle: str, foreign: str) -> None:
    back = Samples.from_blob(Samples(values, throttle, foreign).to_blob())
    assert back.values.tobytes() == values.astype("<f4").tobytes()
    assert back.values.shape == values.shape
    assert (back.throttle, back.foreign) == (throttle, foreign)


def test_words_without_end_are_cut_between_characters() -> None:
    said = Samples(np.empty((len(COLUMNS), 0), np.float32), foreign="€" * 40_000)
    assert Samples.from_blob(said.to_blob()).foreign == "€" * (0xFFFF // 3)


def test_a_block_of_another_version_is_refused() -> None:
    blob = struct.pack("<BBIHH", 2, len(COLUMNS), 0, 0, 0)
    with pytest.raises(ValueError, match="version 2"):
        Samples.from_blob(blob)


def test_only_readings_within_the_run_count() -> None:
    block = make_block(power_w=[10, 50, 60, 10])
    told = sensors([block], BEGUN_MS + 1000, BEGUN_MS + 2000)
    assert told is not None
    assert (told.samples, told.power_mean_w, told.power_max_w) == (2, 55.0, 60.0)
    assert sensors([block], BEGUN_MS + 4000, BEGUN_MS + 9000) is None
    assert sensors([block], None, None) is None


def test_several_blocks_are_read_as_one() -> None:
    blocks = [make_block(clock_mhz=[1080, 640], per_s=1.0), make_block(2000, clock_mhz=[1080], per_s=0.5)]
    told = sensors(blocks, BEGUN_MS, BEGUN_MS + 9000)
    assert told is not None
    assert (told.samples, told.clock_min_mhz, told.clock_median_mhz) == (3, 640.0, 1080.0)
    assert told.achieved_per_s == 0.75


def test_what_no_reading_tells_is_none() -> None:
    told = sensors([make_block(power_w=[float("nan")] * 2)], BEGUN_MS, BEGUN_MS + 9000)
    assert told is not None
    assert (told.power_mean_w, told.throttled, told.power_capped, told.foreign_most) == (None, None, None, None)


def test_a_share_is_of_the_readings_that_tell() -> None:
    told = sensors([make_block(throttled=[1, 0, float("nan"), 0, 0])], BEGUN_MS, BEGUN_MS + 9000)
    assert told is not None
    assert told.throttled == 0.25


def test_words_of_a_block_count_only_where_its_readings_of_the_run_show_them() -> None:
    block = make_block(throttled=[1, 0], foreign=[1, 0], reasons="heat", who="pid 1")
    later = sensors([block], BEGUN_MS + 500, BEGUN_MS + 9000)
    whole = sensors([block], BEGUN_MS, BEGUN_MS + 9000)
    assert later and whole
    assert (later.throttle_reasons, later.foreign_names) == ((), ())
    assert (whole.throttle_reasons, whole.foreign_names) == (("heat",), ("pid 1",))


def test_heat_and_foreign_work_are_told_of_each_device() -> None:
    hot, shared = make_block(throttled=[1, 0], reasons="heat"), make_block(foreign=[2, 0], who="pid 1", device="b")
    told = by_device([hot, shared, make_block(device="c", throttled=[0], foreign=[0])], BEGUN_MS, BEGUN_MS + 9000)
    assert throttlings(told) == ["host-a/T4:0 was throttled in 50 % of its readings (heat)"]
    assert foreign_remarks(told) == ["foreign work on b (pid 1)"]
