"""The supervisor of one host: starts broker and workers, restarts what dies, sweeps the ledger, leaves no orphan."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Self

from dinoq.broker.app import make_app, publish
from dinoq.broker.embedded import answers, private_folder, server_binary, server_command, socket_url
from dinoq.db.engine import Database
from dinoq.db.figures import next_past_job, summarise
from dinoq.db.fleet import register_device, trust_again
from dinoq.db.hints import mark_unhinted
from dinoq.db.sweep import note_absence, predecessors_lost, sweep, worker_lost
from dinoq.jobs.errors import EnvironmentTrouble, NoBroker
from dinoq.jobs.ledger import Failure, FailureClass, Hint
from dinoq.workers import children, state_folder
from dinoq.workers.host import MAX_DEATHS, Child, Setup, children_of, how_it_ended
from dinoq.workers.state_folder import Pointer

log = logging.getLogger(__name__)

TICK_S = 0.1
SWEEP_S = 1.0
GRACE_S = 15.0
"""How long a worker may take to hand its work back before it is killed; SQL sorts out the rest."""
KILLED = Failure(FailureClass.DRAINED, "the worker was killed on request")
WORD_S = 30.0
"""How often a person is told that the ledger still cannot be reached."""
DEATHS_WITHIN_S = 60.0


class Supervisor:
    """Use as a context; `run` until done or asked to leave. Lives in the main thread: its children die with it."""

    def __init__(self, setup: Setup, db: Database, say: Callable[[str], None]) -> None:
        self._setup = setup
        self._db = db
        self._say = say
        self._lock: IO[str] | None = None
        self._broker: subprocess.Popen[bytes] | None = None
        self._children = list(children_of(setup))
        self.interrupted = False
        self._asked = 0
        self._gently = False
        self._next_sweep = 0.0
        self._next_word = 0.0
        self._damaged: set[int] = set()

    def __enter__(self) -> Self:
        setup = self._setup
        self._state_id = state_folder.prepare(setup.state)
        self._lock = state_folder.lock(setup.state)
        state_folder.unpoint(setup.state)  # of one that was killed
        try:
            self._url = setup.broker_url or self._start_broker()
            self._app = make_app(self._url)
            owner = Pointer(pid=os.getpid(), host=setup.host, broker_url=self._url, only_job=setup.only_job)
            state_folder.point(setup.state, owner)
            trust_again(self._db, [device.facts.key for device in setup.devices])
            for device in setup.devices:
                register_device(self._db, device.facts)
            self._tell(predecessors_lost(self._db, self._state_id))
            note_absence(self._db, setup.only_job)
            self._sweep(everything=setup.broker_url is None)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever is still there is killed; the next supervisor finds the folder free."""
        for child in self._children:
            if child.process is not None:
                children.kill(child.process)
        if self._broker is not None:
            children.kill(self._broker)
        if self._lock is not None:
            state_folder.unpoint(self._setup.state)
            self._lock.close()

    def ask(self, *, gently: bool = False) -> None:
        """Leave: hand work back at the next batch, or (gently) finish what is in hand; asked twice, kill."""
        self._asked += 1
        self._gently = gently and self._asked == 1

    def run(self, until: Callable[[], bool]) -> bool:
        """Keep everything alive until `until()`; False when asked to leave before. Then everything has ended.

        Raises: EnvironmentTrouble when the workers that are needed died too often.
        """
        previous = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM, children.DRAIN)
        }
        try:
            done, lost = False, ""
            while not self._asked and not lost and not (done := self._reached(until)):
                self._tick()
                lost = self._given_up()
                time.sleep(TICK_S)
            self._wind_down()
            if lost:
                where = f"{self._setup.state}/logs"
                raise EnvironmentTrouble(f"{lost} died too often and is given up; see {where}.", hint="dinoq doctor")
            return done
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _reached(self, until: Callable[[], bool]) -> bool:
        """Whether the end is reached; not yet, while the ledger cannot be asked."""
        try:
            return until()
        except EnvironmentTrouble as error:
            if time.monotonic() >= self._next_word:
                self._next_word = time.monotonic() + WORD_S
                self._say(f"{error} Workers go on, and it is asked again.")
            return False

    def _on_signal(self, number: int, _: object) -> None:
        self.interrupted = self.interrupted or number == signal.SIGINT
        self.ask(gently=number == children.DRAIN)

    def _tick(self) -> None:
        self._look_after_broker()
        for child in self._children:
            self._look_after(child)
        if time.monotonic() >= self._next_sweep:
            self._sweep()
            if self._setup.only_job is None:
                self._sum_up()

    def _sweep(self, *, everything: bool = False) -> None:
        self._next_sweep = time.monotonic() + SWEEP_S
        self._settle(lambda: sweep(self._db, only_job=self._setup.only_job, all_hints=everything))

    def _sum_up(self) -> None:
        """The figures of one past job, while nothing is under way; of a damaged one none can be made, which is tried once."""
        job = None
        try:
            if (job := next_past_job(self._db, self._damaged)) is not None:
                summarise(self._db, job)
        except EnvironmentTrouble:
            log.warning("the ledger is out of reach; past jobs are summed up later")
        except Exception:
            self._damaged |= {job} if job is not None else set()
            log.exception("past job %s cannot be summed up", job)

    def _settle(self, work: Callable[[], list[Hint]]) -> None:
        """Change the ledger and tell whoever can go on; whatever fails here is made good by a later sweep."""
        try:
            self._tell(work())
        except Exception:
            log.exception("the ledger was out of reach; sweeping again in %.0f s", SWEEP_S)

    def _tell(self, hints: list[Hint]) -> None:
        if hints and (unsent := publish(self._app, hints)):
            mark_unhinted(self._db, unsent)

    def _look_after(self, child: Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._died(child)
        if child.process is None and not child.give_up and time.monotonic() >= child.not_before:
            self._start(child)

    def _died(self, child: Child) -> None:
        assert child.process is not None
        code, now = child.process.returncode, time.monotonic()
        child.process = None
        child.deaths.append(now)
        recent = sum(now - death < DEATHS_WITHIN_S for death in child.deaths)
        child.give_up = recent >= MAX_DEATHS
        child.not_before = now + min(30.0, 0.25 * 2 ** (recent - 1))
        what = "is given up: it died too often" if child.give_up else "starts again"
        self._say(f"worker {child.name} ended ({how_it_ended(code)}) and {what}; log: {self._log(child)}")
        self._settle(lambda: worker_lost(self._db, child.worker_id))
        # It may have died between a commit and the hints that follow from it; a hint too many is harmless.
        self._sweep(everything=True)

    def _given_up(self) -> str:
        """Whose loss leaves nothing to wait for: all workers, or for a single job all of one kind; empty for none."""
        workers = [child for child in self._children if not child.is_sampler]
        if workers and all(child.give_up for child in workers):
            return "every worker"
        for kind in ("prep", "compile", "device"):
            mine = [child for child in self._children if child.argv[1] == kind]
            if self._setup.only_job is not None and mine and all(child.give_up for child in mine):
                return f"every {kind} worker"
        return ""

    def _start(self, child: Child) -> None:
        setup = self._setup
        child.worker_id = f"{setup.host}/{child.name}#{uuid.uuid4().hex[:8]}"
        env = {
            **children.without_empty_paths(setup.env),
            "DINOQ_BROKER_URL": self._url,
            "DINOQ_WORKER_ID": child.worker_id,
            "DINOQ_ONLY_JOB": str(setup.only_job or ""),
            **child.told,
            "OPENBLAS_NUM_THREADS": "1",  # a prep worker has a thread of its own for each core
        }
        run = setup.state / "run"
        run.mkdir(exist_ok=True)
        child.process = children.start([*setup.worker_argv, *child.argv], env=env, cwd=run, log=self._log(child))

    def _log(self, child: Child) -> Path:
        return self._setup.state / "logs" / f"{child.name.replace(':', '-')}.log"

    def _start_broker(self) -> str:
        setup = self._setup
        folder = private_folder(setup.runtime_folder, f"dinoq-{self._state_id[:16]}")
        argv = server_command(server_binary(), folder)
        self._broker = children.start(
            argv, env=setup.env, cwd=folder, log=setup.state / "logs" / "broker.log", death_signal=signal.SIGTERM
        )
        deadline = time.monotonic() + 10
        while not answers(folder):
            if self._broker.poll() is not None or time.monotonic() > deadline:
                where = f"{setup.state}/logs/broker.log"
                raise NoBroker(f"the embedded queue server did not start: see {where}.", hint="dinoq doctor")
            time.sleep(0.01)
        return socket_url(folder)

    def _look_after_broker(self) -> None:
        """It keeps nothing on disk: once it is back, the ledger sends every hint again."""
        if self._broker is not None and self._broker.poll() is not None:
            self._say(f"the queue server ended ({how_it_ended(self._broker.returncode)}) and starts again")
            self._start_broker()
            self._sweep(everything=True)

    def _wind_down(self) -> None:
        """Ask the workers to leave, wait, kill those that do not (all, when asked a second time); then the samplers."""
        living = [child for child in self._children if child.process and child.process.poll() is None]
        if living and self.interrupted:
            self._say("leaving at the next batch; Ctrl-C again kills.")
        self._see_off([child for child in living if not child.is_sampler])
        self._see_off([child for child in living if child.is_sampler])

    def _see_off(self, living: Sequence[Child]) -> None:
        for child in living:
            assert child.process is not None
            child.process.send_signal(children.DRAIN if self._gently else signal.SIGTERM)
        deadline = float("inf") if self._gently else time.monotonic() + GRACE_S
        while any(c.process and c.process.poll() is None for c in living):
            if time.monotonic() > deadline or self._asked > 1:
                break
            time.sleep(0.02)
        for child in living:
            assert child.process is not None
            if child.process.poll() is None:
                children.kill(child.process)
                self._settle(partial(worker_lost, self._db, child.worker_id, KILLED))
            elif child.process.returncode != 0:
                self._settle(partial(worker_lost, self._db, child.worker_id))
