"""The rows of `dinoq devices`."""

from dataclasses import replace

import pytest

from dinoq.cli.device_table import HEADS, device_rows, device_text, doing_text, toolchain_lines
from dinoq.db.doing import Doing
from dinoq.db.fleet import DeviceRow, WorkerRow
from dinoq.jobs.ledger import DeviceFacts, Toolchain
from tests.builders import make_device, make_worker

HERE = replace(make_device("cann-07", "310P3", 0), card="8-0", driver="24.1", toolkit="CANN 8.0.RC2")
AWAY = replace(make_device("gpu-02", "T4", 0), card="00000000:3B:00.0", toolkit="TensorRT 10.16.1.11")
CHAIN = Toolchain(vendor="ascend", toolkit="CANN 8.0.RC2", origin="simulated")


def known(facts: DeviceFacts, worker: str = "w", state: str = "ok") -> DeviceRow:
    return DeviceRow(facts=facts, state=state, faults=0, worker=worker)


def shown(*rows: DeviceRow, here: tuple[DeviceFacts, ...] = (), **doings: Doing) -> list[tuple[object, ...]]:
    """Device, health and worker of each row."""
    return [(row["device"], row["health"], row["worker"]) for row in device_rows(rows, here, doings)]


@pytest.mark.parametrize(
    ("doing", "text"),
    [
        (None, "idle"),
        (Doing(idle_ms=4_900), "idle 4 s"),
        (Doing(idle_ms=180_000), "idle 3 min"),
        (Doing(idle_ms=10_800_000), "idle 3 h"),
        (Doing(job=42, phase="running"), "running job 42"),
        (Doing(job=42, phase="loading"), "loading job 42"),
        (Doing(job=42, phase="waiting"), "waiting, job 42"),
    ],
)
def test_a_worker_says_what_it_does(doing: Doing | None, text: str) -> None:
    assert doing_text(doing) == text


def test_devices_of_host_and_fleet_are_joined_by_key() -> None:
    found = shown(known(AWAY), known(HERE, "w2"), here=(HERE,), w2=Doing(job=7, phase="running"))
    assert found == [("cann-07/310P3:0", "OK", "running job 7"), ("gpu-02/T4:0", "OK", "idle")]


def test_a_device_without_a_worker_has_none() -> None:
    assert shown(here=(HERE,)) == [("cann-07/310P3:0", "OK", "")]


def test_a_device_that_nobody_looks_after_has_no_health() -> None:
    busy = replace(AWAY, busy="pid 4127 python3")
    assert shown(known(busy, worker="")) == [("gpu-02/T4:0", "-", "")]
    assert device_rows([known(busy, worker="")], [], {})[0]["busy"] == ""
    assert device_rows([known(busy)], [], {"w": Doing()})[0]["busy"] == "pid 4127 python3"


def test_what_was_set_aside_is_faulty_however_its_vendor_calls_it() -> None:
    assert shown(known(HERE, state="faulty"), here=(HERE,))[0][1] == "faulty"
    assert shown(here=(replace(HERE, healthy=False),))[0][1] == "ill"


def test_what_the_host_finds_now_is_newer_than_what_was_registered() -> None:
    busy = replace(HERE, busy="pid 4127 python3")
    (row,) = device_rows([known(HERE, worker="")], [busy], {})
    assert row["busy"] == "pid 4127 python3"


def test_of_who_is_on_a_device_its_own_sampler_knows_best() -> None:
    """What the host finds may be our own process under another container's number."""
    (row,) = device_rows([known(HERE)], [replace(HERE, busy="pid 4127")], {})
    assert row["busy"] == ""
    (row,) = device_rows([known(replace(HERE, busy="pid 99 x"))], [HERE], {})
    assert row["busy"] == "pid 99 x"


def test_device_10_comes_after_device_9() -> None:
    devices = [make_device("h", "310P3", index) for index in (10, 9)]
    assert [name for name, _, _ in shown(here=tuple(devices))] == ["h/310P3:9", "h/310P3:10"]


def test_a_file_takes_the_whole_table() -> None:
    made = device_text(device_rows([known(AWAY)], [], {}), None)
    assert made.text.splitlines()[0].split() == list(HEADS)
    assert made.left_out == ()
    assert "00000000:3B:00.0  T4" in made.text


@pytest.mark.parametrize(("room", "left_out"), [(200, ()), (90, ("driver", "card")), (60, ("driver", "card", "chip"))])
def test_a_terminal_gets_no_line_wider_than_itself(room: int, left_out: tuple[str, ...]) -> None:
    made = device_text(device_rows([known(AWAY)], [HERE], {"w": Doing(job=42, phase="running")}), room)
    assert max(map(len, made.text.splitlines())) <= room
    assert made.left_out == left_out
    assert "running job 42" in made.text or room == 60


def test_names_from_elsewhere_move_no_cursor() -> None:
    text = device_text(device_rows([], [replace(HERE, busy="\x1b[2Jpython")], {}), None).text
    assert "\x1b" not in text


def test_each_host_that_compiles_is_listed_once_while_it_lives() -> None:
    workers = [make_worker(name, "vm", toolchains=(CHAIN,)) for name in ("a", "b", "c")]
    rows = [WorkerRow(facts=facts, alive=facts.id != "c", silent_ms=0) for facts in workers]
    assert toolchain_lines(rows) == ["compiles: CANN 8.0.RC2 on vm (simulated)"]
    assert toolchain_lines(rows[2:]) == []
