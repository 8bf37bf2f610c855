"""Which entries of a checkpoint are DINO's ResNet-50, and which files are refused with which words."""

from __future__ import annotations

import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.errors import BadCheckpoint
from dinoq.workers.models.checkpoints import open_checkpoint
from dinoq.workers.models.dino import Weights, read_weights
from tests.checkpoints import Stored, spread, stored, write_zip
from tests.dino_net import NORM, layers, small_linear, small_state


def read(folder: Path, backbone: object = None, linear: object = None) -> Weights:
    paths = (
        write_zip(folder / "backbone.pth", small_state() if backbone is None else backbone),
        write_zip(folder / "linear.pth", {"state_dict": small_linear()} if linear is None else linear),
    )
    return read_weights(*map(open_checkpoint, paths))


def refused(folder: Path, backbone: object = None, linear: object = None) -> str:
    with pytest.raises(BadCheckpoint) as caught:
        read(folder, backbone, linear)
    return caught.value.told


def test_the_published_structure_has_318_and_2_keys_and_gives_267_weights(tmp_path: Path) -> None:
    weights = read(tmp_path)
    assert (len(small_state()), len(small_linear()), len(weights)) == (318, 2, 53 * 5 + 2)
    assert {key: array.shape for key, array in weights.items() if key.startswith("fc.")} == {
        "fc.weight": (1000, 2048),
        "fc.bias": (1000,),
    }
    assert all(weights[f"{conv}.weight"].shape == shape for conv, _, shape in layers())
    assert all(weights[f"{norm}.{entry}"].shape == shape[:1] for _, norm, shape in layers() for entry in NORM)


@pytest.mark.parametrize("prefix", ["module.backbone.", "backbone.", "module.", ""])
def test_a_full_checkpoint_gives_its_teacher(prefix: str, tmp_path: Path) -> None:
    teacher = OrderedDict((f"{prefix}{key}", value) for key, value in small_state().items())
    teacher["head.mlp.0.weight"] = spread(2048, 2048)
    student = OrderedDict((key, spread(1)) for key in teacher)
    assert len(read(tmp_path, {"student": student, "teacher": teacher, "epoch": 800})) == 267


def test_a_classifier_that_was_saved_alone_is_read_too(tmp_path: Path) -> None:
    assert len(read(tmp_path, linear=small_linear())) == 267


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    state = small_state()
    del state["layer4.2.bn3.running_var"]
    assert "backbone.pth lacks layer4.2.bn3.running_var; expected 318 keys" in refused(tmp_path, state)


def test_an_unexpected_key_is_named(tmp_path: Path) -> None:
    state = small_state() | {"fc.weight": spread(1000, 2048)}
    assert "backbone.pth holds fc.weight unexpectedly; expected 318 keys" in refused(tmp_path, state)


def test_of_many_keys_a_few_are_named_and_all_are_counted(tmp_path: Path) -> None:
    vit = OrderedDict(cls_token=spread(1, 1, 384), pos_embed=spread(1, 785, 384))
    told = refused(tmp_path, vit)
    assert "lacks conv1.weight, bn1.weight, bn1.bias, bn1.running_mean, bn1.running_var, ... (318 in all)" in told
    assert "and holds cls_token, pos_embed unexpectedly" in told


def test_files_in_the_wrong_order_are_told_so(tmp_path: Path) -> None:
    assert "Try: BACKBONE.pth comes first" in refused(tmp_path, {"state_dict": small_linear()})
    assert "Try: BACKBONE.pth comes first" in refused(tmp_path, linear=small_state())


@pytest.mark.parametrize(("kind", "told"), [("HalfStorage", "float16"), ("BFloat16Storage", "bfloat16")])
def test_numbers_of_half_precision_are_refused_with_key_and_dtype(kind: str, told: str, tmp_path: Path) -> None:
    state = small_state()
    for key in ("layer1.0.conv1.weight", "conv1.weight"):
        state[key] = spread(*state[key].shape, kind=kind, item=b"\0\0")
    words = refused(tmp_path, state)
    assert f"has conv1.weight as {told}; expected float32 (2 such tensors in all)" in words and "value.float()" in words


def test_a_wrong_shape_is_named_with_the_right_one(tmp_path: Path) -> None:
    state = small_state()
    state["layer1.0.conv1.weight"] = spread(64, 64, 3, 3)
    assert "has layer1.0.conv1.weight of shape [64, 64, 3, 3]; expected [64, 64, 1, 1]." in refused(tmp_path, state)


def test_a_classifier_of_other_classes_or_features_is_refused(tmp_path: Path) -> None:
    head = OrderedDict({"linear.weight": spread(365, 8192), "linear.bias": spread(365)})
    told = refused(tmp_path, linear=head)
    assert "linear.weight of shape [365, 8192]; expected [1000, 2048] (2 such tensors in all)" in told


def test_an_entry_that_is_no_tensor_is_named(tmp_path: Path) -> None:
    state: dict[str, object] = {**small_state(), "bn1.bias": 1.0}
    assert "holds no tensor as bn1.bias" in refused(tmp_path, state)


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    state = small_state()
    assert "holds conv1.weight twice" in refused(tmp_path, state | {"module.conv1.weight": state["conv1.weight"]})


def test_what_holds_no_state_dict_is_refused(tmp_path: Path) -> None:
    assert "backbone.pth is a list; expected a state dict" in refused(tmp_path, [1, 2])


@pytest.mark.parametrize(("key", "kind"), [pytest.param(10**5000, "int", id="endless"), (None, "NoneType")])
def test_a_key_that_is_no_text_is_refused_and_not_written_out(key: object, kind: str, tmp_path: Path) -> None:
    assert f"has a key that is no text ({kind}); expected a state dict" in refused(tmp_path, {key: 1})


@pytest.mark.parametrize(
    ("key", "value"), [("conv1.weight", float("nan")), ("bn1.bias", float("inf")), ("bn1.running_var", -1.0)]
)
def test_weights_of_a_training_that_diverged_are_refused(key: str, value: float, tmp_path: Path) -> None:
    state = small_state()
    state[key] = spread(*state[key].shape, item=struct.pack("<f", value))
    assert f"has NaN, infinity or a negative variance in {key}" in refused(tmp_path, state)


def test_the_counters_may_be_any_whole_number_but_no_float(tmp_path: Path) -> None:
    state: OrderedDict[str, Stored] = small_state()
    state["bn1.num_batches_tracked"] = stored(np.array(5, np.float32))
    assert "has bn1.num_batches_tracked as float32; expected int64" in refused(tmp_path, state)
