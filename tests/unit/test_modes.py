"""What runs are fed, by which rule."""

import pytest

from dinoq.jobs.chips import parse_chips
from dinoq.jobs.errors import UsageError
from dinoq.jobs.modes import rule_named, with_modes
from dinoq.jobs.spec import plan_runs, spec_from_json
from tests.builders import make_manifest, make_spec

CELLS = plan_runs(parse_chips("310P3,T4"), (1, 4, 16, 64), None)


def test_the_recipe_takes_the_dataset_for_batches_1_and_16_of_every_chip() -> None:
    of_batch = {run.batch: set[str]() for run in CELLS}
    for run in with_modes(CELLS, "recipe"):
        of_batch[run.batch].add(run.mode)
    assert of_batch == {1: {"dataset"}, 4: {"pure"}, 16: {"dataset"}, 64: {"pure"}}


@pytest.mark.parametrize("rule", ["dataset", "pure"])
def test_the_other_rules_are_the_same_for_every_batch(rule: str) -> None:
    assert {run.mode for run in with_modes(CELLS, rule_named(rule))} == {rule}


def test_an_unknown_mode_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="mode 'purr' is none of dataset, pure, recipe"):
        rule_named("purr")


def test_slices_are_cut_for_the_runs_over_the_dataset_alone() -> None:
    assert make_spec(make_manifest(), batches=(1, 3, 16, 48), rule="recipe").slice_batches == (1, 16)
    assert make_spec(make_manifest(), batches=(1, 16), rule="pure").slice_batches == ()


def test_a_mode_survives_the_ledger() -> None:
    spec = make_spec(make_manifest(), batches=(1, 4), rule="recipe")
    assert spec_from_json(spec.to_json()).runs == spec.runs
