"""Which tables are of performance, and what each of their cells means."""

import pytest

from dinoq.cli.render.markdown import render
from dinoq.jobs.facts import BUILT_IN
from dinoq.jobs.formats.headers import batch_of, columns, is_best
from dinoq.jobs.formats.performance import PerformanceTable, Reading
from dinoq.jobs.formats.performance_reader import performance_tables
from dinoq.jobs.formats.tables import markdown_tables
from tests.published import FIRST, LATER
from tests.reports import report_of, two_chip_job


def read(text: str) -> Reading:
    return performance_tables(markdown_tables(text), BUILT_IN)


def only(text: str) -> PerformanceTable:
    (table,) = read(text).tables
    return table


def table_of(*lines: str) -> str:
    """The first line is the header."""
    return "\n".join([lines[0], "|".join("-" for _ in lines[0].split("|")), *lines[1:]])


def figures(table: PerformanceTable) -> dict[str, dict[str, float]]:
    return {row.label: {name: printed.value for name, printed in row.figures.items()} for row in table.rows}


@pytest.mark.parametrize("text", [FIRST, LATER])
def test_the_published_tables_are_read_whole(text: str) -> None:
    table = only(text)
    assert {name: column.card and column.card.name for name, column in table.columns.items()} == {
        "310": "310",
        "310P": "310P3",
        "T4": "T4",
    }
    assert {name: column.sides for name, column in table.ratios.items()} == {
        "310P/310": ("310P", "310"),
        "310P/T4": ("310P", "T4"),
    }
    assert table.n_figures == 5 * len(table.rows)
    assert [row.batch for row in table.rows][:6] == [1, 4, 8, 16, 32, 64]


def test_the_row_of_the_best_batch_is_no_batch() -> None:
    best = only(FIRST).rows[-1]
    assert (best.is_best, best.batch, best.line) == (True, None, 11)


@pytest.mark.parametrize(
    ("header", "kind", "name"),
    [
        ("Batch Size", "batch", "Batch Size"),
        ("批大小", "batch", "批大小"),
        ("310 (FPS/Card)", "figure", "310"),
        ("Ascend310P3 throughput (images/s)", "figure", "Ascend310P3"),
        ("３１０Ｐ 性能", "figure", "310P"),
        ("**T4**", "figure", "T4"),
        ("300I PRO 性能", "figure", "300I PRO"),
        ("基准性能", "figure", "基准"),
        ("吞吐率", "figure", "吞吐率"),
        ("310P3 (simulated)", "figure", "310P3 (simulated)"),
        ("310P / T4", "ratio", "310P / T4"),
        ("310P/310离线推理精度", "other", "310P/310离线推理精度"),
        ("310精度", "other", "310精度"),
        ("T4 latency (ms)", "other", "T4 latency (ms)"),
        ("310时延", "other", "310时延"),
        ("910B", "other", "910B"),
        ("模型", "group", "模型"),
        ("芯片型号", "chip", "芯片型号"),
    ],
)
def test_a_header_is_understood_as_people_write_it(header: str, kind: str, name: str) -> None:
    (column,) = columns([header], BUILT_IN)
    assert (column.kind, column.name) == (kind, name)


def test_words_in_brackets_tell_columns_apart() -> None:
    found = columns(["310", "310P", "310P(aoe)", "310P/310", "310P(aoe)/310"], BUILT_IN)
    assert [column.sides for column in found[3:]] == [("310P", "310"), ("310P(aoe)", "310")]


def test_a_ratio_of_names_that_no_card_has_is_one_where_they_are_columns() -> None:
    assert columns(["bs", "NPU fps", "GPU fps", "NPU/GPU"], BUILT_IN)[3].sides == ("NPU", "GPU")
    assert columns(["bs", "in/out"], BUILT_IN)[1].kind == "other"


@pytest.mark.parametrize(
    ("label", "batch"),
    [("bs16", 16), ("BS 16", 16), ("batch_size=16", 16), ("dino_resnet50_bs16", 16), ("TransformerXl(bs1)", 1),
     ("１６", 16), ("**16**", 16), ("批次16", 16), ("0", None), ("top1", None), ("最优batch", None), ("jobs16", None)],
)  # fmt: skip
def test_a_batch_is_known_by_its_label(label: str, batch: int | None) -> None:
    assert batch_of(label) == batch


@pytest.mark.parametrize(
    ("label", "best"), [("最优batch", True), ("**best**", True), ("Best BS", True), ("bs64", False)]
)
def test_the_best_row_is_known_by_its_label(label: str, best: bool) -> None:
    assert is_best(label) is best


def test_batches_along_the_header_are_the_same_table_turned() -> None:
    turned = only(table_of("|chip|bs1|bs16|", "|310P|1378.5|2708.79|", "|T4|878.7|1858.2|", "|310P/T4|1.57|1.46|"))
    assert figures(turned) == {"bs1": {"310P": 1378.5, "T4": 878.7}, "bs16": {"310P": 2708.79, "T4": 1858.2}}
    assert [row.ratios["310P/T4"].value for row in turned.rows] == [1.57, 1.46]


def test_chips_down_the_side_become_columns() -> None:
    table = only(
        table_of(
            "|芯片型号|Batch Size|精度|性能|",
            "|310P3|1|93 %|1378.5fps|",
            "|T4|1|93 %|878.7fps|",
            "|T4|16|93 %|1858fps|",
        )
    )
    assert figures(table) == {"bs1": {"310P3": 1378.5, "T4": 878.7}, "bs16": {"T4": 1858}}
    assert [printed.line for row in table.rows for printed in row.figures.values()] == [3, 4, 5]


def test_a_report_of_dinoq_itself_is_read() -> None:
    table = only(render(report_of(two_chip_job(origins=("simulated", "real")))))
    assert {name: column.card and column.card.name for name, column in table.columns.items()} == {
        "310 (simulated)": None,
        "T4": "T4",
    }
    assert figures(table)["bs16"] == {"310 (simulated)": 610.0, "T4": 1857.3}


def test_models_in_one_table_are_tables_of_their_own() -> None:
    rows = ["|resnet18|1|3151|", "|resnet18|16|6039|", "|resnet101|1|992|", "|resnet101|16|1604|"]
    assert [(table.group, len(table.rows)) for table in read(table_of("|model|bs|310|", *rows)).tables] == [
        ("resnet18", 2),
        ("resnet101", 2),
    ]


def test_a_batch_that_comes_again_begins_a_table() -> None:
    found = read(table_of("|bs|T4|", "|1|878|", "|16|1858|", "|1|400|", "|16|900|")).tables
    assert [figures(table)["bs1"]["T4"] for table in found] == [878, 400]


def test_rows_named_after_model_and_batch_are_read() -> None:
    table = only(
        table_of(
            "|模型|官网pth精度|基准性能|310性能|",
            "|net_bs1|75.3%|891.8fps|1521.5fps|",
            "|net_bs16|75.3%|2003fps|2406fps|",
        )
    )
    assert (table.group, figures(table)["bs16"]) == ("net", {"基准": 2003, "310": 2406})


def test_a_best_row_belongs_to_the_model_above_it() -> None:
    table = only(table_of("|模型|310 fps|", "|net_bs1|1521|", "|net_bs16|2406|", "|最优batch|2406|"))
    assert (table.group, [row.label for row in table.rows]) == ("net", ["bs1", "bs16", "best"])


@pytest.mark.parametrize(
    "text",
    [
        "no table",
        table_of("|Model|batchsize|Accuracy|", "|dino|1|75.28%|"),
        table_of("|配套|版本|", "|CANN|5.1|"),
        table_of("||310|310P|", "|driver|22.0|22.0|"),
        table_of("|bs|latency (ms)|", "|1|1.2|", "|16|12.4|"),
        table_of("|bs|310|", "|1|-|"),
        table_of("|bs|310|"),
        table_of("|bs" + "|310" * 1001 + "|", "|1" + "|9" * 1001 + "|"),
    ],
)
def test_other_tables_are_passed_by(text: str) -> None:
    assert read(text).tables == ()


def test_what_is_no_figure_is_told_and_not_judged() -> None:
    reading = read(table_of("|bs|310|T4|310/T4|", "|1|1617|85 %|1.8|", "|4|2161 / 2200|1532||", "|8|-|0|~1.4|"))
    assert [(cell.line, cell.text, cell.why) for cell in reading.unread] == [
        (3, "85 %", "it is no figure"),
        (4, "2161 / 2200", "it is no figure"),
        (5, "0", "it is no figure"),
        (5, "~1.4", "it is no figure"),
    ]


def test_a_figure_merged_over_rows_is_told_and_not_judged() -> None:
    reading = read(
        "<table><tr><td>bs<td>T4<td>310</tr><tr><td>1<td rowspan=2>878<td>1617</tr><tr><td>4<td>2161</table>"
    )
    assert figures(reading.tables[0]) == {"bs1": {"310": 1617}, "bs4": {"310": 2161}}
    assert {cell.why for cell in reading.unread} == {"it is merged with other cells"}


def test_a_header_of_two_lines_is_read_as_one() -> None:
    head = "<tr><th rowspan=2>bs<th colspan=2>310P<th rowspan=2>T4</tr><tr><th>性能<th>时延(ms)</tr>"
    table = only(f"<table>{head}<tr><td>1<td>1378.5<td>0.73<td>878.7</tr></table>")
    assert figures(table) == {"bs1": {"310P": 1378.5, "T4": 878.7}}


def test_figures_without_a_batch_in_a_table_of_batches_are_told() -> None:
    reading = read(table_of("|bs|T4|", "|1|878|", "||1532|"))
    assert [(cell.line, cell.text, cell.why) for cell in reading.unread] == [(4, "1532", "its row names no batch")]


def test_a_ratio_in_percent_is_a_ratio() -> None:
    table = only(table_of("|bs|310P|T4|310P/T4 (%)|", "|1|1378.5|878.7|157|"))
    assert table.rows[0].ratios["310P/T4 (%)"].value == pytest.approx(1.57)


def test_a_decimal_comma_is_read_where_the_table_shows_one() -> None:
    table = only(table_of("|bs|310|310P|310P/310|", "|1|1617,052|1378,5|0,852|", "|4|2161,044|3317,4|1,535|"))
    assert [row.ratios["310P/310"].value for row in table.rows] == [pytest.approx(0.852), pytest.approx(1.535)]


@pytest.mark.parametrize(
    "table",
    [
        table_of("|bs|310P3 (simulated)|", "|1|1378|"),
        table_of("|bs|310P3|", "|bs1 (simulated)|1378|"),
        table_of("|chip|batch|compute|", "|310P3 (模拟)|1|1378|"),
    ],
)
def test_what_is_simulated_is_held_against_no_card(table: str) -> None:
    assert [column.card for column in only(table).columns.values()] == [None]
    plainly = only(table.replace(" (simulated)", "").replace(" (模拟)", "")).columns.values()
    assert [column.card and column.card.name for column in plainly] == ["310P3"]


def test_columns_of_one_name_are_kept_apart() -> None:
    assert figures(only(table_of("|bs|T4|T4|", "|1|878|826|"))) == {"bs1": {"T4": 878, "T4 (column 3)": 826}}
