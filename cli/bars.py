"""Lines of progress: what, how far, how fast, how long still; they fit the terminal they are drawn for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dinoq.db.progress import JobProgress, RunProgress

BAR = 24
SHORTEST_BAR = 4
WINDOW_S = 10.0
QUIET_S = 4.0
"""Workers report every two seconds; one that has been quiet for twice as long is slower than it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of progress: what, how far, why it waits, and whether somebody is at it now. Nobody knows the `total` of
    what is `open_ended`: it is over when it is done."""

    name: str
    done: int
    total: int
    state: str
    at_work: bool = False
    open_ended: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to show of it."""
        return self.state == "done" if self.open_ended else self.done >= self.total


@dataclass
class Pace:
    """Samples per second over the last ten seconds, from the moments at which more were done."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)
    now: float = 0.0

    def add(self, now: float, row: Row) -> None:
        """How far it is at `now`, in seconds. Before anybody is at work no time is counted."""
        self.now = now
        begun = row.done or row.at_work
        if not begun or (self.seen and row.done < self.seen[-1][1]):
            self.seen.clear()  # not begun, or handed back
        if begun and (not self.seen or row.done > self.seen[-1][1]):
            self.seen.append((now, row.done))
        while len(self.seen) > 2 and now - self.seen[1][0] > WINDOW_S:
            self.seen.popleft()

    @property
    def images_per_s(self) -> float:
        """0 until there is something to divide."""
        if len(self.seen) < 2:
            return 0.0
        (begun, before), (last, done) = self.seen[0], self.seen[-1]
        return (done - before) / (max(last, self.now - QUIET_S) - begun)


def rows_of(seen: JobProgress) -> list[Row]:
    """Preprocessing, where there is any, then each run."""
    runs = [*map(_row, seen.runs)]
    if not seen.preprocess_total:
        return runs
    state = seen.preprocess_waits_for or _stage(seen.preprocess_at_work, "queued")
    done = seen.preprocess_done == seen.preprocess_total
    first = Row(
        "preprocess",
        seen.preprocess_done,
        seen.preprocess_total,
        "done" if done else state,
        seen.preprocess_at_work,
    )
    return [first, *runs]


def _row(run: RunProgress) -> Row:
    opened = _stage(run.at_work, "starting" if run.samples_done == 0 else "open")
    state = run.waits_for or (opened if run.state == "open" else run.state)
    random = run.mode == "pure"
    name = f"{run.chip} bs{run.batch}{' pure' if random else ''}"
    return Row(name, run.samples_done, run.samples_total, state, run.at_work, open_ended=random)


def _stage(at_work: bool, otherwise: str) -> str:
    return "running" if at_work else otherwise


def lines(job: int | None, rows: Sequence[Row], paces: Mapping[str, Pace], width: int | None) -> list[str]:
    """A line for each row that is not over: with a bar and at most `width` columns wide, or plain and whole for None.
    They are of a job, or of work that is none."""
    left = [row for row in rows if not row.over]
    names = max((len(row.name) for row in left), default=0)
    named = [f"{row.name:<{names}}  " for row in left]
    told = [_told(row, paces[row.name].images_per_s) for row in left]
    head = "" if job is None else f"job {job}  "
    if width is None:
        return [head + name + text for name, text in zip(named, told, strict=True)]
    # Samples, rate and the time left say most; the bar takes what they leave, and the job's number goes before they do.
    room = width - names - 2 - max((len(text) for row, text in zip(left, told, strict=True) if _drawn(row)), default=0)
    head = head if room >= len(head) else ""
    length = min(BAR, room - len(head) - 2)
    bars = [_bar(row, length) if _has_bar(row) and length >= SHORTEST_BAR else "" for row in left]
    heads = [head, *[" " * len(head)] * (len(left) - 1)]
    whole = ["".join(parts) for parts in zip(heads, named, bars, told, strict=False)]
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in whole]


def _drawn(row: Row) -> bool:
    return row.at_work or row.done > 0


def _has_bar(row: Row) -> bool:
    return _drawn(row) and not row.open_ended


def _told(row: Row, images_per_s: float) -> str:
    if not _drawn(row):
        return row.state
    parts = [samples_text(row)]
    if images_per_s > 0:
        parts.append(f"{images_per_s:,.0f} img/s")
    if images_per_s > 0 and not row.open_ended:
        parts.append(f"ETA {duration((row.total - row.done) / images_per_s)}")
    return "  ".join(parts)


def _bar(row: Row, length: int) -> str:
    filled = length * row.done // max(row.total, 1)
    return "█" * filled + "░" * (length - filled) + "  "


def samples_text(row: Row) -> str:
    """`256/1,024`; of what is open-ended `4,096 random images` while it runs, a dash before and after."""
    if row.open_ended:
        return f"{row.done:,} random images" if row.done or row.at_work else "-"
    return f"{row.done:,}/{row.total:,}"


def duration(seconds: float) -> str:
    """`8 s`, `12 min`, `3.5 h`: as exactly as a person wants to know it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
