"""What is known of cards and models that others publish figures of: peaks and cost of an image. A user's TOML adds to it.

A card is the unit of published tables: a 310's column is its four chips together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dinoq.jobs.chips import CHIPS
from dinoq.jobs.errors import UsageError

EXAMPLE = '[chips.A10] peak_tflops_fp16 = 125  names = ["NVIDIA A10"]   or   [models.my_net] gflop = 3.6'
CHIP_KEYS = ("peak_tflops_fp16", "peak_tops_int8", "chips_per_card", "names", "source")
MODEL_KEYS = ("gflop", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """A kind of card: dense peaks of the whole card, all its chips, in TFLOPS (TOPS for int8) by precision; who says so.

    `pattern` matches the names people use, in capitals, without blanks and signs.
    """

    name: str
    pattern: str
    peaks: Mapping[str, float]
    source: str
    chips: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What one image costs a model, in GFLOP, 2 per multiply-accumulate, and who says so."""

    name: str
    gflop: float
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The cards and models that are known; of two with one name the first counts."""

    cards: tuple[CardFacts, ...]
    models: tuple[ModelFacts, ...]

    def card(self, text: str) -> CardFacts | None:
        """The card that people write as `310P`, `Ascend310P3`, `Atlas 300I Pro`, `Tesla T4`; None for any other."""
        plain = _plain(text)
        return next((card for card in self.cards if re.fullmatch(card.pattern, plain)), None)

    def model_in(self, text: str) -> ModelFacts | None:
        """The model that a title or a label names in words of its own; the longest name where there are several."""
        words = f" {' '.join(_words(text))} "
        named = [model for model in self.models if f" {' '.join(_words(model.name))} " in words]
        return max(named, key=lambda model: len(model.name), default=None)


def _plain(text: str) -> str:
    plain = re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", text)).upper()
    return re.sub(r"^(HUAWEI|NVIDIA)?(ASCEND|ATLAS|TESLA)?(?=.)", "", plain)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKC", text).lower())


# int8 from the data sheets that `jobs/chips.py` has the fp16 peaks from.
INT8_TOPS = {"310": 16.0, "310P3": 140.0, "T4": 130.0}
SHEETS = {
    "310": "Huawei, Ascend 310 product page: 16 TOPS int8 a chip, fp16 half of it; 4 chips a card",
    "310P3": "Huawei, Atlas 300I Pro data sheet",
    "T4": "NVIDIA, T4 data sheet",
}
ALIASES = {"310P3": "300IPRO"}
CARDS = (
    *(
        CardFacts(
            name=chip.name,
            pattern="|".join(filter(None, (chip.pattern, ALIASES.get(chip.name)))),
            peaks={
                "fp16": chip.chips_per_card * chip.peak_tflops,
                "int8": chip.chips_per_card * INT8_TOPS[chip.name],
            },
            source=SHEETS[chip.name],
            chips=chip.chips_per_card,
        )
        for chip in CHIPS
        if chip.peak_tflops is not None
    ),
    CardFacts(
        name="300I Duo", pattern="300IDUO", peaks={"fp16": 140.0, "int8": 280.0}, chips=2,
        source="Huawei, Atlas 300I Duo data sheet: 280 TOPS int8, fp16 half of it",
    ),
)  # fmt: skip

TIMM = "timm's model table: 4.11 GMAC"
TORCHVISION = "torchvision's model table, GFLOPS (multiply-accumulates)"
MODELS = (
    ModelFacts(name="dino_resnet50", gflop=8.22, source=TIMM),
    ModelFacts(name="resnet50", gflop=8.22, source=TIMM),
    *(
        ModelFacts(name=name, gflop=2.0 * gmac, source=f"{TORCHVISION}: {gmac}")
        for name, gmac in (
            ("resnet18", 1.814), ("resnet34", 3.664), ("resnet101", 7.801), ("resnet152", 11.514),
            ("resnext50_32x4d", 4.23), ("resnext101_32x8d", 16.414),
            ("wide_resnet50_2", 11.398), ("wide_resnet101_2", 22.753),
        )
    ),
)  # fmt: skip
BUILT_IN = Facts(CARDS, MODELS)


def extended(facts: Facts, table: Mapping[str, object], origin: str) -> Facts:
    """The facts with those of a TOML table before them: `[chips.NAME]` and `[models.NAME]`; `origin` names the file.

    Raises: UsageError for an unknown key or a value that is no positive number.
    """
    if unknown := sorted(set(table) - {"chips", "models"}):
        raise UsageError(f"{origin} has {unknown[0]!r}; expected [chips.NAME] and [models.NAME].", hint=EXAMPLE)
    cards = [_card(facts, name, _entry(entry, CHIP_KEYS, f"{origin}: chips.{name}"), origin)
             for name, entry in _entries(table, "chips", origin)]  # fmt: skip
    models = [_model(name, _entry(entry, MODEL_KEYS, f"{origin}: models.{name}"), origin)
              for name, entry in _entries(table, "models", origin)]  # fmt: skip
    return Facts((*cards, *facts.cards), (*models, *facts.models))


def _entries(table: Mapping[str, object], key: str, origin: str) -> list[tuple[str, object]]:
    entries = table.get(key, {})
    if not isinstance(entries, dict):
        raise UsageError(f"{origin} has {key} = {entries!r}; expected tables [{key}.NAME].", hint=EXAMPLE)
    return list(entries.items())


def _entry(entry: object, keys: tuple[str, ...], where: str) -> dict[str, object]:
    if not isinstance(entry, dict) or not set(entry) <= set(keys):
        raise UsageError(f"{where} is {entry!r}; expected a table with {', '.join(keys)}.", hint=EXAMPLE)
    return entry


def _card(facts: Facts, name: str, entry: Mapping[str, object], origin: str) -> CardFacts:
    """A card anew, or a known one with other peaks: its names and what is not said anew stay."""
    where = f"{origin}: chips.{name}"
    known = facts.card(name) or CardFacts(name=name, pattern=re.escape(_plain(name)), peaks={}, source=origin)
    chips = int(_number(entry.get("chips_per_card", known.chips), f"{where}.chips_per_card"))
    keys = {"fp16": "peak_tflops_fp16", "int8": "peak_tops_int8"}
    peaks = {unit: chips * _number(entry[key], f"{where}.{key}") for unit, key in keys.items() if key in entry}
    names = entry.get("names", [])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise UsageError(f"{where}.names is {names!r}; expected a list of names.", hint=EXAMPLE)
    return replace(
        known,
        pattern="|".join([known.pattern, *(re.escape(_plain(one)) for one in names)]),
        peaks={**known.peaks, **peaks},
        source=str(entry.get("source", origin)),
        chips=chips,
    )


def _model(name: str, entry: Mapping[str, object], origin: str) -> ModelFacts:
    gflop = _number(entry.get("gflop"), f"{origin}: models.{name}.gflop")
    return ModelFacts(name=name, gflop=gflop, source=str(entry.get("source", origin)))


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise UsageError(f"{where} is {value!r}; expected a number above 0.", hint=EXAMPLE)
    return float(value)
