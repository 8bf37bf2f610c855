"""One item from hint to outcome: who asks again, what each way to fail becomes, and that nothing is ever raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from dinoq.jobs.errors import BadDataset, EnvironmentTrouble
from dinoq.jobs.ledger import Claim, Failure, FailureClass, Hint, Kind, Phase, Preprocessed, Refusal
from dinoq.workers import tasks
from dinoq.workers.tasks import Drained, Exit, Lease, LeaseLost, WorkFailed, work
from tests.builders import make_manifest, make_spec

HELD = Claim(
    item_id=7,
    token=3,
    kind=Kind.PREPROCESS,
    job_id=1,
    job_uuid="uuid",
    spec=make_spec(make_manifest()),
    run_no=0,
    no=1,
    slice_no=1,
    first=0,
    count=4,
    attempts=0,
)
DONE = Preprocessed(shard_key="key", readable=b"\1" * 4, sample_sha256s=bytes(128))
NEXT = [Hint(8, Kind.PREPROCESS)]
BUSY, GONE = Refusal("host is busy", again=True), Refusal("item 7 is done")
ASIDE = Refusal("device d is faulty", set_aside=True)


@dataclass
class Ledger:
    """Answers claims from a script, and notes what it is told."""

    answers: list[Claim | Refusal] = field(default_factory=lambda: [HELD])
    told: list[object] = field(default_factory=list)
    still_held: bool = True
    out_of_reach: bool = False

    def claim(self, _: object, item_id: int, worker: str) -> Claim | Refusal:
        self.told.append(f"claim {item_id} for {worker}")
        return self.answers.pop(0)

    def finish(self, _: object, item_id: int, token: int, result: object) -> tuple[bool, list[Hint]]:
        if self.out_of_reach:
            raise EnvironmentTrouble("the database does not serve.")
        self.told.append((item_id, token, result))
        return self.still_held, NEXT

    def fail(self, _: object, item_id: int, token: int, failure: Failure) -> list[Hint]:
        self.told.append((item_id, token, failure))
        return NEXT

    def progress(self, _: object, item_id: int, token: int, phase: Phase, n_done: int) -> bool:
        self.told.append(f"{phase} {n_done}")
        return self.still_held


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """In place of SQL."""
    made = Ledger()
    for name in ("claim", "finish", "fail", "progress"):
        monkeypatch.setattr(tasks, name, getattr(made, name))
    monkeypatch.setattr(tasks, "ASK_AGAIN_S", (0.0,))
    return made


def do(perform: Callable[[Claim, Lease], Preprocessed], leave: Exit | None = None) -> list[Hint]:
    """Work item 7; the hints that were published."""
    sent: list[Hint] = []

    def publish(hints: Iterable[Hint]) -> None:
        sent.extend(hints)

    work(7, db=None, worker_id="w", perform=perform, publish=publish, leave=leave or Exit())  # type: ignore[arg-type]
    return sent


def never(*_: object) -> Preprocessed:
    """What must not be performed."""
    raise AssertionError


def failing(error: Exception) -> Callable[[Claim, Lease], Preprocessed]:
    """Work that ends so."""

    def perform(held: Claim, lease: Lease) -> Preprocessed:
        raise error

    return perform


def test_what_is_done_is_stored_with_its_token_and_the_next_are_told(ledger: Ledger) -> None:
    assert do(lambda *_: DONE) == NEXT
    assert ledger.told == ["claim 7 for w", (7, 3, DONE)]


def test_what_is_refused_is_left_alone(ledger: Ledger) -> None:
    ledger.answers = [GONE]
    assert do(never) == []
    assert ledger.told == ["claim 7 for w"]


class Watched(threading.Event):
    """Notes how long is waited for it, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


@pytest.mark.parametrize(("answer", "waits"), [(GONE, []), (ASIDE, [tasks.REST_S])])
def test_a_device_that_is_set_aside_leaves_the_hints_to_others(
    ledger: Ledger, answer: Refusal, waits: list[float]
) -> None:
    ledger.answers, leaving = [answer], Watched()
    assert do(never, Exit(leaving=leaving)) == []
    assert leaving.waits == waits


def test_a_busy_host_is_asked_again_until_it_is_free(ledger: Ledger) -> None:
    ledger.answers = [BUSY, BUSY, HELD]
    assert do(lambda *_: DONE) == NEXT
    assert ledger.told == ["claim 7 for w"] * 3 + [(7, 3, DONE)]


def test_whoever_leaves_takes_nothing_new(ledger: Ledger) -> None:
    leave = Exit()
    leave.leaving.set()
    assert do(never, leave) == []
    assert ledger.told == []


def test_whoever_leaves_asks_a_busy_host_no_more(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    leave = Exit()

    def busy(*_: object) -> Refusal:
        leave.leaving.set()
        return BUSY

    monkeypatch.setattr(tasks, "claim", busy)
    assert do(never, leave) == []


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Drained(), Failure(FailureClass.DRAINED, "the worker was asked to leave")),
        (WorkFailed(FailureClass.DEVICE, "it burns", "life-1"), Failure(FailureClass.DEVICE, "it burns", "life-1")),
        (WorkFailed(FailureClass.PERMANENT, "no"), Failure(FailureClass.PERMANENT, "no")),
        (BadDataset("the folder is gone."), Failure(FailureClass.TRANSIENT, "the folder is gone.")),
        (OSError(5, "Input/output error"), Failure(FailureClass.TRANSIENT, "[Errno 5] Input/output error")),
        (ZeroDivisionError("by zero"), Failure(FailureClass.TRANSIENT, "ZeroDivisionError: by zero")),
    ],
)
def test_each_way_to_fail_has_its_class(ledger: Ledger, error: Exception, failure: Failure) -> None:
    assert do(failing(error)) == NEXT
    assert ledger.told[1:] == [(7, 3, failure)]


def test_nothing_is_said_of_an_item_that_is_somebody_elses(ledger: Ledger) -> None:
    assert do(failing(LeaseLost())) == []
    assert ledger.told == ["claim 7 for w"]


def test_a_ledger_out_of_reach_is_left_to_the_sweeper(ledger: Ledger) -> None:
    ledger.out_of_reach = True
    assert do(lambda *_: DONE) == []


# -- the lease --------------------------------------------------------------------------------------------------------


def test_a_lease_is_extended_at_each_change_of_phase_and_every_two_seconds(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("dinoq.workers.tasks.time.monotonic", lambda: now[0])
    lease = Lease(None, HELD, Exit())  # type: ignore[arg-type]
    for n_done, (phase, later) in enumerate([(Phase.LOADING, 0), (Phase.RUNNING, 1), (Phase.RUNNING, 1)]):
        now[0] += later
        lease.beat(phase, n_done)
    assert ledger.told == ["loading 0", "running 1"]
    now[0] += 1
    lease.beat(Phase.RUNNING, 3)
    assert ledger.told[2:] == ["running 3"]


def test_a_lease_that_is_lost_stops_the_work(ledger: Ledger) -> None:
    ledger.still_held = False
    with pytest.raises(LeaseLost):
        Lease(None, HELD, Exit()).beat(Phase.RUNNING)  # type: ignore[arg-type]


def test_a_worker_that_is_asked_to_stop_hands_back_before_anything_else(ledger: Ledger) -> None:
    leave = Exit()
    leave.stop.set()
    with pytest.raises(Drained):
        Lease(None, HELD, leave).beat(Phase.RUNNING)  # type: ignore[arg-type]
    assert ledger.told == []


def test_a_lease_is_kept_while_a_step_stalls_but_not_for_ever(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BEAT_S", 0.001)
    kept = threading.Event()

    def progress(*_: object) -> bool:
        kept.set()
        return True

    monkeypatch.setattr(tasks, "progress", progress)
    lease = Lease(None, HELD, Exit())  # type: ignore[arg-type]
    lease.beat(Phase.RUNNING, 3)
    kept.clear()
    with lease.kept(60.0):
        assert kept.wait(10)
    kept.clear()
    with lease.kept(0.0):
        pass
    assert not kept.is_set()
