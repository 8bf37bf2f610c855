"""The columns of a list as people name them, to show or to sort by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dinoq.jobs.errors import UsageError

ENDINGS = ("_images_per_s", "_ms", "_at", "_no", "_sha256", "_code")
"""May be left out where that leaves one meaning: `compute`, `p99`, `created`, `run`, `artifact`, `exit`."""

NO_HEADS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a list is sorted by; what has no value comes last either way."""

    column: str
    descending: bool = False


def short(column: str, columns: Iterable[str]) -> str:
    """The shortest name that means this column."""
    ending = next((ending for ending in ENDINGS if column.endswith(ending)), "")
    stem = column.removesuffix(ending)
    return column if ending and stem in columns else stem


def column_named(text: str, columns: Sequence[str], heads: Mapping[str, str] = NO_HEADS) -> str:
    """The column that a person means, by its name or its head in a table. Raises: UsageError, naming those there are."""
    wanted = next((column for column, head in heads.items() if head == text.strip()), text.strip())
    found = next((name for name in columns if wanted in (name, short(name, columns))), None)
    if found is None:
        names = ", ".join(short(name, columns) for name in columns)
        raise UsageError(f"column {wanted!r} is not known; there are {names}.", hint=f"--columns {columns[0]}")
    return found


def columns_named(text: str, columns: Sequence[str], heads: Mapping[str, str] = NO_HEADS) -> tuple[str, ...]:
    """`job,chip,compute`, each once; `all` for all of them. Raises: UsageError for one that there is not."""
    if text.strip() == "all":
        return tuple(columns)
    named = [column_named(word, columns, heads) for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(named)) or (column_named(text, columns, heads),)


def order_for(text: str, columns: Sequence[str], heads: Mapping[str, str] = NO_HEADS) -> Order:
    """`compute`, or `-compute` for the greatest first. Raises: UsageError for a column that there is not."""
    descending = text.strip().startswith("-")
    return Order(column=column_named(text.strip().removeprefix("-"), columns, heads), descending=descending)
