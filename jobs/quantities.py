"""Lengths of time and amounts of bytes as people write them, and back."""

from __future__ import annotations

import re

from dinoq.jobs.errors import UsageError

SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
BYTES = {"b": 1} | {
    f"{prefix}{ending}": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for ending, base in (("", 1024), ("ib", 1024), ("b", 1000))
}
"""As storage is sold and as it is counted: `GB` is 1000^3, `GiB` and `G` are 1024^3."""
_QUANTITY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([a-z]+)", re.ASCII)


def seconds_of(text: str, flag: str) -> float:
    """`30d`, `12h`, `90m`, `2w` in seconds. Raises: UsageError, naming the flag."""
    return _read(
        text, SECONDS, f"{flag} {text!r} is no length of time; expected a number with m, h, d or w.", f"{flag} 30d"
    )


def bytes_of(text: str, flag: str) -> int:
    """`20GiB`, `500 MB`, `1.5T` in bytes. Raises: UsageError, naming the flag."""
    wanted = f"{flag} {text!r} is no amount of bytes; expected a number with B, KiB, MB, GiB, TB or the like."
    return int(_read(text, BYTES, wanted, f"{flag} 20GiB"))


def bytes_text(count: int) -> str:
    """`0 B`, `1.5 MiB`, `20.0 GiB`: a digit behind the point, in the largest unit that gives 1 or more."""
    for unit, size in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def age_text(seconds: float) -> str:
    """`5 min`, `3 h`, `12 days`: whole ones, the rest is cut off."""
    if seconds < 2 * SECONDS["h"]:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h" if seconds < 2 * SECONDS["d"] else f"{int(seconds // SECONDS['d'])} days"


def _read(text: str, units: dict[str, int], wanted: str, hint: str) -> float:
    found = _QUANTITY.fullmatch(text.strip().lower())
    if found is None or found[2] not in units:
        raise UsageError(wanted, hint=hint)
    return float(found[1]) * units[found[2]]
