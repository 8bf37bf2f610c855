"""`dinoq db` looks after the ledger's schema; `dinoq config` tells each setting and where it came from."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from dinoq.cli import console, settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The ledger's schema.", no_args_is_help=True, rich_markup_mode=None)
    group.command("upgrade")(upgrade)
    group.command("check")(check)
    app.add_typer(group, name="db")
    app.command("config")(config)


def upgrade() -> None:
    """Bring the database to this dinoq's schema."""
    from dinoq.db.engine import masked_url
    from dinoq.db.schema import upgrade as upgrade_schema
    from dinoq.workers.state_folder import prepare

    now = settings.load()
    if now.database_url.startswith("sqlite"):
        prepare(now.state)
    console.say(f"{masked_url(now.database_url)} is at schema {upgrade_schema(now.database_url)}")


def check() -> None:
    """Say whether the database fits this dinoq; exit 8 when it does not."""
    from dinoq.cli.ledger import open_ledger
    from dinoq.db.engine import masked_url

    now = settings.load()
    open_ledger(now).close()
    console.say(f"{masked_url(now.database_url)} fits this dinoq")


def config(as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False) -> None:
    """Each setting, its value, and where it came from: flag, DINOQ_*, dinoq.toml, default."""
    now = settings.load()
    rows = [(option.name, _shown(now, option), now.values[option.name].source) for option in settings.OPTIONS]
    if as_json:
        console.result(json.dumps({name: {"value": text, "source": source} for name, text, source in rows}, indent=2))
        return
    width = max(len(name) for name, _, _ in rows)
    for name, text, source in rows:
        console.result(f"{name:{width}}  {text if text is not None else '-'}  ({source})")


def _shown(now: settings.Settings, option: settings.Option) -> str | None:
    text = now.get(option.name)
    if text is None or not option.secret:
        return text
    from dinoq.db.engine import masked_url

    return masked_url(text)
