"""Performance gates as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.chips import CHIPS
from dinoq.jobs.errors import UsageError
from dinoq.jobs.gates import Gate, check_gates, parse_gate
from tests.builders import make_manifest, make_spec

RUNS = make_spec(make_manifest(), chips=("310P3", "T4", "cpu"), batches=(1, 16)).runs
names = st.sampled_from([chip.name for chip in CHIPS if chip.vendor != "null"])
batches = st.one_of(st.none(), st.integers(1, 4096))
gates = st.builds(
    Gate,
    chip=names,
    threshold=st.floats(1e-9, 1e12),
    batch=batches,
    against=st.one_of(st.none(), names),
    operator=st.sampled_from([">=", ">"]),
    per=st.sampled_from(["card", "chip"]),
).filter(lambda gate: gate.chip != gate.against)


@given(gates)
def test_what_a_gate_prints_is_read_back(gate: Gate) -> None:
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("310P3/T4 >= 1.6", Gate(chip="310P3", against="T4", threshold=1.6)),
        ("ascend310p3/tesla t4>=1.6", Gate(chip="310P3", against="T4", threshold=1.6)),
        ("310P3@16 >= 2500 img/s", Gate(chip="310P3", batch=16, threshold=2500.0)),
        ("310p3:16 > 2500 Images/s per chip", Gate(chip="310P3", batch=16, threshold=2500.0, operator=">", per="chip")),
        ("310P3@16/T4@16 >= 1.0", Gate(chip="310P3", against="T4", batch=16, threshold=1.0)),
        (" 310/T4 \N{GREATER-THAN OR EQUAL TO} .5 chip to chip", Gate(chip="310", against="T4", threshold=0.5, per="chip")),
        ("310/T4 >= 2 card to card", Gate(chip="310", against="T4", threshold=2.0)),
        ("T4 >= 1858 fps per card", Gate(chip="T4", threshold=1858.0)),
    ],
)  # fmt: skip
def test_gates_are_read_as_people_write_them(text: str, gate: Gate) -> None:
    assert parse_gate(text) == gate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no >="),
        ("310P3/T4 1.6", "has no >="),
        ("310P3/T4 <= 1.6", "is no floor"),
        ("310P3/T4 == 1.6", "is no floor"),
        ("310P3/T4 >= fast", "'fast' is no number above 0"),
        ("310P3/T4 >= 0", "'0' is no number above 0"),
        ("310P3/T4 >= -1", "'-1' is no number above 0"),
        ("310P3/T4 >= nan", "'nan' is no number above 0"),
        ("310P3/T4 >= 1e999", "'1e999' is no number above 0"),
        ("310P3/T4 >= 1.6 img/s", "a ratio has no unit"),
        ("310P3@16 >= 2500", "a throughput is in img/s"),
        ("310P3@16 >= 2500 ms", "is no number above 0, with or without img/s"),
        ("310P3@16/T4 >= 1.6", "an equal batch"),
        ("310P3@16/T4@1 >= 1.6", "an equal batch"),
        ("310P3/310p3 >= 1", "against itself"),
        ("310P3/T4/cpu >= 1", "more than two chips"),
        ("A100 >= 1 img/s", "chip 'A100' is not known"),
        ("T4@0 >= 1 img/s", "batch '0' is no whole number"),
        (">= 1 img/s", "chip '' is not known"),
    ],
)
def test_what_is_no_gate_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_gate(text)
    assert said in str(error.value)
    assert error.value.hint


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        assert parse_gate(text).threshold > 0.0
    except UsageError as error:
        assert str(error)


def test_gates_about_what_was_asked_for_are_taken() -> None:
    check_gates([parse_gate("310P3@16/T4@16 >= 1"), parse_gate("cpu >= 10 img/s")], RUNS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("310 >= 1 img/s", "there is no run of 310; there are 310P3, T4, cpu"),
        ("310P3/310 >= 1", "there is no run of 310;"),
        ("310P3@64 >= 1 img/s", "310P3 has no run of batch 64; there are 1, 16"),
        ("310P3/cpu >= 1", "310P3 at fp16 and cpu at fp32 are never divided"),
    ],
)
def test_gates_about_anything_else_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match="gate") as error:
        check_gates([parse_gate(text)], RUNS)
    assert said in str(error.value)


def test_a_gate_about_several_batches_is_refused() -> None:
    with pytest.raises(UsageError, match="names several batches"):
        parse_gate("310P3@1,16 >= 2500 img/s")
