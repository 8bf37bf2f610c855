"""Which flags of `dinoq export` and `dinoq import` a format has a use for; any other is refused, never overlooked."""

from __future__ import annotations

from collections.abc import Mapping

from dinoq.cli.exchange import Export, Import
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError

OF_JOBS = ("JOB", "--with-logits")
OF_RUN = ("JOB", "--run")
OF_OUTPUTS = (*OF_RUN, "--outfmt")
OF_PHOTOS = ("--limit", "--data", "--labels", "--recipe")
OF_ARRIVED = ("--update",)
OF_FIGURES = (
    *("--name", "--precision", "--origin", "--driver", "--toolkit"),
    *("--chip", "--batches", "--model", "--recipe", "--baseline"),
)
OF_DUMP = (*OF_FIGURES, "--data", "--labels")


def check_export(now: Settings, asked: Export, what: str, useful: tuple[str, ...]) -> None:
    """Raises: UsageError for a flag that the format `what` has no use for."""
    given = {
        "JOB": asked.jobs or None,
        "--run": asked.run,
        "--limit": asked.limit,
        "--outfmt": asked.outfmt,
        "--with-logits": asked.with_logits or None,
    }
    _check({**given, **_settings(now, "data", "labels", "recipe")}, "export", what, useful)


def check_import(now: Settings, asked: Import, what: str, useful: tuple[str, ...]) -> None:
    """Raises: UsageError for a flag that an import of `what` has no use for."""
    given = {
        "--name": asked.name,
        "--update": asked.update or None,
        "--precision": asked.precision,
        "--origin": asked.origin,
        "--driver": asked.driver,
        "--toolkit": asked.toolkit,
    }
    settings = _settings(now, "chip", "batches", "model", "data", "labels", "recipe", "baseline")
    _check({**given, **settings}, "import", what, useful)


def _settings(now: Settings, *names: str) -> dict[str, object]:
    """What flags say; a variable or dinoq.toml speaks of all commands, so it is no mistake here."""
    return {f"--{name}": now.values[name].text for name in names if now.values[name].source == "flag"}


def _check(given: Mapping[str, object], command: str, what: str, useful: tuple[str, ...]) -> None:
    if strange := [name for name, value in given.items() if value is not None and name not in useful]:
        text = f"{what} has no use for {', '.join(strange)}."
        raise UsageError(text, hint=f"leave it out: dinoq {command} --help")
