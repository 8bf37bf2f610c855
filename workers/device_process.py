"""The parent's side of a device process: starts it, loads programs, keeps its ring full, tells who died of what.

One keeper thread lives as long as this object: it starts the child (a parent-death signal follows the thread that
started it), receives every answer, ranks the logits and frees the slots. Pool threads take turns: the one that holds
the turn fills slots, while the other prepares the next item or waits for its last result.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinoq.jobs.ledger import FailureClass, Phase
from dinoq.workers import children
from dinoq.workers.devices import ring
from dinoq.workers.flight import Flight, Work
from dinoq.workers.incarnation import ChildSetup, Incarnation, cause_of_death, end_gently, next_message, spawn
from dinoq.workers.program import ProgramKey, layout_of
from dinoq.workers.ring_memory import RingMemory
from dinoq.workers.simulators import pace
from dinoq.workers.tasks import WorkFailed
from dinoq.workers.telemetry.reading import PID_FILE

log = logging.getLogger(__name__)

WAIT_S = 0.5
"""How long a wait goes on before the lease is looked after."""
IDLE_CLOSE_S = 60.0
"""A device that was asked nothing for so long is closed; the next item opens it anew."""
Beat = Callable[[Phase, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """After how many seconds without a sign of life the device process is killed, per phase."""

    loading_s: float = 300.0
    compiling_s: float = 1800.0
    running_s: float = 60.0


class DeviceProcess:
    """One device's process, restarted when it dies; see the module."""

    def __init__(self, setup: ChildSetup, deadlines: Deadlines) -> None:
        self._setup = setup
        self._deadlines = deadlines
        self._turn = threading.Lock()
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._born = threading.Event()
        self._alive: Incarnation | None = None
        self._loaded: ProgramKey | None = None
        # What the loaded program says of itself: one for each program, changed in place where that changes its mind.
        self.program_facts: dict[str, str] = {}
        self._memory: RingMemory | None = None
        self._free = threading.Semaphore(0)
        self._sent = 0
        self._in_flight: deque[Flight] = deque()
        self._sky = threading.Lock()  # over `_in_flight` and whether its process still takes any
        self._last_sign = time.monotonic()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    @property
    def options(self) -> dict[str, str]:
        """What it opens its device with."""
        return self._setup.options

    @property
    def folder(self) -> Path:
        """Where it works, and what it makes may lie."""
        return self._setup.workdir

    def paces(self, chip: str, batch: int) -> bool:
        """Whether the table that a simulated device takes its times from has this batch."""
        return pace.from_table(pace.read(self._setup.env["DINOQ_SIM_PACE"]), chip, batch) is not None

    @property
    def holds_program(self) -> bool:
        """Whether a program is loaded on the device."""
        return self._loaded is not None and self.pid is not None

    def has(self, key: ProgramKey) -> bool:
        """Whether this very program is loaded."""
        return self._loaded == key and self.pid is not None

    @property
    def pid(self) -> int | None:
        """The living device process, if there is one."""
        life = self._alive
        return life.process.pid if life is not None and life.verdict is None else None

    # -- what a pool thread calls, holding the turn ---------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self, beat: Beat) -> Iterator[None]:
        """Hold the device to feed it; the lease is kept while another item feeds."""
        while not self._turn.acquire(timeout=WAIT_S):
            beat(Phase.WAITING, 0)
            self._check_progress()
        try:
            yield
        finally:
            self._turn.release()

    def compile(self, wanted: Mapping[str, object], beat: Beat) -> tuple[Path, str]:
        """Make an artifact in the device process: its file, and what the vendor said. Raises: WorkFailed."""
        self._loaded = None
        answer = self._ask({"do": "compile", "options": self._setup.options, **wanted}, beat, Phase.COMPILING)
        return Path(answer["path"]), str(answer["output"])

    def load(self, key: ProgramKey, beat: Beat) -> float:
        """Have `key` loaded and warm, with a ring that fits it. Returns what it took in ms, 0 when it already was.

        Raises: WorkFailed, permanent when the program's batch is not the run's.
        """
        if self.has(key):
            return 0.0
        begun = time.monotonic()
        self._loaded = None
        request: dict[str, Any] = {
            "do": "load",
            "artifact": str(key.artifact),
            "batch": key.batch,
            "precision": key.precision,
        }
        request |= {"warmup": key.warmup, "options": self._setup.options}
        answer = self._ask(request, beat, Phase.LOADING)
        self._check_origin(answer["simulated"])
        self.program_facts = dict(answer["facts"])
        layout = layout_of(key, answer)
        self._memory = None  # the old ring's pages go before the new one's come
        memory = RingMemory(layout)
        self._ask({"do": "attach", **layout._asdict()}, beat, Phase.LOADING, memory.descriptor)
        memory.close_descriptor()
        self._memory, self._free, self._sent = memory, threading.Semaphore(layout.slots), 0
        self._loaded = key
        return (time.monotonic() - begun) * 1000.0

    def feed(self, work: Work, beat: Beat) -> None:
        """Put every batch of the work into the ring, as slots come free. Raises: WorkFailed when the device dies."""
        memory, life = self._memory, self._alive
        if memory is None or life is None:
            raise WorkFailed(FailureClass.TRANSIENT, "the device process is gone")
        for flight in work.flights(memory.layout):
            self._take_slot(work, beat)
            slot = self._sent % memory.layout.slots
            work.fill(flight, memory.views.inputs[slot])
            self._sent += 1
            self._send_slot(life, flight, slot)

    def wait(self, work: Work, beat: Beat) -> None:
        """Until the last result of the work is back. Not holding the turn. Raises: WorkFailed."""
        while not work.ended.wait(WAIT_S):
            beat(Phase.RUNNING, work.n_done)
            self._check_progress()
        if work.failed is not None:
            raise work.failed

    def let_go(self) -> None:
        """Holding the turn: close the device, so that others can have it. The next request opens it anew."""
        if self._alive is not None:
            self._end(self._alive)

    def close(self) -> None:
        """End the device process and the keeper."""
        life = self._alive
        self._wanted.put(False)
        if life is not None:
            children.kill(life.process)
        self._keeper.join(timeout=5)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _check_origin(self, simulated: bool) -> None:
        """What was really loaded decides: no figure of a simulator may pass as a real one's, nor the other way."""
        if simulated != self._setup.simulated:
            words = {True: "a simulator", False: "the vendor's own"}
            text = (
                f"the module that was loaded is {words[simulated]}, the device is registered as {words[not simulated]}"
            )
            raise WorkFailed(FailureClass.PERMANENT, text)

    def _take_slot(self, work: Work, beat: Beat) -> None:
        """A slot that is taken is sent: whoever is to stop is told so before."""
        beat(Phase.RUNNING, work.n_done)
        while not self._free.acquire(timeout=WAIT_S):
            beat(Phase.RUNNING, work.n_done)
            self._check_progress()
        if work.failed is not None:  # its process is gone, and the slots with it
            raise work.failed

    def _send_slot(self, life: Incarnation, flight: Flight, slot: int) -> None:
        with self._sky:
            if life.verdict is None:
                if not self._in_flight:
                    self._last_sign = time.monotonic()
                if flight.work.fed_ms is None:
                    flight.work.fed_ms = time.monotonic() * 1000.0
                self._in_flight.append(flight)
                with contextlib.suppress(OSError):  # dead, not buried yet: the burial fails this flight with the rest
                    life.link.send(ring.MESSAGE.pack(slot, flight.batches))
                return
        life.buried.wait(5)
        raise life.verdict

    def _ask(self, request: dict[str, Any], beat: Beat, phase: Phase, descriptor: int | None = None) -> dict[str, Any]:
        """One control request; the lease is kept while the vendor works on it."""
        beat(phase, 0)  # a worker that is leaving does not begin it
        life = self._living(beat, phase)
        deadline_s = self._deadlines.compiling_s if phase is Phase.COMPILING else self._deadlines.loading_s
        begun = time.monotonic()
        body = json.dumps(request).encode()
        with contextlib.suppress(OSError):  # a dead child is told by the keeper's None
            if descriptor is None:
                life.link.send(body)
            else:
                socket.send_fds(life.link, [body], [descriptor])
        answer = None
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    answer = life.answers.get(timeout=WAIT_S)
                    break
                beat(phase, 0)
                if time.monotonic() - begun > deadline_s:
                    self._kill(life, phase, deadline_s)
        except BaseException:
            self._give_up(life, phase)
            raise
        if answer is None:
            raise life.verdict or WorkFailed(FailureClass.TRANSIENT, "the device process is gone")
        return answer

    def _living(self, beat: Beat, phase: Phase) -> Incarnation:
        """The device process, started if there is none."""
        life = self._alive
        if life is not None and life.verdict is None:
            return life
        self._born.clear()
        self._wanted.put(True)
        while not self._born.wait(WAIT_S):
            beat(phase, 0)
        if self._alive is None:
            raise WorkFailed(FailureClass.DEVICE, f"the device process did not start: see {self._setup.log}")
        return self._alive

    def _check_progress(self) -> None:
        life = self._alive
        deadline_s = self._deadlines.running_s
        if life and self._in_flight and time.monotonic() - self._last_sign > deadline_s:
            self._kill(life, Phase.RUNNING, deadline_s)

    def _give_up(self, life: Incarnation, phase: Phase) -> None:
        """Nobody waits for the answer any more: left alive, it would be taken for the next request's."""
        text = f"the device process was ended: what it did while {phase} is not wanted any more"
        life.verdict = life.verdict or WorkFailed(FailureClass.TRANSIENT, text, life.id)
        children.kill(life.process)

    def _kill(self, life: Incarnation, phase: Phase, deadline_s: float) -> None:
        text = f"no progress while {phase} for {deadline_s:.0f} s; the device process was killed"
        life.verdict = life.verdict or WorkFailed(FailureClass.DEVICE, text, life.id)
        children.kill(life.process)

    # -- the keeper ---------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        while self._wanted.get():
            self._last_sign = time.monotonic()
            self._alive = life = spawn(self._setup)
            self._born.set()
            if life is not None:
                self._receive(life)
                self._bury(life)

    def _receive(self, life: Incarnation) -> None:
        while True:
            try:
                message = next_message(life.link)
            except BlockingIOError:  # nothing came for LOOK_S
                self._close_if_idle(life)
                continue
            except OSError:
                return
            if not message:
                return
            self._last_sign = time.monotonic()
            life.answered = True
            if len(message) == ring.MESSAGE.size:
                self._landed(ring.MESSAGE.unpack(message)[0])
                continue
            answer = json.loads(message)
            if "fault" in answer:
                life.verdict = WorkFailed(FailureClass(answer["fault"]), answer["text"], life.id, answer["output"])
            elif "changed" in answer:
                self.program_facts.update(answer["changed"])
            else:
                life.answers.put(answer)

    def _close_if_idle(self, life: Incarnation) -> None:
        """Let go of a device that nobody has asked anything of for a minute: others may share the machine."""
        if time.monotonic() - self._last_sign < IDLE_CLOSE_S or not self._turn.acquire(blocking=False):
            return
        try:
            self._end(life)
        finally:
            self._turn.release()

    def _end(self, life: Incarnation) -> None:
        """Holding the turn: let a process end that has nothing in hand."""
        if not self._in_flight and life.verdict is None:
            life.verdict = WorkFailed(FailureClass.TRANSIENT, "the device was let go", life.id)
            self._memory = None
            end_gently(life)

    def _landed(self, slot: int) -> None:
        with self._sky:
            flight = self._in_flight.popleft()
        memory = self._memory
        if memory is not None:
            flight.work.take(flight, memory.views.logits[slot], memory.views.times[slot])
        self._free.release()

    def _bury(self, life: Incarnation) -> None:
        """Reap the child; whatever was in flight fails with the reason of its death."""
        children.kill(life.process)
        (self._setup.workdir / PID_FILE).unlink(missing_ok=True)
        with self._sky:
            life.link.close()
            life.verdict = verdict = life.verdict or cause_of_death(life, self._setup)
            self._loaded = None
            while self._in_flight:
                self._in_flight.popleft().work.fail(verdict)
                self._free.release()
        log.warning("device process ended: %s", verdict)
        life.answers.put(None)
        life.buried.set()
