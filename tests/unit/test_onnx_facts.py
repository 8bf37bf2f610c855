"""What a model says of itself, and which models are refused with which words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dinoq.jobs.errors import BadModel
from dinoq.jobs.recipe import recipe_named
from dinoq.jobs.spec import ModelRef
from dinoq.workers.models.onnx_facts import baseline_from_metadata, check_batches, check_recipe, read_model
from tests.models import write_mean_colour

Shape = list[int | str]
HW = (224, 224)


def value(name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def write(path: Path, *, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> Path:
    """A model that has these ends; what is between them computes nothing of use."""
    nodes = [helper.make_node("Identity", [inputs[0].name], [output.name]) for output in outputs]
    graph = helper.make_graph(nodes, "ends", inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), str(path))
    return path


def refused(path: Path) -> BadModel:
    """Why the model is refused."""
    with pytest.raises(BadModel) as caught:
        read_model(path)
    assert str(path) in str(caught.value)
    return caught.value


def test_a_model_tells_its_ends_size_and_digest(tmp_path: Path) -> None:
    path = write_mean_colour(tmp_path / "tiny.onnx", side=8, classes=5)
    ref = read_model(path)
    assert (ref.name, ref.input_name, ref.output_name) == ("tiny", "input", "class")
    assert (ref.classes, ref.input_hw, ref.fixed_batch) == (5, (8, 8), None)
    assert ref.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_free_height_and_width_are_refused(tmp_path: Path) -> None:
    ends = {"inputs": [value("in", ["N", 3, "H", "W"])], "outputs": [value("out", ["N", 10])]}
    with pytest.raises(BadModel, match=r"in: float \[\?, 3, \?, \?\] free; expected fixed"):
        read_model(write(tmp_path / "free.onnx", **ends))


def test_weights_beside_the_model_are_refused(tmp_path: Path) -> None:
    path = write_mean_colour(tmp_path / "one.onnx")
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(BadModel, match=r"keeps weights in files beside it"):
        read_model(path)


def test_weights_that_are_listed_as_inputs_are_none(tmp_path: Path) -> None:
    """As exporters wrote them before IR version 4."""
    path = write_mean_colour(tmp_path / "old.onnx")
    model = onnx.load(str(path))
    model.graph.input.append(value("weights", [3, 3]))
    onnx.save(model, str(path))
    assert read_model(path).input_name == "input"


@pytest.mark.parametrize(
    ("inputs", "outputs", "told"),
    [
        ([value("a", ["N", 3, 8, 8]), value("b", ["N", 1])], [value("out", ["N", 9])], "has 2 inputs (a, b)"),
        ([value("a", ["N", 3, 8, 8])], [value("x", ["N", 9]), value("y", ["N", 9])], "and 2 outputs"),
        ([value("a", ["N", 1, 8, 8])], [value("out", ["N", 9])], "takes a: float [?, 1, 8, 8]"),
        ([value("a", ["N", 192])], [value("out", ["N", 9])], "takes a: float [?, 192]"),
        ([value("a", ["N", 3, 8, 8], TensorProto.UINT8)], [value("out", ["N", 9])], "takes a: uint8 [?, 3, 8, 8]"),
        ([value("a", ["N", 3, 8, 8])], [value("out", ["N", "C"])], "gives out: float [?, ?]"),
        ([value("a", ["N", 3, 8, 8])], [value("out", ["N", 9, 1, 1])], "gives out: float [?, 9, 1, 1]"),
        ([value("a", ["N", 3, 8, 8])], [value("out", ["N", 1])], "gives out: float [?, 1]"),
        ([value("a", ["N", 3, 8, 8])], [value("out", ["N", 40_000])], "at most 32767"),
    ],
)
def test_what_is_no_image_classifier_is_refused(
    tmp_path: Path, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], told: str
) -> None:
    error = refused(write(tmp_path / "odd.onnx", inputs=inputs, outputs=outputs))
    assert told in str(error)
    assert "expected one float input [N, 3, H, W] and one output [N, classes]" in str(error)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "is empty"), (b"\xff" * 64, "is no valid ONNX file"), (b"PK\x03\x04", "no valid ONNX")]
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bad.onnx").write_bytes(content)
    assert told in str(refused(tmp_path / "bad.onnx"))


def test_a_model_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_mean_colour(tmp_path / "cut.onnx")
    path.write_bytes(path.read_bytes()[:-40])
    assert "is no valid ONNX file" in str(refused(path))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path / "none.onnx")
    assert "cannot be read: No such file" in str(error)
    assert error.hint == "--model FILE.onnx"


def ref(fixed_batch: int | None = None, hw: tuple[int, int] = HW) -> ModelRef:
    """A model in a few words."""
    return ModelRef(
        name="m", sha256="0" * 64, input_name="i", output_name="o", classes=9, input_hw=hw, fixed_batch=fixed_batch
    )


def test_a_free_batch_fits_any_and_a_fixed_one_only_itself() -> None:
    check_batches(ref(), (1, 16))
    check_batches(ref(16), (16,))
    with pytest.raises(BadModel, match="fixed at batch 16; batch 1 is asked for") as caught:
        check_batches(ref(16), (16, 1))
    assert caught.value.hint.startswith("--batches 16")


def test_a_recipe_must_make_the_size_that_the_model_takes() -> None:
    check_recipe(ref(), recipe_named("dino"))
    with pytest.raises(BadModel, match="takes 256x224 pixels; recipe dino makes 224x224"):
        check_recipe(ref(hw=(256, 224)), recipe_named("dino"))


@pytest.mark.parametrize(
    ("text", "fraction"), [("75.3", 0.753), ("0.753", 0.753), ("1", 1.0), ("0", None), ("101", None), ("good", None)]
)
def test_a_model_may_carry_its_published_accuracy(tmp_path: Path, text: str, fraction: float | None) -> None:
    path = write_mean_colour(tmp_path / "m.onnx")
    model = onnx.load(str(path))
    helper.set_model_props(model, {"dinoq.baseline_top1": text, "other": "1"})
    onnx.save(model, str(path))
    assert baseline_from_metadata(path) == pytest.approx(fraction)


def test_a_model_that_carries_none_has_none(tmp_path: Path) -> None:
    assert baseline_from_metadata(write_mean_colour(tmp_path / "m.onnx")) is None


def test_cost_counts_two_operations_per_multiply_accumulate(tmp_path: Path) -> None:
    """A 3x3 convolution in two groups from 4 to 6 channels at half the size, then a classifier, by hand."""
    weights = {"conv": (6, 2, 3, 3), "first": (4, 3, 1, 1), "fc": (10, 6)}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["in", "first"], ["a"]),
            helper.make_node("Conv", ["a", "conv"], ["b"], strides=[2, 2], pads=[1, 1, 1, 1], group=2),
            helper.make_node("GlobalAveragePool", ["b"], ["c"]),
            helper.make_node("Flatten", ["c"], ["d"]),
            helper.make_node("Gemm", ["d", "fc"], ["out"], transB=1),
        ],
        "costly",
        [value("in", ["N", 3, 8, 8])],
        [value("out", ["N", 10])],
        [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.save(model, str(tmp_path / "costly.onnx"))
    macs = 4 * 3 * 8 * 8 + 6 * 2 * 9 * 4 * 4 + 10 * 6
    assert read_model(tmp_path / "costly.onnx").gflop == pytest.approx(2e-9 * macs)


def test_a_model_without_convolutions_has_no_cost_to_compare(tmp_path: Path) -> None:
    ends = {"inputs": [value("in", ["N", 3, 8, 8])], "outputs": [value("out", ["N", 10])]}
    assert read_model(write(tmp_path / "ends.onnx", **ends)).gflop is None
