"""Plain tables for a terminal: columns as wide as their widest cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Rows under their heads, two blanks between columns; columns named in `right` are right-aligned."""
    cells = [list(heads), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = []
    for row in cells:
        padded = [
            text.rjust(width) if head in right else text.ljust(width)
            for text, width, head in zip(row, widths, heads, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
