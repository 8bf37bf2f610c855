"""What repeats of the same job say of a rig."""

import pytest

from dinoq.jobs.compare.comparison import Limits
from dinoq.jobs.compare.selftest import Repeated, self_test_of
from tests.builders import make_manifest
from tests.comparisons import make_side, steady_ms


def repeated(*scales: float, wrong: tuple[tuple[int, ...], ...] = (), noise: float = 0.02) -> Repeated:
    sides = [
        make_side(scale * steady_ms(3), job=no, wrong=wrong[no] if wrong else ()) for no, scale in enumerate(scales)
    ]
    return self_test_of(9, [(side,) for side in sides], Limits(noise=noise)).runs[0]


def test_a_steady_rig_tells_what_the_floor_allows() -> None:
    made = repeated(1.0, 1.001, 1.002)
    assert (made.smallest_speed, made.limited_by, made.flagged, made.compared) == (0.02, "noise floor", 0, 3)


def test_repeats_that_lie_apart_limit_it() -> None:
    made = repeated(1.0, 1.05, 1.1)
    assert made.smallest_speed == pytest.approx(0.1, rel=0.01)
    assert (made.limited_by, made.flagged) == ("spread between the repeats", 3)


def test_noise_within_a_run_limits_it_where_it_is_more() -> None:
    small, times = make_manifest(1024), steady_ms(3, batches=64)
    there_and_back = [make_side(one, job=no, manifest=small) for no, one in enumerate((times, times[::-1]))]
    made = self_test_of(9, [(side,) for side in there_and_back], Limits(noise=0.0)).runs[0]
    assert made.limited_by == "noise within a run"
    assert made.smallest_speed == made.half_width


def test_identical_answers_can_tell_six_photos() -> None:
    made = repeated(1.0, 1.0)
    assert (made.changed, made.flips, made.smallest_accuracy, made.samples) == (0, 0, 6, 2048)


def test_answers_that_flip_between_repeats_need_more_photos() -> None:
    made = repeated(1.0, 1.0, wrong=((1, 2, 3, 4, 5), (6, 7, 8, 9, 10)))
    assert (made.flips, made.changed, made.smallest_accuracy) == (10, 10, 10)


def test_a_repeat_without_a_figure_tells_nothing_of_speed() -> None:
    made = self_test_of(9, [(make_side(job=1),), (make_side(job=2, results=()),)], Limits())
    only = made.runs[0]
    assert (only.smallest_speed, only.limited_by, only.smallest_accuracy) == (None, "", None)
    assert made.exit_code == 6
    assert made.gaps == ("2/T4:16: 0/2048 samples: 0 unreadable, 2048 missing",)
