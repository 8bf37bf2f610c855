"""The report as one HTML file that asks for nothing else: to be read, printed, and handed on."""

from __future__ import annotations

from dinoq.cli.render.html.page import page
from dinoq.jobs.report import Report


def render(report: Report) -> str:
    """The page, from the doctype on."""
    return page(report)
