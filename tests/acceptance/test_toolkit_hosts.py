"""Toolchains apart from devices: one host compiles, another has the cards, a third one's toolkit does not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dinoq.db.engine import Database, open_database
from dinoq.db.fleet import list_devices
from dinoq.db.progress import job_progress
from tests.acceptance.conftest import done
from tests.acceptance.lab import PHOTOS, TOP1, Lab, counts, make_lab
from tests.processes import eventually

CARDS = [f"south/310P3:{index}" for index in range(4)]
NO_ATC = "npu-smi"


@pytest.fixture
def fleet(tmp_path: Path, redis_url: str) -> Iterator[Lab]:
    """A database, a store and a broker for several hosts."""
    database, store = f"sqlite:///{tmp_path}/fleet.sqlite", str(tmp_path / "store")
    made = make_lab(tmp_path, DINOQ_DATABASE_URL=database, DINOQ_BROKER_URL=redis_url, DINOQ_STORE=store)
    assert made.shell.dinoq("db", "upgrade").code == 0
    yield made
    made.shell.stop_all()


@pytest.fixture
def ledger(fleet: Lab) -> Iterator[Database]:
    """The fleet's, read directly."""
    db = open_database(fleet.shell.variables["DINOQ_DATABASE_URL"])
    yield db
    db.close()


def up(fleet: Lab, host: str, simulate: str, *more: object, **variables: str) -> None:
    """A simulated host that joins."""
    told = {"DINOQ_HOST": host, "DINOQ_STATE": str(fleet.folder / host), **variables}
    fleet.shell.start("up", "--simulate-into-fleet", "--simulate", simulate, *more, **told)


@pytest.mark.long
def test_what_one_host_compiles_runs_on_every_card_of_another(fleet: Lab, ledger: Database) -> None:
    names = ",".join(card.removeprefix("south/") for card in CARDS)
    up(fleet, "south", "310P3:4", "--device", names, DINOQ_SIM_PROGRAMS=NO_ATC)
    up(fleet, "east", "310P3:1", "--device", "310P3:0", "--prep", "0", DINOQ_SIM_PROGRAMS=NO_ATC, DINOQ_SIM_CANN="8.1")
    job = int(fleet.shell.dinoq("submit", *fleet.args("--chip", "310P3", "--json")).json["job"])
    eventually(lambda: sum(bool(row.worker) for row in list_devices(ledger)) == 5, "five devices with their workers")
    assert job_progress(ledger, job).runs[0].waits_for == "WAITING: no host compiles for 310P3"
    up(fleet, "north", "310P3:1", "--device", "none", "--prep", "0")
    eventually(partial(done, ledger, job), "the end")
    report = fleet.shell.dinoq("report", job, "--json").json
    (run,) = report["runs"]
    assert counts(report) == {"310P3": (PHOTOS, TOP1)}
    assert sorted(card["label"] for card in run["devices"]) == CARDS
    assert all(card["samples"] > 0 and card["compute"] > 0 for card in run["devices"])
    assert sum(card["samples"] for card in run["devices"]) == PHOTOS
    assert "on north/compile-ascend#" in fleet.shell.dinoq("logs", job).out
    assert [one["device"] for one in run["left_out"]] == ["east/310P3:0"]
    assert "8.1" in run["left_out"][0]["why"]
    (made,) = (fleet.folder / "store/artifacts").glob("*.om")
    assert hashlib.sha256(made.read_bytes()).hexdigest() == run["artifact"]["sha256"]
