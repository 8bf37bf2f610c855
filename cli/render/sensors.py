"""What a run's devices told of themselves, in one line: power, temperature, clock, and how often they were asked."""

from __future__ import annotations

from collections.abc import Iterable

from dinoq.cli.render.words import number
from dinoq.jobs.report import RunReport


def sensors_line(run: RunReport) -> str:
    """`power 58 W, 61 C, clock 1080 MHz, 1.0 samples/s`, as ranges over several devices; empty where nothing was told."""
    told = [device.telemetry for device in run.devices if device.telemetry]
    if not told:
        return ""
    capped = max((one.power_capped for one in told if one.power_capped), default=0.0)
    parts = [
        _range("power {} W", (one.power_mean_w for one in told)),
        _range("{} C", (one.temperature_max_c for one in told)),
        _range("clock {} MHz", (one.clock_median_mhz for one in told)),
        f"at the power cap in {100 * capped:.0f} %" if capped else "",
        _range("{} samples/s", (one.achieved_per_s for one in told), digits=1) or f"{told[0].samples} samples",
    ]
    return ", ".join(part for part in parts if part)


def _range(text: str, values: Iterable[float | None], digits: int = 0) -> str:
    figures = sorted(value for value in values if value is not None)
    shown = list(dict.fromkeys(number(figure, digits) for figure in figures))
    return text.format("-".join(dict.fromkeys((shown[0], shown[-1])))) if shown else ""
