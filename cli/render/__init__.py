"""Report values in, text out. A new format is one file here and one line in FORMATS."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.jobs.report import Report

FORMATS = {
    "text": "text",
    "md": "markdown",
    "json": "json",
    "html": "html",
    "csv": "tabular",
    "modelzoo": "modelzoo",
}
LANGUAGES = ("zh", "en")


def renderer(format: str, lang: str | None = None) -> Callable[[Report], str]:
    """The function that renders this format. Raises: UsageError, naming those there are."""
    if format not in FORMATS:
        raise UsageError(f"format {format!r} is none of {', '.join(FORMATS)}.", hint="--format text")
    render = cast("Callable[..., str]", importlib.import_module(f"dinoq.cli.render.{FORMATS[format]}").render)
    if lang is None:
        return render
    if format != "modelzoo":
        raise UsageError(f"--lang is for --format modelzoo, not for {format}.", hint="leave out --lang")
    if lang not in LANGUAGES:
        raise UsageError(f"language {lang!r} is none of {', '.join(LANGUAGES)}.", hint="--lang en")
    return functools.partial(render, lang=lang)
