"""Names and numbers as a report shows them: nothing that moves a cursor, no wider than its room, a dash for nothing."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dinoq.jobs.merge import Span
    from dinoq.jobs.report import Report, RunReport
    from dinoq.jobs.report_jobs import JobFacts

DASH = "-"
ELLIPSIS = "..."


def printable(text: str) -> str:
    """The text on one line: control characters, line ends and undecodable bytes as `\\x1b`."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8, as Python carries it
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, room: int) -> str:
    """The text in at most `room` columns, its middle left out: names differ at their ends."""
    text = printable(text)
    if columns(text) <= room:
        return text
    head = _fitting(text, (room - len(ELLIPSIS)) // 2)
    tail = _fitting(text[::-1], room - len(ELLIPSIS) - columns(head))[::-1]
    return head + ELLIPSIS + tail


def _fitting(text: str, room: int) -> str:
    """As much of the beginning as fits."""
    for end, character in enumerate(text):
        room -= _columns(character)
        if room < 0:
            return text[:end]
    return text


def wrapped(head: str, text: str, room: int) -> list[str]:
    """`head`, then the text, in lines of at most `room` columns, the later ones indented to below the text."""
    indent, lines = " " * columns(head), [head]
    empty = True
    for word in printable(text).split():
        if not empty and columns(lines[-1]) + 1 + columns(word) > room:
            lines.append(indent)
            empty = True
        lines[-1] += word if empty else f" {word}"
        empty = False
        while columns(lines[-1]) > room:
            fits = _fitting(lines[-1], room)
            lines[-1:] = [fits, indent + lines[-1][len(fits) :]]
    return [line.rstrip() for line in lines]


def number(value: float | None, digits: int) -> str:
    """A figure, short enough for a column whatever it is; a dash for None."""
    if value is None:
        return DASH
    return f"{value:.{digits}f}" if abs(value) < 10.0 ** (7 - digits) else f"{value:.3g}"


def percent(share: float | None, digits: int = 2) -> str:
    """A fraction as percent without the sign; a dash for None."""
    return DASH if share is None else f"{100 * share:.{digits}f}"


def agreement_text(run: RunReport) -> str:
    """`310P3 bs16 agrees with cpu bs16 on 44 of 45 photos (97.78 %); right here only 0, there only 1`; empty when there
    is nothing to compare with."""
    found = run.agreement
    if found is None:
        return ""
    text = f"{run_label(run)} agrees with {found.chip} bs{found.batch} on {found.same_top1} of {found.samples} photos"
    if found.same_top1 == found.samples:
        return text
    return f"{text} ({percent(found.share)} %); right here only {found.only_here_right}, there only {found.only_there_right}"


def counted(n: int, what: str) -> str:
    """`1 part`, `2 parts`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def jobs_named(report: Report) -> str:
    """`job 7`, or `jobs 7, 8`."""
    numbers = [str(one.job) for one in report.jobs]
    return f"job{'s' * (len(numbers) > 1)} {', '.join(numbers)}"


def job_text(report: Report, one: JobFacts) -> str:
    """`cpu bs1 bs16 · ana@cann-07 · imported from cann-07`: what a job contributed, and whose it is."""
    mine = run_labels([run for run in report.runs if run.run_no in one.runs])
    imported = f"imported from {one.imported.source} at {one.imported.at:%Y-%m-%d %H:%M} UTC" if one.imported else ""
    return " · ".join(filter(None, (mine, one.owner, imported)))


def run_label(run: RunReport) -> str:
    """`310P3 bs16`."""
    return f"{run.chip} bs{run.batch}"


def run_labels(runs: Sequence[RunReport]) -> str:
    """`310P3 bs1 bs16, T4 bs1`; a run that comes twice is named once."""
    batches: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for run in runs:
        batches[run.chip][f"bs{run.batch}"] = None
    return ", ".join(" ".join([chip, *sizes]) for chip, sizes in batches.items())


def span_text(span: Span) -> str:
    """`256-511`, both counted from 0 and included."""
    return f"{span.first}-{span.first + span.count - 1}" if span.count > 1 else f"{span.first}"


def some(items: Sequence[str], most: int, more: str) -> Iterable[str]:
    """The first few, and how many more there are."""
    yield from items[:most]
    if len(items) > most:
        yield f"and {len(items) - most} more: {more}"
