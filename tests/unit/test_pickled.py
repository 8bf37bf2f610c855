"""A pickle read as inert values: plain ones come back as they were, everything else is refused by name."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinoq.workers.models.pickled import Damaged, Foreign, Grammar, Name, read_pickle
from tests.malice import UNRUNNABLE, programs

GIVEN = Name("house", "given")
ALLOWED = Grammar(names=frozenset({Name("house", "Kind")}), calls={GIVEN: lambda given: [*given]}, persistent=repr)
KEYS = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.binary(), st.none(), st.booleans())
PLAIN = st.recursive(
    KEYS,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(KEYS, inner), st.tuples(inner), st.tuples(inner, inner, inner, inner)
    ),
    max_leaves=6,
)


def read(code: bytes) -> Any:
    return read_pickle(io.BytesIO(code), ALLOWED)


@settings(max_examples=50)
@given(PLAIN, st.integers(3, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_back_as_they_were(value: object, protocol: int) -> None:
    assert read(pickle.dumps(value, protocol)) == value


def test_the_text_protocol_is_read_too() -> None:
    value = {"epoch": 100, "lr": [0.5, None, True], "name": ("a", "ä")}
    assert read(pickle.dumps(value, 0)) == value


def test_what_is_written_once_is_shared() -> None:
    shared = ["x"]
    left, right = read(pickle.dumps([shared, shared]))
    assert left is right


def test_a_list_that_holds_itself_is_read() -> None:
    loop: list[object] = []
    loop.append(loop)
    found = read(pickle.dumps(loop))
    assert found[0] is found


def test_a_name_that_may_be_called_is_replaced_by_what_is_ours() -> None:
    assert read(b"\x80\x02chouse\ngiven\n(K\x01K\x02tR.") == [1, 2]


def test_a_name_that_may_stand_stands_for_itself_and_may_not_be_called() -> None:
    assert read(b"chouse\nKind\n.") == Name("house", "Kind")
    with pytest.raises(Foreign, match=r"a call of house\.Kind"):
        read(b"chouse\nKind\n)R.")


def test_what_lies_outside_the_pickle_is_asked_for() -> None:
    assert read(b"(K\x01tQ.") == "(1,)"


def test_the_programs_would_run_if_they_were_loaded(tmp_path: Path) -> None:
    """Without this, the next tests could not fail."""
    for no, name in enumerate(set(programs(tmp_path)) - set(UNRUNNABLE)):
        marker = tmp_path / f"ran-{no}"
        made = pickle.loads(programs(marker)[name][0] + b".")
        if hasattr(made, "wait"):
            made.wait()
        assert marker.exists(), name


@pytest.mark.parametrize("name", programs(Path("x")))
def test_a_program_is_refused_by_name_and_not_run(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code, refused = programs(marker)[name]
    with pytest.raises(Foreign, match=refused.replace(".", r"\.")):
        read(code + b".")
    assert not marker.exists()


@pytest.mark.parametrize("code", [b"\x82\x01.", b"K\x012.", b"P7\n.", b"\x8f.", b"chouse\nKind\n)\x81."])
def test_an_opcode_that_no_checkpoint_needs_is_refused(code: bytes) -> None:
    with pytest.raises(Foreign, match="the opcode"):
        read(code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"}N)R.", "a call of NoneType"),
        (b"}(K\x01K\x02K\x03tK\x04s.", "a key that is a tuple"),
        (b"]K\x01K\x02s.", "a list that is given keys"),
        (b"}K\x01a.", "a dict that is appended to"),
        (b"K\x01}b.", "a int that is given a state"),
    ],
)
def test_containers_are_used_for_what_they_are(code: bytes, words: str) -> None:
    with pytest.raises(Foreign, match=words):
        read(code)


@pytest.mark.parametrize(
    "code", [b"", b"K", b"K\x01", b"t.", b"0.", b"R.", b"h\x07.", b"(K\x01.", b"K\x01K\x02.", b"\xff"]
)
def test_bytes_that_are_no_whole_pickle_are_damaged(code: bytes) -> None:
    with pytest.raises((Damaged, Foreign)):
        read(code)


@settings(max_examples=50)
@given(PLAIN, st.data())
def test_a_pickle_that_is_cut_off_is_damaged_wherever_the_cut_is(value: object, data: st.DataObject) -> None:
    whole = pickle.dumps(value)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Damaged):
        read(whole[:cut])


@given(st.binary(max_size=64))
def test_no_bytes_end_in_anything_but_a_value_or_a_refusal(code: bytes) -> None:
    try:
        read(code + b".")
    except (Damaged, Foreign):
        return


def test_a_length_that_is_a_lie_takes_no_memory() -> None:
    with pytest.raises(Damaged):
        read(b"\x8e" + (1 << 60).to_bytes(8, "little") + b"x.")
