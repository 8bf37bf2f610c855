"""What dinoq itself costs: null devices that hold the GIL for their time and compute nothing, fed through everything."""

from __future__ import annotations

import statistics

from benchmarks.figure import Figure
from benchmarks.null_job import run_null_job

SAMPLES = 102_400
ROUNDS = 5
# devices, images/s each, floor and aim of the share of the nominal rate
CASES = ((1, 1000, 0.96, 0.98), (2, 1000, 0.96, 0.98), (1, 4000, 0.95, 0.97))
FAST = (1, 4000)


def measure() -> list[Figure]:
    """The share of the devices' nominal rate that reaches the job, first start to last finish; and their idle time."""
    shares: dict[tuple[int, int], list[float]] = {(devices, rate): [] for devices, rate, _, _ in CASES}
    idle: list[float] = []
    for _ in range(ROUNDS):
        for devices, rate, _, _ in CASES:
            outcome = run_null_job(SAMPLES, devices, rate)
            shares[devices, rate].append(outcome.images_per_s / (devices * rate))
            idle += [outcome.idle] if (devices, rate) == FAST else []
    medians = {case: statistics.median(values) for case, values in shares.items()}
    figures = [
        Figure(f"{devices} x {rate} img/s, {SAMPLES} samples", medians[devices, rate], "share", floor, aim, "job img/s")
        for devices, rate, floor, aim in CASES
    ]
    return [
        *figures,
        Figure("2 devices against 1", 2 * medians[2, 1000] / medians[1, 1000], "x", 1.95, 2.0, "job img/s"),
        Figure("1 x 4000 img/s, device idle", statistics.median(idle), "share", 0.02, 0.01, "upper limit"),
    ]
