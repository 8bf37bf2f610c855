"""Which past jobs and runs somebody wants to see, read from what they typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

from dinoq.jobs.chips import parse_batches, parse_chips
from dinoq.jobs.errors import UsageError
from dinoq.jobs.remarks import tag_named
from dinoq.jobs.verdicts import Status

ORIGINS = ("real", "simulated")
VERDICTS = tuple(str(status) for status in Status)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
Words = str | Sequence[str] | None
Moment = str | datetime | None


class Filters(TypedDict, total=False):
    """What narrows a list of jobs or runs; several values as a sequence or separated by commas, any of them fits.

    `model` is part of a name, or the beginning of a sha256. `owner` is `ana@cann-07`, or `ana` on any host. `since` and
    `until` are moments, dates (UTC; the last one included), or how long ago: `7d`, `2h`. `text` is looked for in names,
    owners, hosts, toolkits and notes.
    """

    chip: Words
    batch: int | str | Sequence[int] | None
    model: str | None
    recipe: Words
    state: Words
    verdict: Words
    origin: Words
    host: Words
    owner: Words
    tag: Words
    since: Moment
    until: Moment
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Filters as they are looked for: each narrows, an empty one does not. Times are aware UTC, `until` is the first
    moment that is too late."""

    chip: tuple[str, ...] = ()
    batch: tuple[int, ...] = ()
    model: str = ""
    recipe: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the filters that narrow."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    def without(self, name: str) -> Search:
        """The same but for one filter."""
        return replace(self, **{name: getattr(Search(), name)})


def search_for(filters: Filters, *, states: Sequence[str], now: datetime) -> Search:
    """What these filters ask for; `states` are those that there are, `now` is what `7d` counts back from.

    Raises: UsageError, naming what there is, for a chip, batch, state, verdict or origin that cannot be, or a moment
    that is none.
    """
    return Search(
        chip=_chips(words_of(filters.get("chip"))),
        batch=_batches(filters.get("batch")),
        model=(filters.get("model") or "").strip(),
        recipe=words_of(filters.get("recipe")),
        state=_known("state", words_of(filters.get("state")), states),
        verdict=_known("verdict", tuple(word.upper() for word in words_of(filters.get("verdict"))), VERDICTS),
        origin=_known("origin", words_of(filters.get("origin")), ORIGINS),
        host=words_of(filters.get("host")),
        owner=words_of(filters.get("owner")),
        tag=tuple(map(tag_named, words_of(filters.get("tag")))),
        since=moment_of("since", filters.get("since"), now),
        until=moment_of("until", filters.get("until"), now),
        text=(filters.get("text") or "").strip(),
    )


def words_of(given: Words) -> tuple[str, ...]:
    """Each word once, in the order given."""
    words = given.split(",") if isinstance(given, str) else given or ()
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def moment_of(name: str, given: Moment, now: datetime) -> datetime | None:
    """`2026-11-23`, `2026-11-23T14:02+01:00`, or `7d` ago; UTC unless it says otherwise. The day that `until` names is
    included. Raises: UsageError for what is none of these."""
    if given is None or given == "":
        return None
    try:
        return _utc(given) if isinstance(given, datetime) else _read(given.strip(), now, name == "until")
    except (ValueError, OverflowError):
        text = f"{name} {given!r} is no moment; expected a date, a date and time, or how long ago."
        raise UsageError(text, hint=f"--{name} 2026-11-23, 2026-11-23T14:02, 7d or 2h") from None


def _read(text: str, now: datetime, inclusive: bool) -> datetime:
    if ago := re.fullmatch(r"([0-9]{1,6})([mhdw])", text):
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        day = date.fromisoformat(text) + timedelta(days=int(inclusive))
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return _utc(datetime.fromisoformat(text))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _batches(given: int | str | Sequence[int] | None) -> tuple[int, ...]:
    words = given if isinstance(given, str) else ",".join(map(str, [given] if isinstance(given, int) else given or ()))
    return parse_batches(words) if words.strip() else ()


def _chips(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(chip.name for chip in parse_chips(",".join(words))) if words else ()


def _known(what: str, words: tuple[str, ...], there_are: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if word not in there_are:
            text = f"{what} {word!r} is not known; there are {', '.join(there_are)}."
            raise UsageError(text, hint=f"--{what} {there_are[0]}")
    return words
