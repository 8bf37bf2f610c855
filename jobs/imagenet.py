"""What is known of ImageNet's validation set, to recognise label files by what they are.

Sources: the labels are of the public list `val_map.txt` (NAME INDEX, index by sorted WordNet id), the ids the first ten
lines of `ILSVRC2012_validation_ground_truth.txt` in the devkit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

NAME = re.compile(r"(?:.*/)?ILSVRC2012_val_([0-9]{8})(?:\.[^./]*)?")
SAMPLES = 50_000
CLASSES = 1000
FIRST_LABELS = (65, 970, 230, 809, 516, 57, 334, 415, 674, 332)
FIRST_IDS = (490, 361, 171, 822, 297, 482, 13, 704, 599, 164)
"""ILSVRC2012_ID of the same ten photos."""
STEP = 100
EVERY_STEP = (
    "1td5jk959z7icincqxmm587ve7ms73k1dqihlnp8kt1jopnbb19y844bbp3j3r1dp760ohct36if9mlt3ub413fq3ib6a1regyg2"
    "h8g1jo2vlwf33mkjgf2onlfmi01c4l8lm15a5y8j6qih23hnnm6y241b4vdh8vpk5mclcbkhp19pe545hdmznkmd0k3nriahb7l4"
    "3tdjd1bcln0i9m9q25mvhkabfih53p0i8u6gjvrhkdh4jp1t7lk12oo6h76pqs1x0v10n676n8kklf42hb67hsc9lmpgcf6wquas"
    "faoclz987wlbj74e1rhw74pcfriy6kdwmlnnizdvduj7cqfnpjc1j0hsdnfsfwfcaqdqkbj9c779n6gyes07oykk7yeqoidbel89"
    "nom07ea81prgqilfp95edcd7rrd0gi95gm9s7flp8okx6rilim62crg0li1gk34o0p2253n93bov77knquo2i61gdba41x2y13nh"
    "6bqke6iafa724d1xlzjm03pyhyirpbdqm2dygq15d3n6ja05bqkn5jh0bm3j4ib6ng1k36dj0rl52m7g837zg5qn97hzkjc71ybt"
    "d48ppnkg3ogplx0fmzpn6xbrpopprcd35xd6k5i0ofoffo5m1wrghkqohedgfg76iioijm6dflk1aw43ftpi1t2ue1ige654k739"
    "k19gpvbaby9b28nsc7a5hceplr7r81op33ioc51wll4sk3b6mglxm1npb8a334mu7794npk7aek63j30mefd8jdpktq21w5d0d4a"
    "qmm34w10dsgeki2cigjlqgj0bc592zaj7he5r4fhk0f05h1t9smk6ynon5hpk0bx48387ilyrda90n4w9wk4mb2lf25por5spe89"
    "cj0qfodsesdn7p64mk4ljyfrkvhmed94kx4c8tmv9wpkn418h0go8pgvq98g8y5ejf5s8v7b2eg567ntinhn8v38orh2hemc446r"
)
"""The labels of photos 1, 101, 201 and so on, two digits of base 36 each."""
KNOWN = {1 + STEP * no: int(EVERY_STEP[2 * no : 2 * no + 2], 36) for no in range(SAMPLES // STEP)}
KNOWN |= dict(enumerate(FIRST_LABELS, start=1))
ID_OF = dict(zip(FIRST_LABELS, FIRST_IDS, strict=True))
ENOUGH = 3
"""Known photos without which nothing is said."""

Order = Literal["unknown", "index", "index + 1", "ILSVRC2012_ID", "ILSVRC2012_ID - 1", "other"]


@dataclass(frozen=True, slots=True)
class Known:
    """A photo whose published label is known, and what is said of it here."""

    name: str
    label: int
    published: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """What labels are, judged by `known` photos of which `agree` have the published label, and the first that has not."""

    order: Order
    known: int
    agree: int
    misfit: Known | None


def photo_name(number: int) -> str:
    """The name of a validation photo; numbers begin at 1."""
    return f"ILSVRC2012_val_{number:08}.JPEG"


def recognise(labels: Iterable[tuple[str, int]]) -> Recognised:
    """What the labels of named photos are: the class by sorted WordNet id (`index`), that and one for the background,
    the devkit's ids, or another order of classes. `unknown` where too few of the photos are ImageNet's, or known."""
    known = [Known(name, label, KNOWN[no]) for name, label in labels if (no := _number(name)) in KNOWN]
    wrong = [one for one in known if one.label != one.published]
    return Recognised(_order(known), len(known), len(known) - len(wrong), wrong[0] if wrong else None)


def _order(known: list[Known]) -> Order:
    if len(known) < ENOUGH:
        return "unknown"
    # Half is enough: of another order one in a thousand agrees, and who mends labels mends a few.
    if 2 * sum(one.label == one.published for one in known) >= len(known):
        return "index"
    if 2 * sum(one.label == one.published + 1 for one in known) >= len(known):
        return "index + 1"
    off = {one.label - ID_OF[one.published] for one in known if one.published in ID_OF}
    if off == {-1}:
        return "ILSVRC2012_ID - 1"
    return "ILSVRC2012_ID" if off == {0} else "other"


def _number(name: str) -> int:
    """Of a validation photo; 0 for any other name."""
    found = NAME.fullmatch(name)
    return int(found[1]) if found else 0
