"""Pieces of a page. What is `Html` is markup already; everything else becomes so through `text` or `name` alone."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NewType

from dinoq.cli.render.words import DASH, printable

Html = NewType("Html", str)
NOTHING = Html("")


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column of a table: what, in which unit, and whether it holds numbers (these stand to the right)."""

    head: str
    unit: str = ""
    number: bool = True


def text(said: object) -> Html:
    """Any text, with nothing in it that is markup; control characters and marks of direction as `\\x1b`, `\\u202e`."""
    return Html(html.escape(printable(str(said))))


def name(said: str) -> Html:
    """A name that came from a person or a file, set apart so that its direction turns nothing around it."""
    return element("bdi", text(said))


def element(tag: str, *inside: Html, **attributes: str) -> Html:
    """`<tag attributes>inside</tag>`; a trailing underscore parts a name from Python's own (`class_`), others are dashes."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return Html(f"<{tag}{given}>{''.join(inside)}</{tag}>")


def joined(parts: Iterable[Html], between: str = "") -> Html:
    """The parts one after the other."""
    return Html(text(between).join(parts))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading of the second rank; links name it by its key."""

    key: str
    title: str
    inside: tuple[Html, ...]

    @property
    def html(self) -> Html:
        """As it stands in the page."""
        heading = element("h2", text(self.title), id=f"{self.key}-title")
        return element("section", heading, *self.inside, id=self.key, aria_labelledby=f"{self.key}-title")


def section(key: str, title: str, *inside: Html) -> Section | None:
    """None for one with nothing in it."""
    kept = tuple(part for part in inside if part)
    return Section(key, title, kept) if kept else None


def subhead(title: str) -> Html:
    """A heading within a section."""
    return element("h3", text(title))


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Html]], class_: str = "") -> Html:
    """A table in a box of its own, which scrolls where the page is narrow; the first cell of a row is its head."""
    heads = joined(element("th", _head(column), scope="col", class_=_side(column)) for column in columns)
    body = joined(_row(columns, row) for row in rows)
    made = element(
        "table",
        element("caption", element("span", text(caption))),
        element("thead", element("tr", heads)),
        element("tbody", body),
        **({"class_": class_} if class_ else {}),
    )
    return element("div", made, class_="scroll", role="region", aria_label=caption, tabindex="0")


def _head(column: Column) -> Html:
    return Html(f"{text(column.head)} {element('small', text(column.unit))}") if column.unit else text(column.head)


def _row(columns: Sequence[Column], row: Sequence[Html]) -> Html:
    first, *rest = zip(columns, row, strict=True)
    cells = [element("th", first[1], scope="row", class_=_side(first[0]))]
    return element("tr", *cells, *(element("td", cell, class_=_side(column)) for column, cell in rest))


def _side(column: Column) -> str:
    return "n" if column.number else "t"


def notes(texts: Iterable[str]) -> Html:
    """A list of sentences; nothing for none."""
    items = joined(element("li", text(one)) for one in texts)
    return element("ul", items, class_="notes") if items else NOTHING


def paragraph(said: str) -> Html:
    """One sentence or more."""
    return element("p", text(said)) if said else NOTHING


def folded(summary: str, *inside: Html, opened: bool = False) -> Html:
    """What a reader opens; printed, it stands open."""
    return Html(f"<details{' open' if opened else ''}>{element('summary', text(summary))}{''.join(inside)}</details>")


def badge(word: str) -> Html:
    """The word of a verdict, in a frame; its colour says nothing that the word does not."""
    return element("span", text(word.replace("_", " ")), class_=f"badge {tone(word)}")


def tone(word: str) -> str:
    """The name of the colours of a verdict's word: `good`, `open` for what nobody decided, else `bad`."""
    return {"PASS": "good", "UNDECIDED": "open", "NOT_MEASURED": "open", "NOT MEASURED": "open", DASH: "open"}.get(
        word, "bad"
    )
