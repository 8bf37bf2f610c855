"""Numbers as people write them into tables, with the precision that was printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

BLANKS = frozenset(
    ["", "-", "--", "---", "/", "\\", "n/a", "na", "nan", "none", "null", "无", "暂无", "tbd", "todo", "x"]
)
"""What stands where nothing was measured; dashes of every width are `-` by then."""
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー─━－"), "-")
UNITS = {
    "fps": "", "img/s": "", "imgs/s": "", "image/s": "", "images/s": "", "images/sec": "", "img/sec": "",
    "samples/s": "", "sample/s": "", "ips": "", "qps": "", "it/s": "", "frames/s": "", "张/秒": "", "张/s": "",
    "帧/秒": "", "帧/s": "", "x": "x", "×": "x", "倍": "x", "%": "%",
}  # fmt: skip
"""Units of a rate (none), of a ratio (`x`) and of a part in hundred; any other unit is no figure of speed."""
MARKS = re.compile(r"<sup>.*?</sup>|\[\^[^\]]*\]|[⁰¹²³⁴-⁹*†‡§※①-⑳]+", re.IGNORECASE)
STRUCK = re.compile(r"~~.*?~~|<(del|s|strike)>.*?</\1>", re.IGNORECASE)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
TAG = re.compile(r"<[^<>]*>|&nbsp;", re.IGNORECASE)
NUMBER = re.compile(r"([+-]?(?:\d[\d,.' ]*)?\d(?:e[+-]?\d{1,2})?)\s*(k(?![a-z]))?\s*([^\d\s(]*)\s*(?:\([^()]*\))?")
THOUSANDS = {
    ".": re.compile(
        r"[+-]?[1-9]\d{0,2}(?:([, '])\d{3})(?:\1\d{3})*(?:\.\d+)?|[+-]?[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?"
    ),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(?:([. '])\d{3})(?:\1\d{3})*(?:,\d+)?"),
}
"""By decimal sign: numbers in groups of three digits."""
ONLY_DECIMAL_COMMA = re.compile(r"[+-]?(0|[1-9]\d*),(?!\d{3}\b)\d+|[+-]?0,\d+|[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+")
HAS_DECIMAL_POINT = re.compile(r",.*\.|\.(?!\d{3}\b)|^[+-]?(0|\d{4,})\.")
LONGEST = 200
"""Characters of a cell that are looked at: no figure is longer."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed number: its value, the step of its last printed digit, and whether it counts in hundredths (`%`)."""

    value: float
    step: float
    is_percent: bool = False


def plain(text: str) -> str:
    """The words of a cell without markup: no emphasis, links, tags, footnote marks or struck-out text; full-width
    letters, digits and signs as plain ones."""
    text = STRUCK.sub("", text[:LONGEST])
    text = LINK.sub(r"\1", text)
    text = TAG.sub(" ", MARKS.sub("", text))
    text = unicodedata.normalize("NFKC", text.replace("`", "").replace("\\", "")).translate(DASHES)
    return " ".join(text.split()).strip("_ ")


def is_blank(text: str) -> bool:
    """Whether the cell says that nothing was measured."""
    words = plain(text).lower()
    return words in BLANKS or not words.strip("-. ")


def decimal_sign(texts: Iterable[str]) -> str:
    """`,` where one of a table's numbers can only be read so (`0,852`, `1617,05`) and none has a decimal point."""
    numbers = [matched[1] for text in texts if (matched := NUMBER.fullmatch(plain(text).lower()))]
    has_comma = any(ONLY_DECIMAL_COMMA.fullmatch(number) for number in numbers)
    return "," if has_comma and not any(HAS_DECIMAL_POINT.search(number) for number in numbers) else "."


def read_figure(text: str, decimal: str = ".") -> Figure | None:
    """`1,617.052`, `１６１７．０５２`, `**1617.1 fps**`, `1.7x`, `85.2 %`, `2.4k`; None for anything but one such number.

    Approximate figures (`~1600`, `>1600`) and ranges are none: they prove nothing.
    """
    matched = NUMBER.fullmatch(plain(text).lower())
    if matched is None or (unit := UNITS.get(matched[3].rstrip(".;,"), "" if not matched[3] else "?")) == "?":
        return None
    digits = _without_separators(matched[1], decimal)
    if digits is None:
        return None
    scale = (1000.0 if matched[2] else 1.0) * (0.01 if unit == "%" else 1.0)
    mantissa, _, exponent = digits.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Figure(float(digits) * scale, 10.0**-decimals * scale, unit == "%")


def _without_separators(text: str, decimal: str) -> str | None:
    """The number with a point as its decimal sign; None where separators cannot be told apart.

    A separator parts groups of three digits; a lone comma that does not is a decimal sign whatever the table uses, and
    so is the last of two different separators.
    """
    sign = decimal if THOUSANDS[decimal].fullmatch(text) or not {".", ","} <= set(text) else ".,".replace(decimal, "")
    if THOUSANDS[sign].fullmatch(text):
        separator = next(character for character in text if character in ", '.")
        text = text.replace(separator, "")
    text = text.replace(",", ".")
    return text if re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text) else None
