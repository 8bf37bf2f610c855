"""Findings in published tables: one line each, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from dinoq.cli.render.words import clip, printable
from dinoq.jobs.findings import Finding
from dinoq.jobs.formats.performance import Reading

SHOWN = 5
"""Cells that were not judged are named up to so many."""
ROOM = 40


def line(file: str, finding: Finding) -> str:
    """`README.md:250  table 4, 310 bs32  5279.8: why; implied 2244.78`; a consequence says what it follows from."""
    group = f" ({finding.group})" if finding.group else ""
    text = f"{file}:{finding.line}  table {finding.table}{group}, {finding.cell}  {finding.printed}: {finding.text}"
    return printable(text + _implied(finding))


def _implied(finding: Finding) -> str:
    if finding.follows_from:
        return f"; follows from {finding.follows_from}"
    if len(finding.implied) == 1:
        return "".join(f"; implied {value:.12g}" for value in finding.implied.values())
    values = ", ".join(f"{value:.12g} at {label}" for label, value in finding.implied.items())
    return f"; implied {values}" if values else ""


def summary(reading: Reading, findings: Sequence[Finding]) -> str:
    """How much was looked at, and what came of it."""
    looked = f"{_many(len({table.no for table in reading.tables}), 'table')}, {_many(_figures(reading), 'figure')}"
    if not findings:
        return f"{looked}, nothing implausible"
    consequences = sum(bool(finding.follows_from) for finding in findings)
    text = f"{looked}: {_many(len(findings) - consequences, 'finding')}"
    return f"{text}, {_many(consequences, 'consequence')}" if consequences else text


def not_judged(reading: Reading) -> Iterator[str]:
    """Cells that should be figures and are none."""
    for cell in reading.unread[:SHOWN]:
        yield f"line {cell.line}, table {cell.table}: {clip(cell.text, ROOM)!r} is not judged: {cell.why}"
    if (more := len(reading.unread) - SHOWN) > 0:
        yield f"{_many(more, 'more cell')} not judged"


def as_json(file: str, reading: Reading, findings: Sequence[Finding], *, gflop: float | None, precision: str) -> str:
    """All of it for machines."""
    made = {
        "file": file,
        "tables": len({table.no for table in reading.tables}),
        "figures": _figures(reading),
        "gflop": gflop,
        "precision": precision,
        "findings": [asdict(finding) for finding in findings],
        "not_judged": [asdict(cell) for cell in reading.unread],
    }
    return json.dumps(made, indent=2, ensure_ascii=False)


def _figures(reading: Reading) -> int:
    return sum(table.n_figures for table in reading.tables)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
