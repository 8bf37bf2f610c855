"""Which flags of `dinoq export` a format has a use for; any other is refused, never overlooked."""

from __future__ import annotations

from dinoq.cli.exchange import Export
from dinoq.jobs.errors import UsageError

OF_RUN = ("JOB", "--run")
OF_OUTPUTS = (*OF_RUN, "--outfmt")
OF_PHOTOS = ("--limit",)


def check_flags(asked: Export, what: str, useful: tuple[str, ...]) -> None:
    """Raises: UsageError for a flag that `--as what` has no use for."""
    given = {
        "JOB": asked.jobs,
        "--run": asked.run,
        "--limit": asked.limit,
        "--outfmt": asked.outfmt,
        "--with-logits": asked.with_logits,
    }
    if strange := [name for name, value in given.items() if value and name not in useful]:
        raise UsageError(f"--as {what} has no use for {', '.join(strange)}.", hint="leave it out: dinoq export --help")
