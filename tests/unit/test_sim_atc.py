"""The simulated atc: what it refuses and how, what it makes; AIPP; the offline model's file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from dinoq.workers.simulators.ascend import aipp, om
from dinoq.workers.simulators.compute import Value
from dinoq.workers.simulators.programs import atc
from tests.models import write_mean_colour

AIPP = """aipp_op{ aipp_mode:static input_format:RGB888_U8 src_image_size_w:10 src_image_size_h:12 crop:true
 load_start_pos_h:2 load_start_pos_w:1 crop_size_w:8 crop_size_h:8
 min_chn_0:123.675 min_chn_1:116.28 min_chn_2:103.53 var_reci_chn_0:0.5 var_reci_chn_1:0.25 var_reci_chn_2:2 }"""
ERROR = re.compile(r"^([EW][A-Z0-9]\d{3,4}): \[PID: \d+\] \d{4}-\d\d-\d\d-[\d:.]+ (.*)$", re.MULTILINE)
Run = Callable[..., str]


@pytest.fixture
def flags(tmp_path: Path) -> dict[str, str]:
    return {
        "framework": "5",
        "model": str(write_mean_colour(tmp_path / "m.onnx")),
        "output": str(tmp_path / "made"),
        "soc_version": "Ascend310P3",
        "input_shape": "input:4,3,8,8",
    }


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("DINOQ_SIM_FAULTS", raising=False)

    def called(flags: dict[str, str], code: int = 0) -> str:
        assert atc.main([f"--{name}={value}" for name, value in flags.items()]) == code
        return capsys.readouterr().out

    return called


def made(flags: dict[str, str]) -> om.Om:
    return om.from_bytes(Path(flags["output"] + ".om").read_bytes())


def refusal(run: Run, flags: dict[str, str]) -> tuple[str, str]:
    """Code and sentence of a conversion that has to fail."""
    text = run(flags, code=255)
    assert text.startswith("ATC start working now, please wait for a moment.\n...\nATC run failed, ")
    assert not Path(flags["output"] + ".om").exists()
    found = ERROR.search(text)
    assert found, text
    return found.group(1), found.group(2)


def test_success_is_said_on_stdout_and_leaves_the_file(run: Run, flags: dict[str, str]) -> None:
    lines = run(flags).splitlines()
    assert (lines[0], lines[-1]) == (atc.BEGIN, "ATC run success, welcome to the next use.")
    assert made(flags).inputs == (Value("input", (4, 3, 8, 8), "float32"),)
    assert made(flags).outputs == (Value("class", (4, 3), "float32"),)


def test_a_flag_may_be_followed_by_its_value(flags: dict[str, str]) -> None:
    arguments = [text for name, value in flags.items() for text in (f"--{name}", value)]
    assert atc.main(arguments) == 0


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert atc.main(["--help"]) == 0
    assert "--soc_version" in capsys.readouterr().out


def test_an_unknown_flag_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert atc.main(["--sock_version=x"]) == 1
    assert "sock_version" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("framework", "", "E10007", "[--framework] is required. The value must be [0(Caffe)"),
        ("soc_version", "", "E10007", "[--soc_version] is required."),
        ("soc_version", "310P3", "E10001", "Value [310P3] for parameter [--soc_version] is invalid."),
        ("model", "/no/such.onnx", "E10001", "Value [/no/such.onnx] for parameter [--model] is invalid."),
        ("output", "/no/such/folder/x", "E10001", "[--output]"),
        ("precision_mode", "fp8", "E10001", "[--precision_mode]"),
        ("input_shape", "image:4,3,8,8", "E10016", "Opname [image] specified in [--input_shape] is not found"),
        ("input_shape", "input:4,3,8", "E10002", "Shape [4, 3, 8]"),
        ("input_shape", "input:4,3,9,8", "E10002", "Shape [4, 3, 9, 8]"),
        ("input_shape", "input:a", "E10002", "Value [input:a]"),
        ("input_shape", "4,3,8,8", "E10002", "Value [4,3,8,8]"),
        ("input_shape", "", "E10002", "Shape [-1, 3, 8, 8]"),
        ("dynamic_batch_size", "1,4", "E10031", "no -1"),
        ("dynamic_batch_size", "4", "E10035", "at least 2"),
        ("dynamic_batch_size", ",".join(map(str, range(1, 102))), "E10036", "at most 100"),
        ("insert_op_conf", "/no/such.conf", "E10001", "[--insert_op_conf]"),
        ("auto_tune_mode", "RL", "E10001", "[--auto_tune_mode]"),
    ],
)
def test_a_refusal_has_its_code(run: Run, flags: dict[str, str], name: str, value: str, code: str, words: str) -> None:
    found = refusal(run, flags | {name: value})
    assert found[0] == code
    assert words in found[1]


def test_a_new_opset_has_no_parser(run: Run, flags: dict[str, str]) -> None:
    model = onnx.load(flags["model"])
    model.opset_import[0].version = 20
    onnx.save(model, flags["model"])
    code, words = refusal(run, flags)
    assert code == "E19010"
    assert "optype [ai.onnx::20::GlobalAveragePool]" in words


def test_an_injected_error_hits_its_batch_alone(
    run: Run, flags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "compile@310P3:4:EZ3003")
    code, words = refusal(run, flags)
    assert code == "EZ3003"
    assert "optype [GlobalAveragePool]" in words
    run(flags | {"input_shape": "input:1,3,8,8"})


def test_success_without_a_file_can_be_injected(
    run: Run, flags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "no-file-atc@310P3")
    assert "ATC run success" in run(flags)
    assert not Path(flags["output"] + ".om").exists()


def test_a_conversion_may_never_end(run: Run, flags: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "hang-atc@310P3")
    monkeypatch.setattr(atc, "time", SimpleNamespace(sleep=lambda _: pytest.fail("asleep", pytrace=False)))
    with pytest.raises(pytest.fail.Exception, match="asleep"):
        run(flags)


@pytest.mark.parametrize(
    ("more", "precision"),
    [
        ({}, "fp16"),
        ({"precision_mode": "force_fp32"}, "fp32"),
        ({"precision_mode": "allow_mix_precision"}, "fp16"),
        ({"precision_mode": "must_keep_origin_dtype"}, "fp32"),
        ({"precision_mode_v2": "origin"}, "fp32"),
    ],
)
def test_precision_is_half_unless_kept(run: Run, flags: dict[str, str], more: dict[str, str], precision: str) -> None:
    run(flags | more)
    assert made(flags).precision == precision


def test_gears_make_the_batch_free(run: Run, flags: dict[str, str]) -> None:
    run(flags | {"input_shape": "input:-1,3,8,8", "dynamic_batch_size": "4,1,16"})
    assert made(flags).gears == (1, 4, 16)
    assert made(flags).inputs[0].shape == (-1, 3, 8, 8)


def test_an_output_may_be_half(run: Run, flags: dict[str, str]) -> None:
    run(flags | {"output_type": "FP16"})
    assert made(flags).outputs == (Value("class", (4, 3), "float16"),)


def test_output_sizes_that_the_graph_leaves_open_are_found(run: Run, flags: dict[str, str]) -> None:
    model = onnx.load(flags["model"])
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "classes"
    onnx.save(model, flags["model"])
    run(flags)
    assert made(flags).outputs == (Value("class", (4, 3), "float32"),)


def test_aipp_makes_the_input_photos(run: Run, flags: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "aipp.conf").write_text(AIPP)
    run(flags | {"insert_op_conf": str(tmp_path / "aipp.conf")})
    assert made(flags).inputs == (Value("input", (4, 12, 10, 3), "uint8"),)


def test_aipp_crops_and_normalises() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (1, 12, 10, 3), np.uint8)
    planes = aipp.parse(AIPP).normalise(photo)
    assert planes.shape == (1, 3, 8, 8)
    assert planes[0, 2, 0, 7] == pytest.approx((photo[0, 2, 8, 2] - 103.53) * 2, rel=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("static", "dynamic", "aipp_mode"),
        ("RGB888_U8", "YUV420SP_U8", "input_format"),
        ("load_start_pos_h:2", "load_start_pos_h:5", "crop"),
        ("src_image_size_w:10", "", "src_image_size_w"),
        ("aipp_op", "op", "aipp_op"),
    ],
)
def test_an_aipp_configuration_that_is_not_simulated_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        aipp.parse(AIPP.replace(old, new))


@pytest.mark.parametrize("data", [b"", b"PK", om.MAGIC, om.MAGIC + (2).to_bytes(8, "big") + b"{}"])
def test_what_is_no_offline_model_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="offline model"):
        om.from_bytes(data)
