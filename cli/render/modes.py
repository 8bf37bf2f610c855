"""How a report marks what was measured on random data, and what it says of that."""

from __future__ import annotations

from dinoq.cli.render.words import percent, run_label, run_labels
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.spec import Mode
from dinoq.jobs.windows import AGREEING

PURE = "^"
"""Follows the batch of such a figure on a terminal."""

RANDOM_DATA = "none: random pixels, the same ones each time"
TOLD_DATA = "none here: figures as they were told"


def without_photos(report: Report) -> str:
    """What a report without a dataset stands on."""
    return TOLD_DATA if all(run.told for run in report.runs) else RANDOM_DATA


def marked(batch: int, mode: Mode) -> str:
    """`bs16`, or `bs4^` of random data."""
    return f"bs{batch}{PURE if mode == 'pure' else ''}"


def in_words(batch: int | str, mode: Mode) -> str:
    """`16`, or `4 (pure)`: for a page that has room."""
    return f"{batch} (pure)" if mode == "pure" else f"{batch}"


def pure_note(report: Report) -> str:
    """What there is no accuracy of, and why; empty when every run has the dataset."""
    runs = [run for run in report.runs if run.mode == "pure"]
    return f"pure ({run_labels(runs)}): random data, no photos and so no accuracy" if runs else ""


def windows_text(run: RunReport) -> str:
    """`cpu bs4: 3 windows, the last 3 within 1.2 %`, or `9.3 % apart`; empty for a run on the dataset."""
    windows = run.measured.windows
    if windows is None or windows.apart is None:
        return ""
    share = f"{percent(windows.apart, 1)} %"
    how = f"within {share}" if windows.agreed else f"{share} apart"
    return f"{run_label(run)}: {len(windows.batches)} windows, the last {AGREEING} {how}"
