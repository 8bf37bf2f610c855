"""Jobs to and from `.dinoq` files (docs/exchange.md)."""

from __future__ import annotations

from dinoq.cli.exchange import Export, Import
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError


def write(now: Settings, asked: Export) -> int:
    """Write ended jobs to one file. Raises: UsageError for a job that is active."""
    raise UsageError("jobs cannot be written to .dinoq files yet.")


def read(now: Settings, asked: Import) -> int:
    """Take the jobs of one file into this history."""
    raise UsageError(f"{asked.path} cannot be read yet.")
