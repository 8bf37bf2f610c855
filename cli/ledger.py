"""Opens what a command works with: the ledger, the store, and the job a person means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dinoq.cli.settings import Settings

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.ledger import Hint


def open_ledger(settings: Settings) -> Database:
    """The ledger these settings name; a new SQLite file is made ready."""
    from dinoq.db.engine import open_database
    from dinoq.workers.state_folder import prepare

    if settings.database_url.startswith("sqlite"):
        prepare(settings.state)
    return open_database(settings.database_url)


def job_named(db: Database, text: str, settings: Settings) -> int:
    """The job a person means: a number, or `last`, their own last one."""
    from dinoq.db.history import resolve_job

    return resolve_job(db, text, settings.owner)


def send(db: Database, settings: Settings, hints: list[Hint]) -> None:
    """Tell the workers, where a broker is known; a living supervisor tells them within a second otherwise."""
    from dinoq.db.hints import mark_unhinted
    from dinoq.workers.state_folder import is_locked, pointer

    here = pointer(settings.state) if is_locked(settings.state) else None
    url = settings.get("broker_url") or (here.broker_url if here else None)
    if not hints or url is None:
        unsent = [hint.item_id for hint in hints]
    else:
        from dinoq.broker.app import make_app, publish

        unsent = publish(make_app(url), hints)
    if unsent:
        mark_unhinted(db, unsent)
