"""What the header of a performance table says, in English or Chinese: which column is which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dinoq.jobs.facts import CardFacts, Facts
from dinoq.jobs.formats.figures import plain

Kind = Literal["batch", "chip", "group", "figure", "ratio", "other"]

BATCH = {"bs", "batch", "batches", "batchsize", "批次", "批大小", "批次大小", "批处理大小", "批量", "批量大小"}
CHIP = {
    *("chip", "device", "card", "hardware", "accelerator", "platform"),
    *("芯片", "芯片型号", "设备", "硬件", "型号", "卡型号", "平台", "硬件平台"),
}  # fmt: skip
GROUP = {
    *("model", "network", "name", "precision", "dtype", "datatype"),
    *("模型", "模型名称", "模型名", "网络", "网络名称", "名称", "数据类型"),
}  # fmt: skip
BATCH_LABEL = re.compile(r"(?<![a-z])(?:bs|batch(?:[ _-]?size)?|批次(?:大小)?|批大小)[ _=:-]*(\d{1,5})(?!\d)")
BEST_LABEL = re.compile(r"最优|最佳|最好|最高|\b(?:best|optimal|max|peak)\b")
PER_SECOND = r"(?:imgs?|images?|samples?|frames?|张|帧)\s*/\s*(?:s|sec|second|秒)\b"
SPEED = re.compile(rf"{PER_SECOND}|性能|吞吐[率量]?|throughput|performance|\bperf\b|\bfps|\bqps|\bips\b|\bcompute\b")
UNIT = rf"(?:{SPEED.pattern}|[x*×]? ?\d ?(?:chips?|芯片?)?|cards?|卡|单位|倍|[x%/: ])"
NOT_A_NAME = re.compile(rf"[(\[]{UNIT}+[)\]]|{SPEED.pattern}|单卡|数据|%", re.IGNORECASE)
"""Units, in brackets or not, and words for throughput; other words in brackets tell columns apart."""
IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
NO_SPEED = re.compile(
    r"精度|准确|\bacc(?!el)|top-?\d|\bm?ap\b|iou|latency|时延|延迟|耗时|时间|\btimes?\b|\(s\)|\bms\b|\bgb\b|\bmb\b"
    r"|memory|内存|显存|power|功耗|param|flop|size|loss|版本|version"
)
SIMULATED = re.compile(r"simulat|模拟|仿真")
INT8 = re.compile(r"int8|量化")


APART = re.compile(rf"{IN_BRACKETS.pattern}|int8|fp16|fp32|量化", re.IGNORECASE)
"""What a card's name may come with; columns that differ in it are different ones."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what it holds and its name without units; of a ratio the names of its two sides.

    `card` is None for what is no known card, and for a simulated one, which is held against no real card.
    `is_speed`: the header itself speaks of throughput. `scale` is 0.01 for a ratio in percent.
    """

    kind: Kind
    name: str
    card: CardFacts | None = None
    sides: tuple[str, str] | None = None
    is_speed: bool = False
    scale: float = 1.0
    is_int8: bool = False


def columns(headers: Sequence[str], facts: Facts) -> tuple[Column, ...]:
    """What each header names. A ratio is one whose two sides are columns of the table, or known cards."""
    texts = [plain(header).lower() for header in headers]
    ratios = [_sides(text) for text in texts]
    wanted = {_key(side, facts) for sides in ratios if sides for side in sides}
    found = [_plain_column(header, facts, wanted) for header in headers]
    figures = {_key(column.name, facts): column.name for column in found if column.kind == "figure"}
    return tuple(
        _ratio(plain(header), sides, figures, facts) or column
        for header, sides, column in zip(headers, ratios, found, strict=True)
    )


def batch_of(text: str) -> int | None:
    """`bs16`, `batch size 16`, `dino_resnet50_bs16`, `16`; None for any other label."""
    label = plain(text).lower()
    number = BATCH_LABEL.search(label) or re.fullmatch(r"(\d{1,5})", label)
    return int(number[1]) or None if number else None


def is_batch_label(text: str) -> bool:
    """Whether the text is a batch and nothing else, and says so: `bs16`."""
    return bool(BATCH_LABEL.fullmatch(plain(text).lower()))


def is_batch_header(text: str) -> bool:
    """Whether the header says that batches stand below, or beside it."""
    return _word(plain(text).lower()) in BATCH


def is_best(text: str) -> bool:
    """Whether the label is that of the row of the best batch."""
    return bool(BEST_LABEL.search(plain(text).lower()))


def without_batch(text: str) -> str:
    """What else a label says: `dino_resnet50` of `dino_resnet50_bs16`."""
    label = plain(text)
    return BATCH_LABEL.sub("", label.lower()).strip(" _-,:()") if BATCH_LABEL.search(label.lower()) else ""


def _plain_column(header: str, facts: Facts, sides: set[str]) -> Column:
    """A column that is no ratio."""
    text = plain(header).lower()
    name, word = _name(plain(header)), _word(text)
    if word in BATCH:
        return Column("batch", name)
    if word in CHIP or word in GROUP:
        return Column("chip" if word in CHIP else "group", name)
    card, is_speed = card_named(name, facts), bool(SPEED.search(text))
    if NO_SPEED.search(text) or not (card or is_speed or _key(name, facts) in sides):
        return Column("other", name)
    card = None if SIMULATED.search(text) else card
    return Column("figure", name or plain(header), card, is_speed=is_speed, is_int8=bool(INT8.search(text)))


def _ratio(header: str, sides: tuple[str, str] | None, figures: dict[str, str], facts: Facts) -> Column | None:
    if sides is None or NO_SPEED.search(header.lower()):
        return None
    over, under = (figures.get(_key(side, facts)) for side in sides)
    if over and under:
        return Column("ratio", header, sides=(over, under), scale=0.01 if "%" in header else 1.0)
    if all(card_named(side, facts) or figures.get(_key(side, facts)) for side in sides):
        return Column("ratio", header)
    return None


def _sides(text: str) -> tuple[str, str] | None:
    over, slash, under = re.sub(PER_SECOND, "", text).partition("/")
    over, under = _name(over), _name(under)
    return (over, under) if slash and over and under and "/" not in under else None


def _name(header: str) -> str:
    """The header without units and words for throughput."""
    return " ".join(NOT_A_NAME.sub(" ", header).split()).strip(" :,_-")


def card_named(name: str, facts: Facts) -> CardFacts | None:
    """The card of a column or a row, whatever precision or brackets come with its name."""
    return facts.card(APART.sub("", name))


def _word(text: str) -> str:
    return re.sub(r"[\s_-]", "", IN_BRACKETS.sub("", text))


def _key(name: str, facts: Facts) -> str:
    """What two spellings of one column share: the card's name where it is one, and what else tells it apart."""
    card = card_named(name, facts)
    return card.name + "".join(APART.findall(name.lower())) if card else re.sub(r"[\s_-]", "", name.lower())
