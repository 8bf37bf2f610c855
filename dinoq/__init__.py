"""dinoq: proves accuracy and throughput of ImageNet classifiers, per chip and batch size, through a job queue.

For programs and notebooks: `dinoq.open_history()` (docs/api.md). What the names stand for is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dinoq.cli.api import Comparison, Filters, History, JobSummary, Limits, Report, RunFigures, open_history
    from dinoq.jobs.errors import DinoqError

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "DinoqError",
    "Filters",
    "History",
    "JobSummary",
    "Limits",
    "Report",
    "RunFigures",
    "__version__",
    "open_history",
]

if not TYPE_CHECKING:  # or any name would be there for a type checker

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module("dinoq.jobs.errors" if name == "DinoqError" else "dinoq.cli.api"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
