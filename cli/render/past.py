"""How past jobs and past runs are listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from dinoq.cli.render.layout import IMPORTED, SIMULATED, VIRTUAL
from dinoq.cli.render.listing import Layout
from dinoq.cli.render.modes import PURE
from dinoq.cli.render.words import DASH
from dinoq.db.history import JobSummary
from dinoq.jobs.figures import RunFigures

MARKS = {
    SIMULATED: "simulated",
    IMPORTED: "told by another tool",
    VIRTUAL: "paced: times are a table's",
    PURE: "on random data",
}
UNITS = "compute and card in images/s, top1 in %, p99 in ms; times are UTC"


def marks_of(row: RunFigures) -> str:
    """What keeps a figure from being a card's, measured here."""
    return SIMULATED * (row.origin == "simulated") + IMPORTED * bool(row.told) + VIRTUAL * bool(row.pace)


def legend(rows: Sequence[RunFigures]) -> tuple[str, ...]:
    """The units, and what the marks in the table mean."""
    used = {mark for row in rows for mark in marks_of(row) + PURE * (row.mode == "pure")}
    marks = "; ".join(f"{mark} {what}" for mark, what in MARKS.items() if mark in used)
    return (UNITS, marks) if marks else (UNITS,)


def _done(row: JobSummary) -> str:
    """A dash for figures that were imported: there was nothing to do."""
    return f"{100 * row.items_done // row.items_total} %" if row.items_total else DASH


def _name(row: JobSummary) -> str:
    return row.name + (f" (imported from {row.imported_from})" if row.imported_from else "")


JOBS = Layout(
    columns=tuple(field.name for field in fields(JobSummary)),
    shown=(
        *("id", "state", "verdict", "items_done", "samples", "chips", "batches", "created_at", "owner", "tags"),
        *("model", "name"),
    ),
    expendable=("model", "samples", "items_done", "tags", "batches", "chips", "owner"),
    heads={"id": "job", "items_done": "done", "items_total": "items", "created_at": "submitted"},
    cells={"items_done": _done, "name": _name, "samples": lambda row: str(row.samples or DASH)},
)
RUNS = Layout(
    columns=tuple(field.name for field in fields(RunFigures)),
    shown=(
        *("job", "chip", "batch", "precision", "verdict", "top1", "compute_images_per_s", "card_images_per_s"),
        *("p99_ms", "created_at", "hosts", "model", "name"),
    ),
    expendable=("hosts", "name", "p99_ms", "card_images_per_s", "created_at", "model"),
    heads={"precision": "prec"},
    cells={
        "chip": lambda row: marks_of(row) + row.chip,
        "batch": lambda row: f"{row.batch}{PURE * (row.mode == 'pure')}",
        "precision": lambda row: DASH if row.given else row.precision,
        "created_at": lambda row: f"{row.created_at:%Y-%m-%d}",
    },
)
