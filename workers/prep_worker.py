"""The prep worker: photos to verified shards in the store, one slice per item, as many at once as it has threads."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path

from dinoq.db.engine import Database
from dinoq.db.items import start
from dinoq.db.records import load_manifest
from dinoq.jobs.errors import BadDataset
from dinoq.jobs.ledger import Claim, Phase, Preprocessed
from dinoq.workers.data.datasets import open_photos
from dinoq.workers.data.photos import Photos
from dinoq.workers.data.slices import store_slice
from dinoq.workers.data.store import Store
from dinoq.workers.tasks import Lease, LeaseLost


class PrepWorker:
    """What `tasks.work` performs for preprocess items; all its pool threads share it.

    `roots` maps the names of `dinoq.toml`'s datasets to this host's folders and tars; any other source is one itself.
    """

    def __init__(self, db: Database, store: Store, state: Path, roots: Mapping[str, str]) -> None:
        self._db = db
        self._store = store
        self._state = state
        self._roots = roots
        self._manifest = functools.lru_cache(maxsize=2)(functools.partial(load_manifest, db))

    def perform(self, held: Claim, lease: Lease) -> Preprocessed:
        """Preprocess one slice. Raises: DinoqError when the photos are gone or the store full, Drained, LeaseLost."""
        manifest = self._manifest(held.spec.data.manifest_id)
        if not start(self._db, held.item_id, held.token):
            raise LeaseLost
        return store_slice(
            self._store,
            self._photos(held.spec.data.source),
            manifest,
            held.first,
            held.count,
            held.spec.recipe,
            salt=held.job_uuid,
            digests=self._state / "digests",
            progress=functools.partial(lease.beat, Phase.RUNNING),
        )

    def _photos(self, source: str) -> Photos:
        root = Path(self._roots.get(source, source))
        if not root.exists():
            raise BadDataset(f"{root} is not there (any more) on this host.", hint="mount it, then dinoq retry")
        return open_photos(root, cache=self._state / "tars")


def yield_to_devices() -> None:
    """Let device workers run first: preparation can wait, a timed batch cannot. Where the kernel schedules by session,
    only the session's own niceness counts, and only it may be out of our hands."""
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")
