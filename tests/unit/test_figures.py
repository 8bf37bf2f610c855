"""Numbers as people write them."""

import pytest

from dinoq.jobs.formats.figures import decimal_sign, is_blank, plain, read_figure


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("1617.052", 1617.052, 0.001),
        ("1,617.052", 1617.052, 0.001),
        ("1 617.05", 1617.05, 0.01),
        ("1'617", 1617, 1),
        ("1,617", 1617, 1),
        ("1.617,05", 1617.05, 0.01),
        ("1.617.052", 1617052, 1),
        ("1617,05", 1617.05, 0.01),
        ("0,852", 0.852, 0.001),
        ("１，６１７．０５２", 1617.052, 0.001),
        ("**1617.1 fps**", 1617.1, 0.1),
        ("*35.70*", 35.7, 0.01),
        ("`1733.5fps`", 1733.5, 0.1),
        ("~~5279.8~~ 2244.78", 2244.78, 0.01),
        ("2441.26[^1]", 2441.26, 0.01),
        ("2441.26¹", 2441.26, 0.01),
        ("2441.26<sup>1</sup>", 2441.26, 0.01),
        ("4248.18 †", 4248.18, 0.01),
        ("[4250](https://example.com/1)", 4250, 1),
        ("4250 (bs64)", 4250, 1),
        ("2,090.9 images/s", 2090.9, 0.1),
        ("1.7x", 1.7, 0.1),
        ("0.39 倍", 0.39, 0.01),
        ("2.4k", 2400, 100),
        ("1e3", 1000, 1000),
    ],
)
def test_a_number_is_read_with_the_step_of_its_last_digit(text: str, value: float, step: float) -> None:
    figure = read_figure(text)
    assert figure is not None
    assert [figure.value, figure.step] == pytest.approx([value, step])


@pytest.mark.parametrize("text", ["85.2 %", "85.2％", "**８５．２％**"])
def test_a_percent_sign_counts_in_hundredths_and_is_told(text: str) -> None:
    figure = read_figure(text)
    assert figure is not None
    assert figure.is_percent
    assert [figure.value, figure.step] == pytest.approx([0.852, 0.001])


@pytest.mark.parametrize(
    "text",
    ["12 ms", "1617/1378", "~1600", ">1600", "310P", "1..2", "12,34,567", "1.2,3", "1e999", "430fps; 25fps", "3."],
)
def test_what_is_no_single_figure_is_none(text: str) -> None:
    assert read_figure(text) is None
    assert not is_blank(text)


@pytest.mark.parametrize("text", ["", " ", "-", "--", "—", "－", "/", "N/A", "无", "~~5279.8~~", "...", "**-**"])
def test_a_dash_and_its_like_say_that_nothing_was_measured(text: str) -> None:
    assert is_blank(text)
    assert read_figure(text) is None


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["0,852", "1,569"], ","),
        (["1617,05", "2,441"], ","),
        (["1.617,05", "2.441"], ","),
        (["1,617", "2,441"], "."),
        (["1,617.05", "2,441"], "."),
        (["1617.052", "0,852"], "."),
        ([], "."),
    ],
)
def test_a_table_s_decimal_sign_is_the_one_that_only_one_reading_allows(texts: list[str], sign: str) -> None:
    assert decimal_sign(texts) == sign


def test_the_decimal_sign_decides_what_three_digits_are() -> None:
    assert [figure.value for sign in ".," if (figure := read_figure("1,569", sign))] == pytest.approx([1569, 1.569])


def test_words_lose_their_markup_and_width() -> None:
    assert plain("**３１０Ｐ**&nbsp;[性能](x)<br>") == "310P 性能"


def test_a_cell_without_end_is_no_figure_and_takes_no_time() -> None:
    assert read_figure("1 " * 1_000_000 + "x") is None
