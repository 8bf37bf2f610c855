"""One item, from hint to outcome: claim, do, finish or fail, tell whoever is next. The same for every kind of worker."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.items import finish, progress
from dinoq.jobs.errors import DinoqError
from dinoq.jobs.ledger import Claim, Compiled, Failure, FailureClass, Hint, Phase, Preprocessed
from dinoq.jobs.result import ShardResult

log = logging.getLogger(__name__)

BEAT_S = 2.0
"""How often a lease is extended; a fifth of its length."""
ASK_AGAIN_S = (0.2, 0.3, 0.5, 0.7, 1.0)
"""After which pauses a claim that a busy host refused is tried again, then every second: each try writes to SQL."""
REST_S = 5.0
"""How long a thread of a device that is set aside takes no hint: those are for the others."""

Result = Preprocessed | Compiled | ShardResult
Perform = Callable[[Claim, "Lease"], Result]
Publish = Callable[[Iterable[Hint]], None]


class LeaseLost(Exception):
    """The item is somebody else's now, or cancelled: stop, and say nothing."""


class Drained(Exception):
    """The worker is leaving: stop at this batch and hand the item back."""


class WorkFailed(Exception):
    """The item could not be done."""

    def __init__(self, kind: FailureClass, text: str, incarnation: str = "", output: str = "") -> None:
        super().__init__(text)
        self.failure = Failure(kind, text, incarnation, output)


@dataclass(frozen=True)
class Exit:
    """How a worker leaves: `leaving` takes nothing new, `stop` also hands back what is in hand at the next batch."""

    leaving: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class Lease:
    """A claim while it is worked on; `beat` keeps it."""

    def __init__(self, db: Database, held: Claim, leave: Exit) -> None:
        self._db = db
        self.held = held
        self._leave = leave
        self._phase: Phase | None = None
        self._n_done = 0
        self._last = self._heard = time.monotonic()

    def beat(self, phase: Phase, n_done: int = 0) -> None:
        """Call at every batch; SQL is written every two seconds, and at each change of phase.

        Raises: Drained when the worker is leaving, LeaseLost when the item is no longer ours.
        """
        if self._leave.stop.is_set():
            raise Drained
        now = self._heard = time.monotonic()
        if phase is self._phase and now - self._last < BEAT_S:
            return
        self._phase, self._n_done, self._last = phase, n_done, now
        if not progress(self._db, self.held.item_id, self.held.token, phase, n_done):
            raise LeaseLost

    @contextlib.contextmanager
    def kept(self, patience_s: float) -> Iterator[None]:
        """Keep it from aside while a step that cannot beat takes long (a stalled network folder), for `patience_s`."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(over, patience_s), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, over: threading.Event, patience_s: float) -> None:
        while not over.wait(BEAT_S) and time.monotonic() - self._heard < patience_s:
            if self._phase is None or time.monotonic() - self._last < BEAT_S:
                continue
            try:
                progress(self._db, self.held.item_id, self.held.token, self._phase, self._n_done)
            except Exception:
                log.exception("item %d: its lease was not extended this time", self.held.item_id)


def work(item_id: int, *, db: Database, worker_id: str, perform: Perform, publish: Publish, leave: Exit) -> None:
    """Do the item if it is to be had. Never raises: what goes wrong becomes a row, or is left to the sweeper."""
    try:
        held = _claimed(item_id, db, worker_id, leave)
        if held is not None:
            publish(_done(held, db, perform, leave))
    except Exception:
        # The ledger itself was out of reach: the lease runs out and the sweeper takes over.
        log.exception("item %d is left to the sweeper", item_id)


def _claimed(item_id: int, db: Database, worker_id: str, leave: Exit) -> Claim | None:
    pauses = itertools.chain(ASK_AGAIN_S, itertools.repeat(ASK_AGAIN_S[-1]))
    while not leave.leaving.is_set():
        answer = claim(db, item_id, worker_id)
        if isinstance(answer, Claim):
            return answer
        if not answer.again:
            log.debug("item %d: %s", item_id, answer.reason)
            if answer.set_aside:
                leave.leaving.wait(REST_S)
            return None
        leave.leaving.wait(next(pauses))
    return None


def _done(held: Claim, db: Database, perform: Perform, leave: Exit) -> list[Hint]:
    """Perform and report; the one place where any exception becomes a failed item."""
    try:
        result = perform(held, Lease(db, held, leave))
    except LeaseLost:
        log.info("item %d is no longer ours", held.item_id)
        return []
    except Drained:
        failure = Failure(FailureClass.DRAINED, "the worker was asked to leave")
    except WorkFailed as error:
        failure = error.failure
    except DinoqError as error:
        failure = Failure(FailureClass.TRANSIENT, error.told)
    except OSError as error:
        failure = Failure(FailureClass.TRANSIENT, str(error))
    except Exception as error:
        log.exception("item %d failed", held.item_id)
        failure = Failure(FailureClass.TRANSIENT, f"{type(error).__name__}: {error}")
    else:
        stored, hints = finish(db, held.item_id, held.token, result)
        if not stored:
            log.warning("item %d: the result was not taken: it came too late, or did not fit", held.item_id)
        return hints
    log.warning("item %d: %s: %s", held.item_id, failure.kind, failure.error)
    return fail(db, held.item_id, held.token, failure)
