"""How the programs of a report's runs were made and work: options of their toolchains, and what they say of themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from dinoq.cli.render.words import clip, run_labels
from dinoq.jobs.report import Report, RunReport

ELSEWHERE = ("tensorrt", "card", "batch", "precision", "origin", "dinoq")
"""What a report shows of every run in other places, or a comparison (`dinoq`: the version that worked it)."""


def given_text(run: RunReport) -> str:
    """`made elsewhere (model.om), precision as given`; empty where it was made here."""
    return f"made elsewhere ({clip(run.given, 30)}), precision as given" if run.given else ""


def flags_text(run: RunReport) -> str:
    """`op_select_implmode=high_precision`; empty where nothing was asked for."""
    return " ".join(f"{name}={value}" for name, value in run.flags.items())


def program_text(run: RunReport) -> str:
    """`clock own`, `precision_route flag, cuda_graph 0`; the ways of several devices one after the other."""
    ways = dict.fromkeys(_words(device.program) for device in run.devices)
    return " or ".join(way for way in ways if way)


def program_texts(report: Report) -> list[str]:
    """All of it, for each run that has any: `T4 bs1 bs16: cuda_graph=1; precision_route flag, cuda_graph 1`."""
    runs_of: defaultdict[str, list[RunReport]] = defaultdict(list)
    for run in report.runs:
        if text := "; ".join(filter(None, (given_text(run), flags_text(run), program_text(run)))):
            runs_of[text].append(run)
    return [f"{run_labels(runs)}: {text}" for text, runs in runs_of.items()]


def _words(program: Mapping[str, str]) -> str:
    return ", ".join(_fact(name, word) for name, word in sorted(program.items()) if name not in ELSEWHERE)


def _fact(name: str, word: str) -> str:
    return f"others took {word} of its cores" if name == "others" else f"{name} {word}"
