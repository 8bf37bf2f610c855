"""What ais_bench leaves in files and says on the console."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.ais_bench import Summary, read_console, read_summary, summary_text
from dinoq.jobs.formats.spread import spread_of
from tests.foreign import AIS_CONSOLE, AIS_CONSOLE_OLD

TIMES = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=20)


def summary(times: list[float], batch: int) -> Summary:
    """As ais_bench sums up these times of one batch each."""
    spread = spread_of(times)
    assert spread is not None
    return Summary(
        throughput=1000.0 * batch / spread.mean,
        compute=spread,
        h2d=spread,
        d2h=spread,
        batch=batch,
        compute_ms=tuple(times),
        files={"0": (("a.bin",), ("out/a_0.bin",))},
        args=("--model", "m.om", "--warmup_count=3"),
        model="m.om",
        warm_up=3,
        pid=7,
    )


@given(TIMES, st.integers(1, 512))
def test_what_is_written_is_read_back(times: list[float], batch: int) -> None:
    written = json.loads(summary_text(summary(times, batch)))
    del written["NPU_compute_time"]  # its cv is no field of the file
    again = read_summary(summary_text(summary(times, batch)), "x")
    assert (again.batch, again.model, again.warm_up, again.pid) == (batch, "m.om", 3, 7)
    assert json.loads(summary_text(again)).items() >= written.items()
    assert again.compute_ms == tuple(times)


def test_the_keys_are_the_tools_own() -> None:
    told = json.loads(summary_text(summary([1.0, 2.0], 4)))
    assert list(told) == [
        *("filesinfo", "args", "NPU_compute_time", "H2D_latency", "D2H_latency"),
        *("npu_compute_time_list", "throughput", "pid"),
    ]
    assert list(told["NPU_compute_time"]) == ["min", "max", "mean", "median", "percentile(99%)", "count"]
    assert told["filesinfo"] == {"0": {"infiles": ["a.bin"], "outfiles": ["out/a_0.bin"]}}


def test_times_of_several_threads_are_intervals() -> None:
    text = summary_text(summary([1.0], 1)).replace(
        '"npu_compute_time_list": [1.0]', '"npu_compute_time_list": [[5.0, 7.5]]'
    )
    assert read_summary(text, "x").compute_ms == (2.5,)


def test_the_console_tells_batch_model_warm_up_and_times() -> None:
    said = read_console(AIS_CONSOLE, "x")
    assert (said.batch, said.model, said.warm_up) == (16, "/models/dino_resnet50_bs16.om", 5)
    assert said.compute and said.h2d and said.d2h
    assert (said.compute.mean, said.compute.percentiles, said.h2d.mean, said.d2h.mean) == (6.0, {99.0: 6.1}, 0.6, 0.2)
    assert said.throughput == pytest.approx(16_000 / 6)


def test_the_older_console_tells_the_batch_by_its_throughput() -> None:
    assert read_console(AIS_CONSOLE_OLD, "x").batch == 16


def test_a_throughput_that_no_whole_batch_explains_tells_none() -> None:
    assert read_console(AIS_CONSOLE_OLD.replace("2666.67", "2600"), "x").batch is None


def test_the_console_of_several_devices_is_no_one_run() -> None:
    with pytest.raises(BadResults, match="2 throughput lines"):
        read_console(AIS_CONSOLE * 2, "x")


@pytest.mark.parametrize(
    "garble",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"throughput"', '"through"'),
        lambda text: text.replace('"mean": 1.0', '"mean": "fast"'),
        lambda text: text.replace('"outfiles"', '"files"'),
    ],
)
def test_a_garbled_summary_is_refused(garble) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadResults, match=r"s.json is no summary.json"):
        read_summary(garble(summary_text(summary([1.0], 1))), "s.json")


@pytest.mark.parametrize("rate", ["0", "-3", "NaN", "Infinity"])
def test_a_throughput_that_cannot_be_is_refused(rate: str) -> None:
    with pytest.raises(BadResults):
        read_summary(summary_text(summary([1.0], 1)).replace('"throughput": 1000.0', f'"throughput": {rate}'), "s.json")
