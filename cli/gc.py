"""`dinoq gc`: makes room in the store, by removing what can be made anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, interrupts, settings
from dinoq.cli.render.columns import table
from dinoq.cli.render.words import counted
from dinoq.jobs.quantities import age_text, bytes_of, bytes_text, seconds_of
from dinoq.jobs.retention import GRACE_S, FileKind, Limits, StoredFile, removable

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.workers.data.reclaim import Found
    from dinoq.workers.data.store import Store

KINDS: tuple[FileKind, ...] = ("shard", "artifact", "leftover")
STAYS = ("interrupted; what was not removed yet stays, and nothing is lost.", "See: dinoq gc")
HOW = "nothing is removed without a limit: dinoq gc --older-than 30d, or --keep-size 20GiB"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gc")(gc)


def gc(
    older_than: Annotated[str | None, typer.Option("--older-than", help="idle for longer, e.g. 30d or 12h")] = None,
    keep_size: Annotated[str | None, typer.Option("--keep-size", help="until no more is left, e.g. 20GiB")] = None,
    shards: Annotated[bool, typer.Option("--shards", help="preprocessed photos alone")] = False,
    artifacts: Annotated[bool, typer.Option("--artifacts", help="compiled programs alone")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would go, remove nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Make room in the store: remove shards and compiled artifacts by age or size, the longest idle first.

    Jobs make them anew. What active ones need stays; results, models and kept logits are never removed.
    """
    from dinoq.cli.ledger import open_ledger
    from dinoq.workers.data.reclaim import reclaimable
    from dinoq.workers.data.store import open_store

    limits = Limits(
        idle_s=None if older_than is None else seconds_of(older_than, "--older-than"),
        bytes=None if keep_size is None else bytes_of(keep_size, "--keep-size"),
    )
    now = settings.load()
    db, store = open_ledger(now), open_store(now.store)
    with interrupts.told(*STAYS):
        found = {one.place: one for one in reclaimable(store, _kinds(shards=shards, artifacts=artifacts))}
        files = _judged(db, found.values())
        chosen = removable(files, limits)
        gone = chosen if dry_run else _removed(db, store, chosen, found)
    went = {one.place for one in gone}
    kept = [one for one in files if one.place not in went]
    if as_json:
        told = {"dry_run": dry_run, "removed": _values(gone), "kept": _values(kept)}
        console.result(json.dumps(told, indent=2))
    elif limits.given:
        console.result(_sentence(gone, kept, dry_run=dry_run))
        if any(one.idle_s < GRACE_S and not one.needed for one in kept):
            console.note("what was made or used within the last hour stays")
    else:
        console.result(_survey(files))
        console.note(HOW)


def _kinds(*, shards: bool, artifacts: bool) -> set[FileKind]:
    both = shards == artifacts
    chosen: tuple[tuple[FileKind, bool], ...] = (("shard", shards or both), ("artifact", artifacts or both))
    return {"leftover", *(kind for kind, wanted in chosen if wanted)}


def _judged(db: Database, found: Iterable[Found]) -> list[StoredFile]:
    """Each with what the ledger knows of its use."""
    from dinoq.db.retention import artifacts_used, shards_used
    from dinoq.workers.data.reclaim import idle_of

    shards, artifacts = shards_used(db), artifacts_used(db)
    judged = []
    for one in found:
        use = {"shard": shards.get(one.key), "artifact": artifacts.get(one.place)}.get(one.kind)
        idle_s = idle_of(one, use.idle_ms / 1000 if use else None)
        needed = bool(use and use.needed)
        judged.append(StoredFile(kind=one.kind, place=one.place, bytes=one.bytes, idle_s=idle_s, needed=needed))
    return judged


def _removed(
    db: Database, store: Store, chosen: Sequence[StoredFile], found: dict[str, Found]
) -> tuple[StoredFile, ...]:
    """Those that went: what somebody needs by now stays."""
    from dinoq.cli.board import Count
    from dinoq.db.retention import let_go
    from dinoq.workers.data.reclaim import remove

    gone = []
    with Count("removing", len(chosen)) as count:
        for done, one in enumerate(chosen, start=1):
            may_go = partial(let_go, db, one.place) if one.kind == "artifact" else _always
            if remove(store, found[one.place], may_go):
                gone.append(one)
            count(done)
    return tuple(gone)


def _always() -> bool:
    """Whoever misses a shard sends its slice back, and a leftover is missed by nobody."""
    return True


def _sentence(gone: Sequence[StoredFile], kept: Sequence[StoredFile], *, dry_run: bool) -> str:
    went = "would go" if dry_run else "removed"
    needed = sum(one.bytes for one in kept if one.needed)
    wanted = f", {bytes_text(needed)} of it for active jobs" if needed else ""
    return f"{went}: {_listed(gone)}; stays: {_listed(kept)}{wanted}"


def _listed(files: Sequence[StoredFile]) -> str:
    """`3 shards, 1 artifact (2.1 GiB)`."""
    counts = [(kind, sum(one.kind == kind for one in files)) for kind in KINDS]
    names = ", ".join(counted(count, kind) for kind, count in counts if count)
    return f"{names} ({bytes_text(sum(one.bytes for one in files))})" if names else "nothing"


def _survey(files: Sequence[StoredFile]) -> str:
    rows = []
    for kind in KINDS:
        mine = [one for one in files if one.kind == kind]
        oldest = age_text(max((one.idle_s for one in mine), default=0.0)) if mine else "-"
        needed = sum(one.needed for one in mine)
        rows.append([f"{kind}s", str(len(mine)), bytes_text(sum(one.bytes for one in mine)), oldest, str(needed)])
    heads = ("what", "files", "size", "longest idle", "for active jobs")
    return table(heads, rows, right=heads[1:])


def _values(files: Sequence[StoredFile]) -> dict[str, dict[str, float]]:
    return {
        kind: {
            "files": len(mine),
            "bytes": sum(one.bytes for one in mine),
            "needed": sum(one.needed for one in mine),
            "longest_idle_s": round(max((one.idle_s for one in mine), default=0.0)),
        }
        for kind in KINDS
        for mine in [[one for one in files if one.kind == kind]]
    }
