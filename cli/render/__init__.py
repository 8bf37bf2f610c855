"""Report values in, text out. A new format is one file here and one line in FORMATS."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.jobs.report import Report

FORMATS = {"text": "text", "md": "markdown", "json": "json"}


def renderer(format: str) -> Callable[[Report], str]:
    """The function that renders this format. Raises: UsageError, naming those there are."""
    if format not in FORMATS:
        raise UsageError(f"format {format!r} is none of {', '.join(FORMATS)}.", hint="--format text")
    module = importlib.import_module(f"dinoq.cli.render.{FORMATS[format]}")
    return cast("Callable[[Report], str]", module.render)
