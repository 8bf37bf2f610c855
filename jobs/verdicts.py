"""What stands beside the figures: one word each, the reason, and the exit code that follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dinoq.jobs.bootstrap import Draws
from dinoq.jobs.card import Card
from dinoq.jobs.chips import CHIPS, Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.measure import MIN_BATCHES, Measurement
from dinoq.jobs.merge import Coverage
from dinoq.jobs.plausibility import COUNTED_TWICE, is_proportional, off_neighbours, share_of_peak, times_neighbours
from dinoq.jobs.spec import Mode
from dinoq.jobs.status import Status

__all__ = [
    "ALLOWED_LOSS",
    "CHANCE_SAMPLES",
    "CODES",
    "MAX_CV",
    "MAX_DRIFT",
    "PRECEDENCE",
    "Cell",
    "Kind",
    "Status",
    "Verdict",
    "accuracy_verdict",
    "coverage_verdict",
    "exit_code",
    "looks_like_guessing",
    "peak_share",
    "performance_verdict",
    "plausibility_verdicts",
    "random_data_verdict",
    "rows_of",
    "stability_verdict",
    "told_accuracy_verdict",
]

Kind = Literal["coverage", "accuracy", "performance", "stability", "plausibility"]

ALLOWED_LOSS = 0.01
"""The accuracy gate: Top-1 may lie one percentage point below the published figure, as a fraction."""
MAX_CV = 0.025
"""Above it timing is unstable: where NVIDIA's trtexec warns."""
MAX_DRIFT = 0.05
"""First and last quarter of a device's batches may differ by so much: twice what variation alone may explain."""
CHANCE_SAMPLES = 100


CODES: Mapping[tuple[Kind, Status], int] = {
    ("accuracy", Status.FAIL): 3,
    ("performance", Status.FAIL): 4,
    ("stability", Status.UNSTABLE): 5,
    ("coverage", Status.INCOMPLETE): 6,
    ("plausibility", Status.IMPLAUSIBLE): 7,
}
PRECEDENCE = (1, 8, 6, 7, 3, 4, 5)
"""Which exit code wins where several apply: who cannot see everything cannot judge it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One judgement and its reason. `decides`: the exit code follows from it."""

    kind: Kind
    status: Status
    text: str
    decides: bool = True

    @property
    def exit_code(self) -> int:
        """What this verdict alone would end the process with."""
        return CODES.get((self.kind, self.status), 0) if self.decides else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The compute figure of one run, per chip; `gflop` of one image, None when unknown; `pace` names the clock of
    simulated devices, empty for their own; `card` is None where only the chip is known; `draws` are images/s as they
    might have been measured (jobs/bootstrap.py), None where nobody told the times of the batches."""

    run_no: int
    chip: str
    batch: int
    precision: Precision
    origin: Origin | None
    images_per_s: float
    gflop: float | None = None
    pace: str = ""
    card: Card | None = None
    mode: Mode = "dataset"
    p99_ms: float | None = None
    draws: Draws | None = field(default=None, compare=False, repr=False)


def exit_code(verdicts: Iterable[Verdict], *others: int) -> int:
    """The one exit code of many verdicts, and of `others` that the caller knows of; 0 when all is well."""
    codes = {code for code in (*others, *(verdict.exit_code for verdict in verdicts)) if code}
    return min(codes, key=PRECEDENCE.index, default=0)


def coverage_verdict(coverage: Coverage, error: str = "") -> Verdict:
    """PASS when every sample was evaluated. `error` is the run's, if it ended with one."""
    text = f"{coverage.counted}/{coverage.expected} samples"
    if coverage.complete:
        return Verdict(kind="coverage", status=Status.PASS, text=text)
    text += f": {coverage.unreadable} unreadable, {coverage.n_missing} missing"
    return Verdict(kind="coverage", status=Status.INCOMPLETE, text=f"{text}; {error}" if error else text)


def random_data_verdict(error: str = "", *, timed: bool) -> Verdict | None:
    """In the place of coverage, which a run on random data has none of: INCOMPLETE when it was not timed, else None."""
    if timed:
        return None
    text = f"random data was not timed; {error}" if error else "random data was not timed"
    return Verdict(kind="coverage", status=Status.INCOMPLETE, text=text)


def accuracy_verdict(
    correct: int, coverage: Coverage, baseline: float | None, part_of: int | None = None, *, simulated: bool = False
) -> Verdict | None:
    """One-sided: not more than 1 percentage point below `baseline`, a fraction; None without one.

    UNDECIDED on a part of the dataset (a sample of `part_of`, or incomplete coverage), and for a simulator, whose
    accuracy is no chip's and passes or fails no gate.
    """
    if baseline is None or coverage.expected == 0:
        return None
    accuracy = correct / coverage.expected
    if simulated and coverage.counted:
        text = f"{100 * accuracy:.2f} % is a simulator's, no chip's: not held against the published"
        return Verdict(kind="accuracy", status=Status.UNDECIDED, text=f"{text} {100 * baseline:.2f} %")
    if not coverage.complete or part_of is not None:
        whole = coverage.expected if part_of is None else part_of
        text = f"only {coverage.counted} of {whole} samples were evaluated"
        return Verdict(kind="accuracy", status=Status.UNDECIDED, text=text)
    loss = baseline - accuracy
    # Hundredths of a percent are exact in neither binary fraction; a billionth is less than any one sample.
    status = Status.PASS if loss <= ALLOWED_LOSS + 1e-9 else Status.FAIL
    side = "below" if loss > 0 else "above"
    relative = f" ({100 * accuracy / baseline:.2f} % of it)" if baseline > 0 else ""
    text = f"{100 * accuracy:.2f} % is {100 * abs(loss):.2f} pp {side} the published {100 * baseline:.2f} %{relative}"
    return Verdict(kind="accuracy", status=status, text=text + "; 1 pp below is allowed")


def told_accuracy_verdict(top_k: Sequence[float], baseline: float | None) -> Verdict | None:
    """UNDECIDED for an accuracy that another tool told, fractions for k = 1, 2, ...: nothing is there to be counted."""
    if not top_k or baseline is None:
        return None
    text = f"{100 * top_k[0]:.2f} % is told without predictions: not held against the published {100 * baseline:.2f} %"
    return Verdict(kind="accuracy", status=Status.UNDECIDED, text=text)


def looks_like_guessing(correct: int, high: float, samples: int, classes: int) -> bool:
    """Top-1 hardly better than chance, 1 in `classes`: wrong labels or another class order, never a chip.

    `high` is the upper end of the 95 % interval. Not said of fewer than 100 samples, where it means little.
    """
    if samples < CHANCE_SAMPLES or classes < 2:
        return False
    return correct / samples <= 2 / classes and high <= 1 / classes + 0.05


def performance_verdict(measured: Measurement, loop: int) -> Verdict | None:
    """NOT_MEASURED where there is no compute figure, with the cure; floors are gates (jobs/gates.py). `loop` is 0 for a run
    on random data, for which it is no cure."""
    why = measured.throughput.why.get("compute")
    if why is None:
        return None
    n = measured.latency.n
    cure = f" (--loop {-(-MIN_BATCHES * loop // n)})" if loop and 0 < n < MIN_BATCHES else ""
    return Verdict(kind="performance", status=Status.NOT_MEASURED, text=f"{why}{cure}")


def stability_verdict(
    measured: Measurement, coverage: Coverage, disturbances: Sequence[str] = (), *, decides: bool
) -> Verdict | None:
    """UNSTABLE when a device's times vary or drift too much, or it answered the same samples differently, or was disturbed:
    by foreign work, heat or hardware, or its windows did not agree, each a sentence of `disturbances`.

    None where there are too few times to say.
    """
    cv = max((device.cv for device in measured.devices if device.cv is not None), default=None)
    trend = max((device.drift for device in measured.devices if device.drift is not None), key=abs, default=None)
    faults = ["the same samples were answered differently when repeated"] if coverage.conflicts else []
    faults += disturbances
    faults += [measured.windows.disagreement] if measured.windows and not measured.windows.agreed else []
    if measured.throughput.compute is not None and cv is not None and trend is not None:
        faults += [f"batch times vary by {100 * cv:.1f} % (CV, {100 * MAX_CV:.1f} % allowed)"] if cv > MAX_CV else []
        if abs(trend) > MAX_DRIFT:
            faults.append(f"batch times drift by {100 * trend:+.1f} % ({100 * MAX_DRIFT:.0f} % allowed)")
    elif not faults:
        return None
    if faults:
        return Verdict(kind="stability", status=Status.UNSTABLE, text="; ".join(faults), decides=decides)
    text = f"CV {100 * (cv or 0.0):.1f} %, drift {100 * (trend or 0.0):+.1f} %"
    return Verdict(kind="stability", status=Status.PASS, text=text, decides=decides)


def plausibility_verdicts(cells: Sequence[Cell]) -> dict[int, Verdict]:
    """By run: IMPLAUSIBLE for what cannot be, PASS for what was held against the chip's peak.

    Source: the published DINO tables, where one column counts the batch twice and exceeds the chip's peak, and one
    cell contradicts its own row.
    """
    faults: defaultdict[int, list[str]] = defaultdict(list)
    shares = {cell.run_no: share for cell in cells if (share := peak_share(cell)) is not None}
    for no, share in shares.items():
        if share > 1.0:
            faults[no].append(f"{100 * share:.0f} % of the chip's peak")
    for row in rows_of(cells):
        for no in _proportional(row):
            faults[no].append(COUNTED_TWICE)
        for no, text in _off_neighbours(row):
            faults[no].append(text)
    verdicts = {no: _plausible(f"{100 * share:.0f} % of the chip's peak") for no, share in shares.items()}
    return verdicts | {no: _implausible("; ".join(texts)) for no, texts in faults.items()}


def peak_share(cell: Cell) -> float | None:
    """The figure as a fraction of the chip's published peak; None where the peak or the model's cost is unknown, and
    for a simulator, which is held against no real chip."""
    if cell.origin == "simulated":
        return None
    peak = next((chip.peak_tflops for chip in CHIPS if chip.name == cell.chip), None)
    return share_of_peak(cell.images_per_s, cell.gflop, peak) if peak and cell.gflop else None


def rows_of(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells that differ in nothing but their batch, smallest batch first; rows in the order of the runs."""
    rows: defaultdict[tuple[object, ...], list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: cell.run_no):
        rows[cell.chip, cell.precision, cell.origin, cell.pace].append(cell)
    return [sorted(row, key=lambda cell: cell.batch) for row in rows.values()]


def _proportional(row: Sequence[Cell]) -> list[int]:
    counted_twice = row[0].chip != "cpu" and is_proportional(_points(row))
    return [cell.run_no for cell in row] if counted_twice else []


def _off_neighbours(row: Sequence[Cell]) -> list[tuple[int, str]]:
    return [(row[at].run_no, times_neighbours(factor)) for at, factor in off_neighbours(_points(row)).items()]


def _points(row: Sequence[Cell]) -> list[tuple[int, float]]:
    return [(cell.batch, cell.images_per_s) for cell in row]


def _plausible(text: str) -> Verdict:
    return Verdict(kind="plausibility", status=Status.PASS, text=text)


def _implausible(text: str) -> Verdict:
    return Verdict(kind="plausibility", status=Status.IMPLAUSIBLE, text=text)
