"""Tables in Markdown, HTML and CSV, each cell with its line."""

import pytest

from dinoq.jobs.errors import BadTable
from dinoq.jobs.formats.grid import Cell, Table
from dinoq.jobs.formats.tables import csv_tables, markdown_tables


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_a_pipe_table_is_found_with_its_lines() -> None:
    (table,) = markdown_tables("text\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nmore | text\n")
    assert texts(table) == [["a", "b"], ["1", "2"]]
    assert (table.line, [row[0].line for row in table.rows]) == (3, [3, 5])


@pytest.mark.parametrize(
    "table", ["a|b\n-|-\n1|2", "> | a | b |\n> |--|--|\n> | 1 | 2 |", "  |a|b|\n  |:-|-:|\n  |1|2|"]
)
def test_outer_pipes_quotes_and_indents_change_nothing(table: str) -> None:
    assert [texts(found) for found in markdown_tables(table)] == [[["a", "b"], ["1", "2"]]]


def test_an_escaped_pipe_is_text_and_an_empty_last_cell_a_cell() -> None:
    (table,) = markdown_tables("|a|b||\n|-|-|-|\n|1 \\| 2||\n")
    assert texts(table) == [["a", "b", ""], ["1 | 2", ""]]


def test_tables_without_a_line_between_them_are_two() -> None:
    found = markdown_tables("|a|b|\n|-|-|\n|1|2|\n|c|d|\n|-|-|\n|3|4|")
    assert [(table.no, texts(table)) for table in found] == [
        (1, [["a", "b"], ["1", "2"]]),
        (2, [["c", "d"], ["3", "4"]]),
    ]


@pytest.mark.parametrize("text", ["", "|", "---", "a | b\n", "| ls | wc -l |\n| x |", "| 0 310P3 |\n+---+---+\n| 1 |"])
def test_pipes_alone_make_no_table(text: str) -> None:
    assert markdown_tables(text) == []


def test_a_cell_that_continues_the_one_above_is_marked_as_merged() -> None:
    (table,) = markdown_tables("|m|bs|\n|-|-|\n|resnet|1|\n|^^|4|")
    assert table.rows[2][0] == Cell("resnet", 4, merged=True)


def test_html_cells_that_span_are_repeated_and_marked() -> None:
    (table,) = markdown_tables(
        "x\n<table><tr><th>m<th>bs<th>310</tr>\n<tr><td rowspan=2>net<td>1<td>5\n<tr><td>4</td><td>6</table>"
    )
    assert texts(table) == [["m", "bs", "310"], ["net", "1", "5"], ["net", "4", "6"]]
    assert [(cell.line, cell.merged) for cell in table.rows[2]] == [(4, True), (4, False), (4, False)]


def test_pipe_and_html_tables_are_numbered_as_they_come() -> None:
    found = markdown_tables("<TABLE><tr><td>1</td></tr></TABLE>\n\n|a|b|\n|-|-|\n\n<table><tr><td>2")
    assert [(table.no, table.line, table.rows[0][0].text) for table in found] == [(1, 1, "1"), (2, 3, "a"), (3, 6, "2")]


def test_a_span_without_end_fills_no_memory() -> None:
    (table,) = markdown_tables("<table><tr>" + "<td colspan=999999999 rowspan=99999>x" * 50 + "</tr><tr><td>y</table>")
    assert max(map(len, table.rows)) <= 2000


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_file_is_read_whatever_parts_its_fields(sign: str) -> None:
    text = sign.join(["bs", "310"]) + "\r\n" + sign.join(["1", '"1,617.05"']) + "\r\n"
    assert [texts(table) for table in csv_tables(text)] == [[["bs", "310"], ["1", "1,617.05"]]]


def test_blank_lines_part_csv_tables_and_titles_are_left_out() -> None:
    found = csv_tables("resnet50 on T4\n\nThroughput\nbs,T4\n1,878\n,\nbs,310\n1,1617\n")
    assert [(table.no, table.line, texts(table)) for table in found] == [
        (1, 4, [["bs", "T4"], ["1", "878"]]),
        (2, 7, [["bs", "310"], ["1", "1617"]]),
    ]


def test_a_csv_field_over_several_lines_moves_the_next_line() -> None:
    (table,) = csv_tables('bs,"310\nper card"\n1,5\n')
    assert [row[0].line for row in table.rows] == [1, 3]


def test_a_csv_field_without_end_is_refused_by_its_line() -> None:
    with pytest.raises(BadTable, match="line 2 is no CSV"):
        csv_tables('bs,310\n"' + "x" * 200_000 + "\n")


def test_an_empty_csv_has_no_table() -> None:
    assert csv_tables("\n\n") == []


def test_a_table_is_turned_with_short_rows_filled_up() -> None:
    (table,) = markdown_tables("|chip|bs1|bs4|\n|-|-|-|\n|T4|5|")
    assert texts(table.turned()) == [["chip", "T4"], ["bs1", "5"], ["bs4", ""]]
