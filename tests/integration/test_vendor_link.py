"""A vendor's process that hangs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.workers.vendor_link import VendorLink, VendorTrouble
from tests.processes import alive, descendants, eventually


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[tuple[VendorLink, int]]:
    """A link to a process that was stopped, and its pid."""
    with VendorLink("null", python=sys.executable, env=os.environ, folder=tmp_path) as link:
        pid = eventually(
            lambda: next((pid for pid, line in descendants(os.getpid()).items() if "child.py null" in line), None),
            "the vendor's process",
        )
        link.ask("sample", 30, devices=[])
        os.kill(pid, signal.SIGSTOP)
        yield link, pid


def test_it_is_given_up_in_time(hanging: tuple[VendorLink, int]) -> None:
    with pytest.raises(VendorTrouble, match="null did not answer within 0 s"):
        hanging[0].ask("sample", 0.05, devices=[])


def test_an_interrupt_ends_it_and_the_wait_for_its_answer(hanging: tuple[VendorLink, int]) -> None:
    link, pid = hanging
    threading.Timer(0.05, link.interrupt).start()
    with pytest.raises(VendorTrouble, match="which asks null, ended"):
        link.ask("sample", 30, devices=[])
    assert not alive(pid)
    link.interrupt()
