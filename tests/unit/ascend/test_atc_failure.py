"""Every generation of atc's error block gives its code, its sentence and a hint."""

from __future__ import annotations

import pytest

from dinoq.workers.devices.atc_failure import HINTS, parse_failure
from tests.unit.ascend.samples import ATC_FAILED, ATC_START

STAMP = "[PID: 10490] 2025-03-18-09:02:18.501.341 "


@pytest.mark.parametrize(
    ("block", "code", "message"),
    [
        ("E10007: [--framework] is required.\n", "E10007", "[--framework] is required."),
        (f"E10007: {STAMP}[--framework] is required.\n", "E10007", "[--framework] is required."),
        (
            f"EZ3003: {STAMP}No supported Ops kernel for Op[Gelu_1]\n",
            "EZ3003",
            "No supported Ops kernel for Op[Gelu_1]",
        ),
        (f"{STAMP}Invalid_Argument(E10023): Value [x] is invalid\n", "E10023", "Value [x] is invalid"),
        (
            "E40000: system supports only [Python 3.7] or later\n",
            "E40000",
            "system supports only [Python 3.7] or later",
        ),
        ("EL003: The argument is invalid.\n", "EL003", "The argument is invalid."),
    ],
    ids=["old", "pid", "ez", "title", "python", "three-digits"],
)
def test_the_first_error_line_tells_code_and_message(block: str, code: str, message: str) -> None:
    failure = parse_failure(ATC_FAILED + block + "        Possible Cause: see the manual\n")
    assert (failure.code, failure.message) == (code, message)


def test_a_known_code_has_a_hint_of_ours() -> None:
    text = ATC_FAILED + "E19010: No parser is registered for Op [/Gelu, optype [ai.onnx::20::Gelu]].\n"
    assert str(parse_failure(text)) == (
        "E19010 No parser is registered for Op [/Gelu, optype [ai.onnx::20::Gelu]].; "
        + HINTS["E19010"]
        + "; export with opset 11, or try another toolkit"
    )


@pytest.mark.parametrize(
    ("line", "precision", "opset", "ways"),
    [
        ("E19010: Op [x, optype [ai.onnx::11::Gelu]].", "fp16", 0, "try another toolkit"),
        (
            "EZ3003: No supported Ops kernel",
            "fp32",
            17,
            "try --precision fp16, or export with opset 11, or try another",
        ),
        ("EZ3003: No supported Ops kernel", "fp16", 11, "try another toolkit"),
        ("E20001: failed", "fp16", 11, "try another toolkit"),
        ("E20001: failed", "fp32", 11, "try --precision fp16, or try another toolkit"),
    ],
)
def test_what_is_so_already_is_no_hint(line: str, precision: str, opset: int, ways: str) -> None:
    failure = parse_failure(ATC_FAILED + line, precision, opset)
    assert failure.hint.startswith(f"{HINTS[failure.code]}; {ways}")


def test_the_vendors_own_solution_stays_beside_our_hint() -> None:
    text = ATC_FAILED + "E20001: failed\n        Possible Cause: a\n        Solution: Do it so.\n"
    assert parse_failure(text).hint.endswith("(Solution: Do it so.)")


def test_an_unknown_code_takes_the_vendors_own_solution() -> None:
    block = "        Solution: not this one\nE12345: Odd.\n        Possible Cause: a\n        Solution: Do it so.\n"
    failure = parse_failure(ATC_FAILED + block)
    assert failure.hint == "a"
    assert parse_failure("E12345: Odd.").hint == ""


def test_the_cause_goes_before_the_frame_around_it() -> None:
    text = ATC_FAILED + "EZ9999: Inner Error!\nE10002: Input parameter is wrong.\n"
    assert parse_failure(text).code == "E10002"
    assert parse_failure(ATC_FAILED + "EZ9999: Inner Error!\n").code == "EZ9999"


def test_a_warning_is_no_error() -> None:
    text = ATC_FAILED + "W11001: Op fell back.\nEC0005: soc_version [Ascend310X] is invalid.\n"
    assert parse_failure(text).code == "EC0005"


def test_an_error_without_a_code_is_the_last_line() -> None:
    assert parse_failure(ATC_START + "Killed\n").message == "Killed"
    assert parse_failure("").message == "it said nothing"


def test_a_toolkit_without_its_stubs_is_told() -> None:
    text = "atc.bin: error while loading shared libraries: libascend_hal.so: cannot open shared object file\n"
    assert "devlib" in parse_failure(text).hint
