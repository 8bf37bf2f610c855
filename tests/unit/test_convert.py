"""What was saved is read back and held to what was meant; what cannot be written says so."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import onnx
import pytest

from dinoq.cli.checkpoint_pair import onnx_of, pair_in
from dinoq.jobs.errors import BadFolder, UsageError
from dinoq.workers.models.convert import write_model
from dinoq.workers.models.reference import Comparison
from dinoq.workers.models.resnet50 import weight_shapes
from tests.dino_net import NORM, layers


def comparison(max_difference: float, largest_logit: float) -> Comparison:
    return Comparison(reference="torch", images=4, max_difference=max_difference, largest_logit=largest_logit)


def test_the_shapes_are_those_of_the_description() -> None:
    described = OrderedDict[str, tuple[int, ...]]()
    for conv, norm, shape in layers():
        described[f"{conv}.weight"] = shape
        described |= {f"{norm}.{entry}": shape[:1] for entry in NORM}
    assert weight_shapes() == described


def test_the_allowed_difference_is_the_same_however_large_the_logits_and_nan_is_none() -> None:
    assert comparison(1e-4, 0.5).holds and not comparison(1.1e-4, 0.5).holds
    assert comparison(1e-4, 41).holds and not comparison(1.1e-4, 41).holds
    assert not comparison(float("nan"), 10).holds


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"no does not take an ONNX file of 0 MiB: No such file") as caught:
        write_model(onnx.ModelProto(ir_version=6), tmp_path / "no" / "a.onnx")
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a.pth,b.pth", (Path("a.pth"), Path("b.pth"))),
        ("/x y/a.pth.tar,b.pt", (Path("/x y/a.pth.tar"), Path("b.pt"))),
        ("a.onnx", None),
        ("a,b.onnx", None),
        ("a.pth", None),
        ("a.pth,b.onnx", None),
    ],
)
def test_a_pair_is_two_checkpoints_with_a_comma_between(text: str, pair: tuple[Path, Path] | None) -> None:
    assert pair_in(text) == pair


def test_any_other_model_is_the_file_itself() -> None:
    assert onnx_of("resnet50.onnx") == Path("resnet50.onnx")
    with pytest.raises(UsageError, match=r"a\.pth is a checkpoint"):
        onnx_of("a.pth")
