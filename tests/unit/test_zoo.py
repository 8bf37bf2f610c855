"""The model zoo's table and README: which figure stands where, what is divided, what is marked, and that nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dinoq.cli.render.modelzoo import render
from dinoq.jobs.ledger import Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report
from dinoq.jobs.told import FACTS, UNKNOWN, Told
from dinoq.jobs.zoo import card_figure, column_of, zoo_table
from tests.builders import make_device, make_manifest, make_spec
from tests.modes import mode_job
from tests.reports import make_record, make_results, make_run, paced, report_of

SEED = {
    "310": {1: 1617.052, 4: 2161.044, 8: 2410.052, 16: 2441.26},
    "310P3": {1: 1378.5, 4: 3317.4, 8: 3678.53, 16: 2708.79},
    "T4": {1: 878.742, 4: 1532.616, 8: 1733.528, 16: 1858.176},
}
"""ModelZoo-PyTorch, README of Dino_Resnet50, section 7.4, the rows that agree with their own ratios."""
RATIOS = {1: (0.852477224, 1.568719829), 4: (1.535091373, 2.164534365), 8: (1.526328063, 2.12199053)}


def three_chip_job(origin: Origin = "real") -> tuple[JobRecord, Manifest]:
    """The seed's figures, each of one chip."""
    manifest = make_manifest(512)
    spec = make_spec(manifest, chips=tuple(SEED), batches=(1, 4, 8, 16))
    runs = []
    for run in spec.runs:
        device = make_device("lab", run.chip, origin=origin)
        per_chip = SEED[run.chip][run.batch] / (4 if run.chip == "310" else 1)
        ms = 1000.0 * run.batch / per_chip
        results = make_results(manifest, run.batch, run_no=run.run_no, ms=ms, devices=[device.key])
        made = make_run(results, run_no=run.run_no, origin=origin, devices=[device])
        runs.append(replace(made, compile_command=f"atc --model=m.onnx --output=bs{run.batch}"))
    return make_record(manifest, spec, runs), manifest


def with_told(told: Told) -> tuple[JobRecord, Manifest]:
    """The same job, its first run (310 bs1) told by another tool."""
    record, manifest = three_chip_job()
    spec = replace(record.spec, runs=(replace(record.spec.runs[0], mode="imported"), *record.spec.runs[1:]))
    run = replace(record.runs[0], results=(), told=told)
    return replace(record, spec=spec, runs=(run, *record.runs[1:])), manifest


def table_of(text: str) -> list[list[str]]:
    """The cells of the last table."""
    blocks = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    rows = [line.strip("|").split("|") for line in blocks[-1].splitlines()]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set(":-")]


@pytest.fixture
def report() -> Report:
    return report_of(three_chip_job())


def test_every_310p_stands_in_one_column_and_the_cpu_in_none() -> None:
    assert [column_of(chip) for chip in ("310", "310P3", "310P1", "T4", "cpu")] == ["310", "310P", "310P", "T4", None]


def test_the_published_ratios_come_out_card_to_card(report: Report) -> None:
    rows = {row.batch: row for row in zoo_table(report).rows}
    for batch, expected in RATIOS.items():
        found = [rows[batch].quotients["310P", other].value for other in ("310", "T4")]
        assert found == pytest.approx(expected, rel=2e-3)


def test_the_best_row_takes_each_columns_best_batch(report: Report) -> None:
    best = zoo_table(report).best
    assert {column: run.batch for column, run in best.runs.items()} == {"310": 16, "310P": 8, "T4": 16}
    assert best.quotients["310P", "T4"].value == pytest.approx(3678.53 / 1858.176, rel=2e-3)


@pytest.mark.parametrize(("lang", "best"), [("zh", "最优batch"), ("en", "best batch")])
def test_the_table_has_the_published_columns_and_rows(report: Report, lang: str, best: str) -> None:
    head, *rows = table_of(render(report, lang))
    assert head == ["", "310", "310P", "T4", "310P/310", "310P/T4"]
    assert [row[0] for row in rows] == ["bs1", "bs4", "bs8", "bs16", best]


def test_what_was_not_measured_is_a_dash_and_never_a_guess() -> None:
    record, manifest = three_chip_job()
    idle = replace(record.runs[0], results=())
    _, first, *_ = table_of(render(report_of((replace(record, runs=(idle, *record.runs[1:])), manifest))))
    assert first[1] == "-"
    assert first[4] == "-"
    assert first[3] != "-"


def test_simulated_cells_are_marked_with_a_note_below() -> None:
    text = render(report_of(three_chip_job("simulated")), "en")
    assert "**SIMULATED**" in text
    assert all("s" in cell.split("(")[1] for row in table_of(text)[1:] for cell in row[1:])
    assert "- (s) simulated; not measured on a card" in text


def test_real_and_simulated_cells_are_not_divided_and_it_is_said() -> None:
    record, manifest = three_chip_job()
    runs = [
        replace(run, origin="simulated" if record.spec.run(run.run_no).chip == "T4" else "real") for run in record.runs
    ]
    text = render(report_of((replace(record, runs=tuple(runs)), manifest)), "en")
    assert [row[5] for row in table_of(text)[1:]] == ["-"] * 5
    assert "310P/T4 bs1: simulated and real figures are never divided" in text


def test_figures_of_two_clocks_are_not_divided() -> None:
    text = render(report_of(paced(three_chip_job("simulated"), "T4")), "en")
    assert "figures of different clocks (--pace) are never divided" in text


def test_pure_cells_are_marked() -> None:
    rows = table_of(render(report_of(mode_job("recipe", chips=("T4",))), "en"))
    assert ["(p)" in row[3] for row in rows[1:5]] == [False, True, True, False]


def test_imported_cells_are_marked_and_so_is_what_their_tool_ran_on() -> None:
    facts = dict.fromkeys(FACTS, UNKNOWN) | {"data": "random"}
    told = Told(tool="benchmark", kind="PureInfer", rates={"compute": 400.0}, facts=facts)
    text = render(report_of(with_told(told)), "en")
    assert table_of(text)[1][1] == "1600.00 (pix)"
    assert "- (i) measured by another tool and imported" in text
    assert "310P/310 bs1: figures on the dataset and on random data" in text


def test_accuracy_that_a_tool_told_has_its_row_and_mark() -> None:
    told = Told(tool="postprocess", kind="result.json", images=50_000, top_k=(0.7527, 0.85, 0.89, 0.91, 0.9257))
    text = render(report_of(with_told(told)), "en")
    assert "| 310 (i) | 1 | 75.27% | 92.57% | 50000 |" in text


def test_accuracy_of_a_simulator_is_marked_in_its_row() -> None:
    text = render(report_of(three_chip_job("simulated")), "zh")
    section = text.split("### 6.1")[1].split("### 6.2")[0]
    assert section.count("(s) |") == 12
    assert "- (s) 模拟器数据" in section


def test_a_card_that_is_extrapolated_from_one_chip_is_marked(report: Report) -> None:
    _, first, *_ = table_of(render(report, "en"))
    assert ["(x)" in cell for cell in first[1:]] == [True, False, False, True, False]


def test_of_several_figures_for_a_cell_the_real_one_stands_and_the_other_is_named() -> None:
    record, manifest = three_chip_job()
    again = replace(record.spec.runs[0], run_no=len(record.runs) + 1)
    spec = replace(record.spec, runs=(*record.spec.runs, again))
    twice = replace(record.runs[0], run_no=again.run_no, origin="simulated")
    report = report_of((replace(record, spec=spec, runs=(*record.runs, twice)), manifest))
    table = zoo_table(report)
    assert table.rows[0].runs["310"].origin == "real"
    assert [run.run_no for run in table.passed_over] == [again.run_no]


def test_every_cell_is_traced_to_its_run(report: Report) -> None:
    text = render(report, "en")
    lines = [line for line in text.splitlines() if "`dinoq report" in line]
    assert len(lines) == len(zoo_table(report).shown) == 12
    assert all(card_figure(run) for run in zoo_table(report).shown)


def test_literal_commands_are_given_and_none_is_made_up() -> None:
    record, manifest = three_chip_job()
    typed = "dinoq run --chip 310 --name 'a ``` fence'"
    text = render(report_of((replace(record, spec=replace(record.spec, command=typed)), manifest)), "en")
    assert "\n````\n" + typed + "\n````\n" in text
    assert text.count("atc --model=m.onnx --output=bs1\n") == 1
    assert "No command was recorded" in render(report_of((record, manifest)), "en")


def test_names_with_markup_stay_names() -> None:
    record, manifest = three_chip_job()
    model = replace(record.spec.model, name="<b>|evil|*x*")
    text = render(report_of((replace(record, spec=replace(record.spec, model=model)), manifest)), "en")
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert "\\|evil\\|" in text


def test_a_report_without_such_chips_says_so() -> None:
    assert "There is no figure of a 310, 310P or T4." in render(report_of(mode_job("recipe", chips=("cpu",))), "en")
