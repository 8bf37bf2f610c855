"""What a reader must know first: is it simulated, did it pass, and if not, why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from dinoq.cli.render.pairs import worse_texts
from dinoq.cli.render.words import counted, run_labels
from dinoq.jobs.gates import Gated
from dinoq.jobs.ranking import Ratio
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.verdicts import PRECEDENCE, Kind, Status, Verdict

Line = tuple[str, str]
"""A word, and the sentence behind it."""


def headline(report: Report) -> list[Line]:
    """The verdict of the whole job first, worst first; then what is undecided, chips that are worse than another, gates that
    hold, and answers that were no numbers. One line when all is well and no gate was asked for."""
    wrong = [(one.exit_code, one.status.value, _about(runs, one.text)) for one, runs in _grouped(report, _decides)]
    wrong += [(gate.exit_code, *_gate_line(gate)) for gate in report.gates if gate.exit_code]
    wrong.sort(key=lambda entry: PRECEDENCE.index(entry[0]))
    lines = [(word, text) for _, word, text in wrong]
    lines += [(one.status.value, _about(runs, one.text)) for one, runs in _grouped(report, _undecided)]
    lines += [_gate_line(gate) for gate in report.gates if not gate.exit_code and gate.status is not Status.PASS]
    lines += [("WORSE", text) for text in worse_texts(report)]
    held = [_gate_line(gate) for gate in report.gates if gate.status is Status.PASS]
    return [*(lines or [("PASS", _all_well(report))]), *held, *_nonfinite(report)]


def _decides(verdict: Verdict) -> bool:
    return verdict.exit_code != 0


def _undecided(verdict: Verdict) -> bool:
    return verdict.status is Status.UNDECIDED


def _gate_line(gate: Gated) -> Line:
    return gate.status.value, f"gate {gate.text}: {gate.detail}"


def cautions(report: Report) -> list[Line]:
    """Verdicts that are no PASS but decide nothing, and are no dash in a table either."""
    found = _grouped(report, lambda verdict: verdict.status is Status.UNSTABLE and not verdict.exit_code)
    return [(verdict.status.value, _about(runs, verdict.text)) for verdict, runs in found]


def simulated_banner(report: Report) -> str:
    """Which runs were simulated, and what they were paced to; empty when none was."""
    chips_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for run in report.runs:
        if run.simulated:
            chips_of[run.pace][run.chip] = None
    return "; ".join(_simulated(list(chips), pace) for pace, chips in chips_of.items())


def _simulated(chips: list[str], pace: str) -> str:
    one = len(chips) == 1
    paced = f" paced to {table_named(pace)}" if pace else ""
    what = f"{'is a simulator' if one else 'are simulators'}{paced}; none of {'its' if one else 'their'}"
    return f"{_listed(chips)} {what} figures was measured on a card"


def table_named(pace: str) -> str:
    """What simulated devices took their times from, as people name it."""
    return "published tables" if pace == "published" else pace


def _nonfinite(report: Report) -> Iterator[Line]:
    """They are counted as wrong, so that no verdict need fall for them: said beside it, that none passes in silence."""
    if runs := [run for run in report.runs if run.nonfinite]:
        total = sum(run.nonfinite for run in runs)
        yield "NaN", _about(runs, f"{counted(total, 'answer')} with NaN or Inf among the logits, counted as wrong")


def status_of(run: RunReport, kind: Kind) -> str:
    """The word of one kind of verdict; empty when there is none."""
    return next((verdict.status.value for verdict in run.verdicts if verdict.kind == kind), "")


def _grouped(report: Report, wanted: Callable[[Verdict], bool]) -> Iterator[tuple[Verdict, list[RunReport]]]:
    """Verdicts that are wanted, each with the runs that share it; those of the job first."""
    runs_of: dict[Verdict, list[RunReport]] = {verdict: [] for verdict in report.verdicts if wanted(verdict)}
    for run in report.runs:
        for verdict in filter(wanted, run.verdicts):
            runs_of.setdefault(verdict, []).append(run)
    yield from runs_of.items()


def _about(runs: list[RunReport], text: str) -> str:
    return f"{run_labels(runs)}: {text}" if runs else text


def _all_well(report: Report) -> str:
    if all(run.told for run in report.runs) and not report.data.samples:
        return f"nothing speaks against the figures of {counted(len(report.runs), 'run')}; no answer was counted"
    random = sum(run.mode == "pure" for run in report.runs)
    n = len(report.runs) - random
    if n == 0:
        return f"throughput on random data was measured{_where(random)}; that proves no accuracy"
    where = _where(n) + (" on the dataset" if random else "")
    differences = [run.against.difference for run in report.runs if run.against]
    if not differences:
        return f"all {report.data.samples} samples were evaluated{where}; {'; '.join(report.notes)}"
    worst = 100 * min(differences)
    side = f"{abs(worst):.2f} pp {'below' if worst < 0 else 'above'} the published figure"
    ratio = "".join(map(_at_best, report.ratios))
    return f"accuracy holds{where}, {'' if n == 1 else 'at worst '}{side}{ratio}"


def _where(n: int) -> str:
    return {1: "", 2: " in both runs"}.get(n, f" in all {n} runs")


def _at_best(ratio: Ratio) -> str:
    if not ratio.best:
        return ""
    random = ", on random data" if "pure" in (ratio.mode, ratio.against_mode) else ""
    return f" · {ratio.chip}/{ratio.against} = {ratio.value:.2f} at best batch{random}"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
