"""Who is there to work, as workers and vendors tell of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.fleet import (
    beat,
    charge,
    list_devices,
    list_workers,
    living_chips,
    register_device,
    register_worker,
    retire_worker,
    trust_again,
)
from dinoq.db.tables.fleet import Device
from tests.builders import HOST, make_device, make_worker
from tests.crew import Crew, change, crew, silence, submit_job

T4 = f"{HOST}/T4:0"


def test_a_device_is_listed_with_its_facts_and_living_worker(db: Database) -> None:
    crew(db, "T4")
    assert [(row.facts, row.state, row.faults, row.worker) for row in list_devices(db)] == [
        (make_device(chip="T4"), "ok", 0, T4)
    ]
    retire_worker(db, T4)
    assert [row.worker for row in list_devices(db)] == [""]


def test_a_worker_is_listed_until_it_leaves(db: Database) -> None:
    host = crew(db, "T4")
    silence(db, T4)
    assert [(row.facts.id, row.alive) for row in list_workers(db)] == [(T4, False), (host.prep, True)]
    retire_worker(db, host.prep)
    assert [row.facts for row in list_workers(db)] == [make_worker(T4, device=make_device(chip="T4"))]


def test_a_heartbeat_makes_a_silent_worker_alive_but_no_dead_one(db: Database) -> None:
    crew(db, "T4")
    job = submit_job(db)
    silence(db, T4)
    assert living_chips(db, job) == frozenset()
    beat(db, T4)
    assert living_chips(db, job) == {"T4"}
    retire_worker(db, T4)
    beat(db, T4)
    assert living_chips(db, job) == frozenset()


def test_a_faulty_device_gives_its_host_no_chip(db: Database) -> None:
    crew(db, "T4")
    change(db, update(Device).values(state="faulty"))
    assert living_chips(db, submit_job(db)) == frozenset()


def test_a_worker_gives_its_chip_only_to_jobs_that_it_may_take(db: Database) -> None:
    Crew(db).device("T4", only_job=1)
    jobs = [submit_job(db), submit_job(db), submit_job(db, store_id="store-2")]
    assert [living_chips(db, job) for job in jobs] == [{"T4"}, frozenset(), frozenset()]


def test_a_device_that_registers_again_has_its_new_facts_and_old_faults(db: Database) -> None:
    crew(db, "T4")
    for life in ("life 1", "life 2"):
        db.write(partial(charge, key=T4, incarnation=life))
    register_device(db, replace(make_device(chip="T4"), driver="550"))
    row = list_devices(db)[0]
    assert (row.facts.driver, row.state, row.faults) == ("550", "faulty", 2)


def test_a_device_is_trusted_again_when_a_person_says_so(db: Database) -> None:
    crew(db, "T4", "T4")
    change(db, update(Device).values(state="faulty", faults=2))
    trust_again(db, [T4])
    assert [(row.state, row.faults) for row in list_devices(db)] == [("ok", 0), ("faulty", 2)]


def test_a_worker_may_register_twice(db: Database) -> None:
    host = crew(db)
    retire_worker(db, host.prep)
    register_worker(db, make_worker(host.prep))
    assert host.prep in [row.facts.id for row in list_workers(db)]
