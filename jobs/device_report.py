"""The devices of a run as a report shows them, each beside its peers, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dinoq.jobs.card import Card, card_of_devices
from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.measure import OUTLIER, DeviceFigures, Measurement, off_median
from dinoq.jobs.record import RunRecord
from dinoq.jobs.telemetry import Sensors, by_device


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReport:
    """One device of a run; `facts` is None when the fleet no longer knows it, `telemetry` when it told nothing. `off_median`
    is how far its compute figure lies off the median of the run's devices, a fraction; None where there are fewer than
    three. `program` is what the program that it ran says of itself."""

    figures: DeviceFigures
    facts: DeviceFacts | None
    off_median: float | None = None
    telemetry: Sensors | None = None
    program: Mapping[str, str] = field(default_factory=dict)

    @property
    def outlier(self) -> bool:
        """Whether it lies so far off that something is the matter with it."""
        return self.off_median is not None and abs(self.off_median) > OUTLIER

    @property
    def label(self) -> str:
        """As people name it: `cann-07/310P3:0`."""
        return self.facts.label if self.facts else self.figures.key


def device_reports(run: RunRecord, measured: Measurement) -> tuple[DeviceReport, ...]:
    """Every device that gave results, by key."""
    facts, off = {device.key: device for device in run.devices}, off_median(measured.devices)
    told = by_device(run.telemetry, run.first_start_ms, run.last_finish_ms)
    return tuple(
        DeviceReport(
            figures=one,
            facts=facts.get(one.key),
            off_median=off.get(one.key),
            telemetry=told.get(one.key),
            program=run.programs.get(one.key, {}),
        )
        for one in measured.devices
    )


def card_of_run(chip: str, run: RunRecord, measured: Measurement) -> Card | None:
    """What a card does; None where compute was not measured."""
    known = {device.facts.key: device.facts for device in run.fleet} | {device.key: device for device in run.devices}
    compute = measured.throughput.compute
    return None if compute is None else card_of_devices(chip, compute, measured.devices, known.values())


def pace_of(run: RunRecord) -> str:
    """The table that its devices took their times from: empty for none, several where hosts differed."""
    paces = sorted({device.pace for device in run.devices})
    return ", ".join(pace or "not paced" for pace in paces) if any(paces) else ""
