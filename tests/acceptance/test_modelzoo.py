"""Three sites that cannot see each other, each with one simulated chip, and the table that needs all three."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench
from tests.command import Shell

PUBLISHED = {"bs4": (1.535091373, 2.164534365), "bs16": (1.109586853, 1.457768263)}
"""ModelZoo-PyTorch, README of Dino_Resnet50, section 7.4: 310P/310 and 310P/T4."""
PHOTOS = 32


@pytest.fixture
def archives(bench: Bench, tmp_path: Path) -> list[Path]:
    """What each site exports: batch 16 on photos, batch 4 on random data, paced to the published table."""
    for n in range(9, PHOTOS):
        shutil.copy(bench.photos / f"p{n % 9}.jpg", bench.photos / f"p{n}.jpg")
    bench.relabel("".join(f"p{n}.jpg {n % 9 % 3}\n" for n in range(PHOTOS)))
    return [site(bench, tmp_path, chip) for chip in ("310", "310P3", "T4")]


def site(bench: Bench, tmp_path: Path, chip: str) -> Path:
    home = tmp_path / f"site-{chip}"
    home.mkdir()
    shell, archive = Shell(home, {"DINOQ_HOST": f"site-{chip}"}), tmp_path / f"{chip}.dinoq"
    wanted = ["--chip", chip, "--batches", "4,16", "--mode", "recipe", "--loop", "12"]
    simulated = ["--simulate", f"{chip}:1", "--pace", "published"]
    answer = shell.dinoq("run", *bench.args()[4:], *wanted, *simulated)
    assert answer.code == 0, answer.err
    assert shell.dinoq("export", "last", "-o", archive).code == 0
    return archive


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the last table, by their heads."""
    table = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)[-1].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.long
def test_jobs_of_three_sites_make_the_published_table_in_both_languages(archives: list[Path], bench: Bench) -> None:
    for archive in archives:
        assert bench.shell.dinoq("import", archive).code == 0
    for lang, best in (("zh", "最优batch"), ("en", "best batch")):
        answer = bench.shell.dinoq("report", "1", "2", "3", "--format", "modelzoo", "--lang", lang)
        assert answer.code == 0, answer.err
        found = rows(answer.out)
        assert found[""] == ["310", "310P", "T4", "310P/310", "310P/T4"]
        assert list(found)[2:] == ["bs4", "bs16", best]
        for batch, ratios in PUBLISHED.items():
            assert [float(cell.split()[0]) for cell in found[batch][3:]] == pytest.approx(ratios, rel=0.02)
        assert [float(cell.split()[0]) for cell in found[best][3:]] == pytest.approx((1.358896, 1.785299), rel=0.02)
        assert found[best][0].endswith("bs16 (sx)") and found[best][1].endswith("bs4 (sp)")
        assert ["p" in found[batch][2].split("(")[1] for batch in PUBLISHED] == [True, False]
        assert answer.out.count("atc --framework=5 ") == 4 and answer.out.count("\ndinoq run --model ") == 3


def test_a_language_is_for_that_format_alone(bench: Bench) -> None:
    assert bench.run().code == 0
    assert bench.shell.dinoq("report", "--lang", "en").code == 2
    answer = bench.shell.dinoq("report", "--format", "modelzoo", "--lang", "fr")
    assert (answer.code, "zh, en" in answer.err) == (2, True)
    assert "没有310" in bench.shell.dinoq("report", "--format", "modelzoo").out
