"""What the runs of a job are fed: every photo of its dataset, or random pixels; and the rule that says which is which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from dinoq.jobs.errors import UsageError
from dinoq.jobs.spec import Mode, RunSpec

Rule = Literal["dataset", "pure", "recipe"]
RULES: tuple[Rule, ...] = ("dataset", "pure", "recipe")
RECIPE_BATCHES = (1, 16)
"""Where the recipe's figures come from the whole dataset; at other batches it takes them from random data.

Source: the README of DINO ResNet-50 in Ascend's ModelZoo, section 7.1.
"""


def rule_named(text: str) -> Rule:
    """The rule of that name. Raises: UsageError, naming those there are."""
    if text not in RULES:
        raise UsageError(f"mode {text!r} is none of {', '.join(RULES)}.", hint="--mode pure")
    return text


def mode_of(rule: Rule, batch: int) -> Mode:
    """What a run of this batch is fed."""
    if rule == "recipe":
        return "dataset" if batch in RECIPE_BATCHES else "pure"
    return rule


def rule_of(runs: Iterable[RunSpec]) -> Rule:
    """The rule that gave runs their modes; of runs that are all fed alike, the plain one."""
    modes = {run.mode for run in runs}
    if len(modes) > 1:
        return "recipe"
    return "pure" if modes == {"pure"} else "dataset"


def with_modes(runs: Iterable[RunSpec], rule: Rule) -> tuple[RunSpec, ...]:
    """The runs, each with the mode that the rule gives its batch: equal batches have equal modes on every chip."""
    return tuple(replace(run, mode=mode_of(rule, run.batch)) for run in runs)
