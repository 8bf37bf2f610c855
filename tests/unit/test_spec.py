"""The job spec and its JSON."""

import json
from dataclasses import replace

import pytest

from dinoq.jobs.chips import parse_chips
from dinoq.jobs.recipe import RECIPES
from dinoq.jobs.spec import DataRef, JobSpec, ModelRef, plan_runs, spec_from_json

SPEC = JobSpec(
    name="lite0 on val20",
    model=ModelRef(
        name="lite0", sha256="ab" * 32, input_name="input", output_name="class", classes=1000, input_hw=(224, 224)
    ),
    data=DataRef(source="/photos", manifest_id="cd" * 32, samples=20),
    recipe=RECIPES["efficientnet-lite"],
    runs=plan_runs(parse_chips("310P3,cpu"), (1, 16), None),
    baseline_top1=0.753,
)


def test_a_spec_survives_json() -> None:
    assert spec_from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC


def test_runs_are_every_chip_with_every_batch_in_the_chips_own_precision() -> None:
    cells = [(run.run_no, run.chip, run.batch, run.precision) for run in SPEC.runs]
    assert cells == [(1, "310P3", 1, "fp16"), (2, "310P3", 16, "fp16"), (3, "cpu", 1, "fp32"), (4, "cpu", 16, "fp32")]


def test_a_precision_that_is_asked_for_holds_for_all() -> None:
    assert {run.precision for run in plan_runs(parse_chips("310P3,T4"), (1,), "fp32")} == {"fp32"}


def test_a_run_is_found_by_its_number() -> None:
    assert SPEC.run(2) == SPEC.runs[1]


def test_a_spec_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        spec_from_json(replace(SPEC, version=2).to_json())
