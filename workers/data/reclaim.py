"""What of a store can be made anew, listed and removed: shards, compiled artifacts, and what killed processes left.

Models, results and kept logits are none of it, nor artifacts that were made elsewhere: nothing makes those anew.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.retention import GRACE_S, FileKind
from dinoq.workers.data.store import ASIDE, LEFT_OVER_S, Store, lying_since_s

FOLDERS: tuple[tuple[str, FileKind], ...] = (
    ("shards/*/*.shard", "shard"),
    ("artifacts/[!.]*", "artifact"),
    *((f"{folder}/.*", "leftover") for folder in ("shards", "artifacts", "models", "logits/*")),
)
GIVEN = "given-"
"""How the names of artifacts begin that were made elsewhere."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was listed: its place in the store, when it was made, and when somebody used it last, in epoch s."""

    kind: FileKind
    place: str
    path: Path
    bytes: int
    made_s: float
    used_s: float

    @property
    def key(self) -> str:
        """What a shard is known by."""
        return self.path.stem


def reclaimable(store: Store, kinds: Collection[FileKind]) -> Iterator[Found]:
    """Every file of these kinds, in no order. What vanishes meanwhile is left out."""
    for pattern, kind in FOLDERS:
        if kind not in kinds:
            continue
        for path in store.path.glob(pattern):
            with contextlib.suppress(OSError):
                facts = path.stat()
                if path.is_file() and not path.name.startswith(GIVEN) and not _is_held(path):
                    place = path.relative_to(store.path).as_posix()
                    yield Found(kind, place, path, facts.st_size, facts.st_mtime, facts.st_atime)


def idle_of(found: Found, told_s: float | None) -> float:
    """How long a file has lain idle, from when it was made or last used. When it was used says the ledger (`told_s`
    ago), whose word is surer than a time of access, which any backup changes; unless that is of the last hour, or the
    ledger knows nothing of the file."""
    now = time.time()
    made_s, used_s = max(0.0, now - found.made_s), max(0.0, now - found.used_s)
    surest_s = used_s if told_s is None or used_s < GRACE_S else told_s
    return min(made_s, surest_s)


def remove(store: Store, found: Found, let_go: Callable[[], bool]) -> bool:
    """Remove a file unless somebody used it since it was listed, or `let_go`, asked last, forbids it; whether it went.

    It is taken out of sight first, so that whoever looks for it finds it whole or not at all, and makes it anew.
    """
    aside = store.path / found.place.split("/", 1)[0] / f"{ASIDE}{uuid.uuid4().hex}"
    try:
        found.path.rename(aside)
    except OSError:  # another host was quicker
        return False
    gone = False
    try:
        facts = aside.stat()
        gone = (facts.st_mtime, facts.st_atime) == (found.made_s, found.used_s) and let_go()
    finally:
        if not gone:
            _put_back(aside, found.path)
    if gone:
        aside.unlink(missing_ok=True)
    return gone


def _is_held(path: Path) -> bool:
    """Whether somebody is removing it, and may put it back."""
    return path.name.startswith(ASIDE) and time.time() - lying_since_s(path) < LEFT_OVER_S


def _put_back(aside: Path, path: Path) -> None:
    """Unless it was made anew meanwhile."""
    if path.exists():
        aside.unlink(missing_ok=True)
    else:
        with contextlib.suppress(FileNotFoundError):  # somebody cleared away what lay about: it is made anew
            aside.rename(path)
