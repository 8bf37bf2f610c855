"""`dinoq audit` as a user has it."""

from __future__ import annotations

from tests.command import Answer, Shell
from tests.published import FIRST


def audited(shell: Shell, text: str, *more: object) -> Answer:
    (shell.home / "README.md").write_text(text)
    return shell.dinoq("audit", "README.md", *more)


def test_each_finding_is_one_line_with_what_it_implies(shell: Shell) -> None:
    answer = audited(shell, FIRST)
    bs32, bs64, best = answer.out.splitlines()
    assert bs32.startswith("README.md:9  table 1, 310 bs32  5279.8: 310P/310 prints 1.1491282, but ")
    assert bs32.endswith("; 136 % of the 310 card's fp16 peak; 2.2 times both its neighbours; implied 2244.78")
    assert bs64.startswith("README.md:10  table 1, 310 bs64  2244.78: ") and bs64.endswith("; implied 1704.408")
    assert best.startswith("README.md:11  table 1, 310 best  2441.26: ") and best.endswith("; follows from 310 bs32")
    assert "8.22 GFLOP an image (dino_resnet50, which the title names)" in answer.err
    assert (answer.code, answer.err.splitlines()[-1]) == (7, "1 table, 35 figures: 2 findings, 1 consequence")


def test_a_user_s_facts_are_named_by_flag_or_in_dinoq_toml(shell: Shell) -> None:
    (shell.home / "facts.toml").write_text("[chips.A10]\npeak_tflops_fp16 = 1.0\n[models.net]\ngflop = 10\n")
    table = "| bs | A10 |\n|---|---|\n| 1 | 101 |\n"
    assert audited(shell, table).code == 2
    answer = audited(shell, table, "--facts", "facts.toml", "--model", "net")
    assert (answer.code, "101 % of the A10 card's fp16 peak" in answer.out) == (7, True)
    (shell.home / "dinoq.toml").write_text('facts = "facts.toml"\n')
    assert audited(shell, table, "--gflop", "9").code == 0
