"""A program whose outputs are not one row of float logits per photo is refused before it gives a number."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto

from dinoq.jobs.ledger import FailureClass
from dinoq.workers.devices import atc
from dinoq.workers.program import ProgramKey
from dinoq.workers.tasks import WorkFailed
from tests.contract.ascend.rig import MODEL, Compile, Machine, Open, free, refusal
from tests.models import write_cast_colour


def with_output(folder: Path, kind: int, *, alone: bool) -> Path:
    """An .om whose model gives its logits as this kind of number: that alone, or as one more output."""
    onnx = write_cast_colour(folder / "model.onnx", kind, alone=alone)
    return Path(atc.compile(str(onnx), 4, "fp16", {}, str(folder), {**MODEL, "soc": "310P3"}).path)


@pytest.mark.parametrize(
    ("kind", "alone", "words"),
    [
        (TensorProto.FLOAT, False, "the model has 1 inputs and 2 outputs; expected one of each"),
        (TensorProto.INT32, True, "output cast is int32; expected logits as float32 or float16"),
    ],
)
def test_outputs_other_than_one_of_floats_are_refused(
    machine: Machine, opened: Open, tmp_path: Path, kind: int, alone: bool, words: str
) -> None:
    found = machine()[0]
    failure = refusal(opened(found), with_output(tmp_path, kind, alone=alone))
    assert (failure.kind, failure.error) == (FailureClass.PERMANENT, words)


def test_a_program_of_other_classes_than_the_models_is_refused(
    machine: Machine, opened: Open, compiled: Compile
) -> None:
    process = opened(machine()[0])
    key = ProgramKey(artifact=compiled(4), batch=4, precision="fp16", classes=1001)
    with process.turn(free), pytest.raises(WorkFailed, match="tells 1000 classes apart, the model 1001") as failed:
        process.load(key, free)
    assert failed.value.failure.kind is FailureClass.PERMANENT
