"""Findings in published tables: the known cells, each rule by itself, and what follows from what."""

import pytest

from dinoq.jobs.audit import audit
from dinoq.jobs.facts import BUILT_IN
from dinoq.jobs.findings import Finding
from dinoq.jobs.formats.performance_reader import performance_tables
from dinoq.jobs.formats.tables import markdown_tables
from tests.published import FIRST, LATER

RESNET50 = 8.22


def findings(text: str, gflop: float | None = None, precision: str = "fp16") -> list[Finding]:
    (table,) = performance_tables(markdown_tables(text), BUILT_IN).tables
    return audit(table, gflop, precision)


def table_of(*lines: str) -> str:
    return "\n".join([lines[0], "|".join("-" for _ in lines[0].split("|")), *lines[1:]])


def cells(found: list[Finding]) -> dict[str, dict[str, float]]:
    return {finding.cell: dict(finding.implied) for finding in found if not finding.follows_from}


@pytest.mark.parametrize("gflop", [None, RESNET50])
def test_the_first_published_table_has_two_wrong_cells_and_their_consequence(gflop: float | None) -> None:
    found = findings(FIRST, gflop)
    assert cells(found) == {"310 bs32": {"bs32": 2244.78}, "310 bs64": {"bs64": 1704.408}}
    assert [(one.cell, one.line, one.follows_from) for one in found if one.follows_from] == [
        ("310 best", 11, "310 bs32")
    ]
    assert [one.line for one in found] == [9, 10, 11]


@pytest.mark.parametrize("gflop", [None, RESNET50])
def test_the_later_published_table_has_a_column_that_counts_the_batch_twice_and_the_stray_cell(
    gflop: float | None,
) -> None:
    found = findings(LATER, gflop)
    assert [(one.cell, one.line) for one in found] == [("310P", 5), ("310 bs32", 9)]
    implied = found[0].implied
    assert implied == pytest.approx(
        {"bs4": 1384.85, "bs8": 1373.2, "bs16": 1382.4, "bs32": 1370.4, "bs64": 1367.8}, rel=1e-4
    )
    assert "310P/310 and 310P/T4 rest on it" in found[0].text
    assert found[1].text.endswith("2.2 times both its neighbours")


def test_the_cards_peak_is_named_where_the_cost_of_an_image_is_known() -> None:
    assert [one.rules for one in findings(LATER, RESNET50)] == [("proportional", "peak"), ("peak", "neighbours")]
    assert [one.rules for one in findings(LATER)] == [("proportional",), ("neighbours",)]


def test_both_sides_of_a_contradiction_are_told() -> None:
    assert findings(FIRST)[1].text == (
        "310P/310 prints 2.492466593, but 4248.18 / 2244.78 is 1.892470532, and another ratio vouches for 310P"
    )


@pytest.mark.parametrize(("figure", "wrong"), [("3890", False), ("3900", True)])
def test_a_figure_above_the_peak_of_four_chips_is_a_finding(figure: str, wrong: bool) -> None:
    found = findings(table_of("|bs|310|", f"|1|{figure}|"), RESNET50)
    assert cells(found) == ({"310 bs1": {}} if wrong else {})


@pytest.mark.parametrize(("header", "precision"), [("310", "int8"), ("310 int8", "fp16"), ("310 (量化)", "fp16")])
def test_int8_figures_are_held_against_the_int8_peak(header: str, precision: str) -> None:
    (found,) = findings(table_of(f"|bs|{header}|", "|1|3900|", "|16|7800|"), RESNET50, precision)
    assert (found.line, found.text) == (4, "100 % of the 310 card's int8 peak")


def test_a_column_in_proportion_to_the_batch_is_one_finding() -> None:
    (found,) = findings(table_of("|bs|T4|", "|4|400|", "|8|800|", "|16|1600|"))
    assert (found.cell, found.printed, found.rules) == ("T4", "400 at bs4 to 1600 at bs16", ("proportional",))
    assert found.implied == {"bs4": 100, "bs8": 100, "bs16": 100}


def test_a_cpu_may_grow_in_proportion() -> None:
    assert findings(table_of("|bs|CPU fps|", "|4|40|", "|8|80|", "|16|160|")) == []


def test_a_cell_off_its_neighbours_is_found_in_whatever_order_rows_stand() -> None:
    found = findings(table_of("|bs|T4|", "|64|2090|", "|16|1858|", "|32|20339|"))
    assert [(one.cell, one.line, one.rules) for one in found] == [("T4 bs32", 5, ("neighbours",))]


@pytest.mark.parametrize(
    "ratio", ["1.57", "1.56", "1.569", "1.568", "1.6", "1.5", "1", "2", "1.5687", "156 %", "157%", "1.57x"]
)
def test_a_ratio_may_be_rounded_or_cut_off(ratio: str) -> None:
    assert findings(table_of("|bs|310P|T4|310P/T4|", f"|1|1378.5|878.742|{ratio}|")) == []


@pytest.mark.parametrize("ratio", ["1.58", "1.55", "1.572", "0.637", "3", "15.7", "155 %"])
def test_a_ratio_that_is_not_the_quotient_is_a_finding_with_the_quotient(ratio: str) -> None:
    (found,) = findings(table_of("|bs|310P|T4|310P/T4|", f"|1|1378.5|878.742|{ratio}|"))
    assert (found.cell, found.printed, found.rules) == ("310P/T4 bs1", ratio, ("ratio",))
    assert found.implied["bs1"] == pytest.approx(1378.5 / 878.742, rel=1e-3)


def test_one_figure_that_sets_two_ratios_right_is_one_finding() -> None:
    table = table_of("|bs|310|310P|T4|310P/310|310P/T4|", "|1|1617.052|1387.5|878.742|0.852477|1.568720|")
    (found,) = findings(table)
    assert (found.cell, found.printed) == ("310P bs1", "1387.5")
    assert found.implied["bs1"] == pytest.approx(1378.5, abs=0.01)
    assert "310P/310 prints 0.852477" in found.text
    assert "310P/T4 prints 1.568720" in found.text


def test_of_two_ratios_the_finer_one_says_what_a_figure_should_be() -> None:
    (found,) = findings(table_of("|bs|310|310P|T4|310P/310|310P/T4|", "|1|1617.052|1478.5|878.742|0.85|1.568720|"))
    assert found.implied["bs1"] == pytest.approx(1378.5, abs=0.01)


def test_a_figure_that_its_sweep_speaks_for_is_not_blamed_for_a_ratio() -> None:
    rows = ["|1|1600|1400|870|0.875|1.609|", "|16|2400|2700|1850|11.25|1.459|", "|64|2500|4200|2090|1.68|2.010|"]
    (found,) = findings(table_of("|bs|310|310P|T4|310P/310|310P/T4|", *rows))
    assert (found.cell, found.implied) == ("310P/310 bs16", {"bs16": 1.125})


@pytest.mark.parametrize(
    ("ratio", "gflop"),
    [("0.45", None), ("1.0", RESNET50)],
    ids=["above the best of its column", "above its card's peak"],
)
def test_a_figure_is_not_blamed_where_what_it_should_be_cannot_be(ratio: str, gflop: float | None) -> None:
    last = ["|64|2500|2300|1900|0.92|1.2105|", "|best|2500|2300|1900|0.92|1.2105|"] if gflop is None else []
    row = f"|16|2400|2160|1850|{ratio}|1.168|" if gflop is None else f"|16|2400|4200|1850|{ratio}|2.270|"
    (found,) = findings(table_of("|bs|310|310P|T4|310P/310|310P/T4|", row, *last), gflop)
    assert found.cell == "310P/310 bs16"


def test_a_figure_that_is_the_best_of_its_column_is_not_blamed() -> None:
    rows = ["|16|2400|2160|1850|1.08|1.168|", "|best|2400|2160|1850|0.9|1.168|"]
    (found,) = findings(table_of("|bs|310|310P|T4|310P/310|310P/T4|", *rows))
    assert found.cell == "310P/310 bs16"


def test_a_ratio_of_a_card_that_is_not_in_the_table_is_not_judged() -> None:
    assert findings(table_of("|bs|310P|310P/T4|", "|1|1378.5|99|")) == []


def test_a_best_figure_that_is_not_the_highest_is_a_finding() -> None:
    (found,) = findings(table_of("|bs|T4|", "|1|878|", "|16|1858|", "|64|2090|", "|best|1858|"))
    assert (found.cell, found.rules, found.implied) == ("T4 best", ("best",), {"best": 2090})


def test_a_best_figure_copied_from_a_wrong_cell_follows_from_it() -> None:
    found = findings(table_of("|bs|T4|", "|16|1858|", "|32|20339|", "|64|2090|", "|best|20339|"))
    assert [(one.cell, one.follows_from) for one in found] == [("T4 bs32", ""), ("T4 best", "T4 bs32")]


def test_a_best_figure_tells_which_of_two_figures_a_ratio_speaks_against() -> None:
    rows = ["|1|1600|1400|0.875|", "|16|2400|2700|1.125|", "|64|2500|420|1.68|", "|best|2500|4200|1.68|"]
    found = findings(table_of("|bs|310|310P|310P/310|", *rows))
    assert [(one.cell, one.follows_from) for one in found] == [
        ("310P bs16", "310P bs64"),
        ("310P bs64", ""),
        ("310P best", "310P bs64"),
    ]
    assert found[1].implied["bs64"] == pytest.approx(4200, rel=0.01)


def test_a_row_that_names_the_best_batches_is_no_row_of_figures() -> None:
    assert findings(table_of("|bs|T4|310|", "|1|878|1617|", "|16|1858|2441|", "|最优batch|16|16|")) == []


def test_a_cell_off_its_neighbours_for_a_wrong_one_follows_from_it() -> None:
    rows = ["|1|1600|1400|870|0.875|1.609|", "|8|2400|3500|1730|1.4583|2.0231|", "|16|2500|380|1850|1.52|2.0541|",
            "|64|2550|4200|2090|1.6471|2.0096|"]  # fmt: skip
    found = findings(table_of("|bs|310|310P|T4|310P/310|310P/T4|", *rows))
    assert [(one.cell, one.follows_from) for one in found] == [("310P bs8", "310P bs16"), ("310P bs16", "")]
    assert found[1].implied["bs16"] == pytest.approx(3800, rel=1e-3)


def test_tables_without_batches_have_their_ratios_checked() -> None:
    (found,) = findings(table_of("|model|310P fps|T4 fps|310P/T4|", "|net|430|261|1.647|", "|other|430|261|1.75|"))
    assert (found.cell, found.line) == ("310P/T4 other", 4)
