"""What an audit of published tables finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Rule = Literal["ratio", "best", "peak", "proportional", "neighbours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number, or one column, that cannot be as it is printed.

    `cell` names it (`310 bs32`; a column by its name alone), `implied` what it should be, by label (`bs32`), where that
    follows. `follows_from` names the finding that this one is a consequence of; it is then no cause of its own.
    """

    table: int
    group: str
    line: int
    cell: str
    printed: str
    rules: tuple[Rule, ...]
    text: str
    implied: Mapping[str, float] = field(default_factory=dict)
    follows_from: str = ""
