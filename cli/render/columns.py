"""Plain tables for a terminal: columns as wide as their widest cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dinoq.cli.render.words import clip, columns

GAP = 2
NARROWEST = 8
"""No column is cut below this."""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Rows under their heads, two blanks between columns; columns named in `right` are right-aligned."""
    widths = _widths(heads, rows)
    lines = []
    for row in [heads, *rows]:
        cells = [
            " " * (width - columns(text)) + text if head in right else text + " " * (width - columns(text))
            for text, width, head in zip(row, widths, heads, strict=True)
        ]
        lines.append((" " * GAP).join(cells).rstrip())
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A table that fits, and the columns it had to leave out for that."""

    text: str
    left_out: tuple[str, ...]


def narrowed(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    room: int,
    expendable: Sequence[str],
    right: Sequence[str] = (),
) -> Narrowed:
    """A table of at most `room` columns: it leaves out the expendable ones, in that order, as far as it must, then cuts
    the widest cells in their middle."""
    gone: list[str] = []
    kept, cells = list(heads), [list(row) for row in rows]
    for head in expendable:
        if _width(kept, cells) <= room:
            break
        at = kept.index(head)
        gone.append(kept.pop(at))
        cells = [row[:at] + row[at + 1 :] for row in cells]
    while (over := _width(kept, cells) - room) > 0 and max(widths := _widths(kept, cells)) > NARROWEST:
        widest = widths.index(max(widths))
        fits = max(NARROWEST, len(kept[widest]), max(widths) - over)
        if fits == max(widths):
            break
        cells = [[clip(text, fits) if at == widest else text for at, text in enumerate(row)] for row in cells]
    return Narrowed(table(kept, cells, right), tuple(gone))


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(columns(row[at]) for row in [heads, *rows]) for at in range(len(heads))]


def _width(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(_widths(heads, rows)) + GAP * (len(heads) - 1)
