"""The sampler: asks one vendor of this host, once a second, how its devices feel. Holds no device and claims no work."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinoq.db.engine import Database, open_database
from dinoq.jobs.errors import DinoqError
from dinoq.workers import children
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.telemetry.blocks import STORE_S, Blocks
from dinoq.workers.telemetry.watched import Watched
from dinoq.workers.vendor_link import VendorLink, VendorTrouble

log = logging.getLogger(__name__)

PERIOD_S = 1.0
ANSWER_S = 10.0
"""A vendor that takes longer hangs: it is killed and asked anew."""
BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""After how long a vendor that failed is asked again; then always the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whom a sampler asks: a vendor's file for its devices of this host, in that environment."""

    vendor: str
    devices: Sequence[LocalDevice]
    env: Mapping[str, str]
    python: str


def run_sampler(source: Source, state: Path, database_url: str) -> None:
    """Sample until SIGTERM; what was read by then is stored."""
    db = open_database(database_url)
    sampler = Sampler(source, state, db)
    for number in (signal.SIGTERM, children.DRAIN):
        signal.signal(number, lambda *_: sampler.leave())
    try:
        sampler.run()
    finally:
        db.close()


class Sampler:
    """Asks, leaves readings in files, collects them in blocks."""

    def __init__(self, source: Source, state: Path, db: Database) -> None:
        self._source = source
        self._folder = state / "run" / f"sample-{source.vendor}"
        self._watched = [Watched(device.facts, state) for device in source.devices]
        self._blocks = Blocks(db)
        self._failures = 0
        self._leaving = threading.Event()
        self._link: VendorLink | None = None
        for folder in (self._folder, *(one.file.parent for one in self._watched)):
            folder.mkdir(parents=True, exist_ok=True)

    def leave(self) -> None:
        """End soon, whatever the vendor does: from a signal handler."""
        self._leaving.set()
        if self._link is not None:
            self._link.interrupt()

    def run(self) -> None:
        """Until asked to leave. A vendor that fails is asked again in a process of its own, later each time."""
        store = threading.Thread(target=self._keep_storing, name="store", daemon=True)
        store.start()
        while not self._leaving.is_set():
            try:
                self._ask_until_trouble()
            except VendorTrouble as trouble:
                if not self._leaving.is_set():
                    log.warning("%s: %s", self._source.vendor, trouble)
            self._leaving.wait(BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)])
            self._failures += 1
        store.join()
        self._blocks.store()

    def _ask_until_trouble(self) -> None:
        source = self._source
        with VendorLink(source.vendor, python=source.python, env=source.env, folder=self._folder) as link:
            self._link = link
            due = time.monotonic()
            while not self._leaving.is_set():
                self._sample(link)
                due = max(due + PERIOD_S, time.monotonic())  # what was missed is not made up for
                self._leaving.wait(due - time.monotonic())

    def _sample(self, link: VendorLink) -> None:
        for one in self._watched:
            one.look()
        answer = link.ask("sample", ANSWER_S, devices=[device.options for device in self._source.devices])
        self._failures = 0
        for one, told in zip(self._watched, answer["readings"], strict=True):
            self._note(one, told)

    def _note(self, one: Watched, told: Mapping[str, Any]) -> None:
        seen = one.take(told)
        try:
            self._blocks.add(one.facts.key, seen)
        except DinoqError as error:
            log.warning("a reading is lost: %s", error)

    def _keep_storing(self) -> None:
        while not self._leaving.wait(STORE_S):
            self._blocks.store()
