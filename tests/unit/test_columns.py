"""The columns of a list as people name them."""

from __future__ import annotations

import pytest

from dinoq.jobs.columns import Order, column_named, columns_named, order_for, short
from dinoq.jobs.errors import UsageError

COLUMNS = ("job", "job_images_per_s", "compute_images_per_s", "model", "model_sha256", "p99_ms", "created_at")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("compute", "compute_images_per_s"),
        ("compute_images_per_s", "compute_images_per_s"),
        (" p99 ", "p99_ms"),
        ("job", "job"),
        ("job_images_per_s", "job_images_per_s"),
        ("model", "model"),
        ("created", "created_at"),
    ],
)
def test_a_unit_may_be_left_out_where_one_meaning_is_left(text: str, column: str) -> None:
    assert column_named(text, COLUMNS) == column


def test_the_short_name_of_a_column_means_that_column() -> None:
    assert [column_named(short(name, COLUMNS), COLUMNS) for name in COLUMNS] == list(COLUMNS)


def test_a_column_may_be_called_by_its_head() -> None:
    assert column_named("submitted", COLUMNS, {"created_at": "submitted"}) == "created_at"


@pytest.mark.parametrize("text", ["", "x", "job,x", ","])
def test_a_column_that_there_is_not_is_said_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="is not known; there are job, job_images_per_s, compute, model"):
        columns_named(text, COLUMNS)


def test_columns_are_listed_once_in_the_order_given() -> None:
    assert columns_named("p99,job,p99_ms", COLUMNS) == ("p99_ms", "job")
    assert columns_named("all", COLUMNS) == COLUMNS


def test_a_minus_puts_the_greatest_first() -> None:
    assert order_for("-compute", COLUMNS) == Order(column="compute_images_per_s", descending=True)
    assert order_for("model", COLUMNS) == Order(column="model")
