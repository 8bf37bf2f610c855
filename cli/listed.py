"""A list as somebody asked for it: which columns, in which order, how many, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dinoq.cli import console
from dinoq.cli.render.layout import WIDTH
from dinoq.cli.render.listing import Layout, as_csv, as_json, as_table
from dinoq.cli.render.words import wrapped
from dinoq.jobs.columns import Order, columns_named, order_for
from dinoq.jobs.errors import UsageError
from dinoq.jobs.search import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`columns` is empty for those of the form; `limit` is None for no end."""

    columns: tuple[str, ...]
    order: Order | None
    limit: int | None
    form: str

    @property
    def fetched(self) -> int | None:
        """One more than is shown, which tells whether there are more."""
        return None if self.limit is None else self.limit + 1


def asked_for(
    layout: Layout,
    sortable: Sequence[str],
    *,
    columns: str | None,
    sort: str | None,
    limit: int | None,
    json: bool,
    csv: bool,
) -> Asked:
    """What flags say, a `limit` of 0 for no end. Raises: UsageError for a column that there is not, or two forms."""
    if json and csv:
        raise UsageError("--json and --csv are two forms of one list.", hint="leave out one of them")
    return Asked(
        columns=() if columns is None else columns_named(columns, layout.columns, layout.heads),
        order=None if sort is None else order_for(sort, sortable, layout.heads),
        limit=limit or None,
        form="json" if json else "csv" if csv else "table",
    )


def print_list(layout: Layout, rows: Sequence[object], asked: Asked, legend: Sequence[str] = ()) -> None:
    """The rows to stdout, and to the person what was left out."""
    shown = rows if asked.limit is None else rows[: asked.limit]
    columns = asked.columns or (layout.shown if asked.form == "table" else layout.columns)
    if asked.form == "table" and shown:
        _print_table(layout, shown, columns, legend)
    elif asked.form != "table":
        console.result((as_json if asked.form == "json" else as_csv)(shown, columns))
    if len(shown) < len(rows):
        console.note(f"there are more than the {len(shown)} listed: --limit {10 * len(shown)}, or --limit 0 for all")


def say_why_nothing(search: Search, empty: str, fits: Callable[[Search], bool]) -> None:
    """Which filter to loosen, each alone; `empty` where nothing would be found without any."""
    if not fits(Search()):
        console.note(empty)
        return
    names = [f"--{name}" for name in search.given if fits(search.without(name))]
    if names:
        console.note(f"nothing fits all of this; something does without {' or without '.join(names)}.")
    else:
        given = ", ".join(f"--{name}" for name in search.given)
        console.note(f"nothing fits {given}, nor all but one of them; leave out some.")


def _print_table(layout: Layout, rows: Sequence[object], columns: Sequence[str], legend: Sequence[str]) -> None:
    made = as_table(layout, rows, columns, console.result_columns())
    console.result("\n".join([made.text, *(line for text in legend for line in wrapped("", text, WIDTH))]))
    if made.left_out:
        console.note(f"no room for {', '.join(made.left_out)}; all of it: --csv or --json")
