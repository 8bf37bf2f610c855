"""What several cards bring together: simulated 310P3 paced to 1000 images/s each, against one of them."""

from __future__ import annotations

import statistics

from benchmarks.figure import Figure
from benchmarks.null_job import run_simulated_job

SAMPLES = 102_400
ROUNDS = 5
CARDS, IMAGES_PER_S = 4, 1000


def measure() -> list[Figure]:
    """Job img/s of four cards over that of one, first start to last finish; the two are measured in turn."""
    one, four = [], []
    for _ in range(ROUNDS):
        one.append(run_simulated_job(SAMPLES, "310P3", 1, IMAGES_PER_S).images_per_s)
        four.append(run_simulated_job(SAMPLES, "310P3", CARDS, IMAGES_PER_S).images_per_s)
    alone, together = statistics.median(one), statistics.median(four)
    name = f"{CARDS} x simulated 310P3 at {IMAGES_PER_S} img/s"
    return [
        Figure(f"{name}, {SAMPLES} samples each", together / alone, "x one", 3.85, 3.95, "job img/s"),
        Figure("one of them", alone / IMAGES_PER_S, "share", None, None, "of its nominal rate"),
    ]
