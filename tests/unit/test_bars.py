"""Lines of progress."""

from dataclasses import replace

import pytest

from dinoq.cli.bars import Pace, Row, duration, lines

HALF = Row("cpu bs16", 25_000, 50_000, "running", at_work=True)
WAITING = Row("T4 bs16", 0, 50_000, "WAITING: no T4 worker")


def paced(*seen: tuple[float, Row]) -> Pace:
    pace = Pace()
    for now, row in seen:
        pace.add(now, row)
    return pace


def at(done: int, *, at_work: bool = True) -> Row:
    return Row("cpu bs16", done, 50_000, "running", at_work)


def drawn(width: int | None) -> list[str]:
    """Half done at 1000 images a second, and one that waits."""
    paces = {"cpu bs16": paced((0.0, at(15_000)), (10.0, HALF)), "T4 bs16": Pace()}
    return lines(42, [Row("preprocess", 9, 9, "done"), HALF, WAITING], paces, width)


def test_a_line_says_how_far_how_fast_and_how_long_still() -> None:
    bar = "█" * 12 + "░" * 12
    assert drawn(80) == [
        f"job 42  cpu bs16  {bar}  25,000/50,000  1,000 img/s  ETA 25 s",
        "        T4 bs16   WAITING: no T4 worker",
    ]


@pytest.mark.parametrize("width", [80, 70, 60, 50, 40, 30, 20])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in drawn(width) if len(line) > width] == []


@pytest.mark.parametrize("width", [60, 54, 50])
def test_the_numbers_stay_when_bar_and_job_have_no_room(width: int) -> None:
    line = drawn(width)[0]
    assert "cpu bs16  " in line
    assert line.endswith("25,000/50,000  1,000 img/s  ETA 25 s")


def test_plain_lines_are_whole_and_each_names_the_job() -> None:
    assert drawn(None) == [
        "job 42  cpu bs16  25,000/50,000  1,000 img/s  ETA 25 s",
        "job 42  T4 bs16   WAITING: no T4 worker",
    ]


def test_whoever_has_just_begun_has_an_empty_bar() -> None:
    assert lines(1, [at(0)], {"cpu bs16": paced((0.0, at(0)))}, 80) == [f"job 1  cpu bs16  {'░' * 24}  0/50,000"]


def test_what_is_open_ended_counts_images_and_promises_no_end() -> None:
    row = Row("cpu bs4 pure", 12_000, 0, "running", at_work=True, open_ended=True)
    paces = {row.name: paced((0.0, replace(row, done=2_000)), (10.0, row))}
    assert lines(42, [row], paces, 80) == ["job 42  cpu bs4 pure  12,000 random images  1,000 img/s"]
    assert lines(42, [replace(row, state="done", at_work=False)], paces, 80) == []


def test_the_time_before_anybody_was_at_work_slows_no_pace() -> None:
    waited = paced((0.0, at(0, at_work=False)), (60.0, at(0)), (62.0, at(200)))
    assert waited.images_per_s == 100


def test_a_pace_is_that_of_the_last_seconds() -> None:
    seen = [(float(now), at(now * 10)) for now in range(0, 100, 2)]
    seen += [(float(now), at(1000 + (now - 100) * 50)) for now in range(100, 120, 2)]
    assert paced(*seen).images_per_s == pytest.approx(50, rel=0.1)


def test_whoever_is_quiet_is_slow() -> None:
    assert paced((0.0, at(0)), (2.0, at(200)), (24.0, at(200))).images_per_s == 10


def test_what_is_handed_back_begins_anew() -> None:
    assert paced((0.0, at(0)), (2.0, at(200)), (4.0, at(0, at_work=False))).images_per_s == 0


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (720, "12 min"), (12_600, "3.5 h")])
def test_a_duration_is_as_exact_as_people_want(seconds: float, text: str) -> None:
    assert duration(seconds) == text
