"""What a simulated device's sensors show: plausible figures that follow who computes on it, and are never a measurement."""

from __future__ import annotations

import random
import time
from typing import NamedTuple

from dinoq.workers.simulators import faults, occupancy
from dinoq.workers.simulators.machine import Device

HOT_C = 96
"""What a throttled chip shows."""
BASE_MB = 1024
"""What driver and firmware take of a device's memory when nobody holds it."""


class Reading(NamedTuple):
    """One look at the sensors."""

    power_w: float
    temperature_c: int
    clock_mhz: int
    utilisation_pct: int
    memory_mb: int
    throttled: bool


def read(device: Device) -> Reading:
    """The sensors now; the same figures for the same second and state."""
    model, noise = device.model, random.Random(f"{device.chip}:{device.index}:{int(time.time())}")
    there = occupancy.occupants(device)
    busy = any(occupant.computing for occupant in there)
    always = faults.active("throttle", device.chip, device.index)
    throttled = any(occupant.throttled for occupant in there) or bool(always and always.after == 0)
    base_w, base_c = (model.busy_w, 63) if busy else (model.idle_w, 44)
    return Reading(
        power_w=round(base_w * noise.uniform(0.97, 1.03), 1),
        temperature_c=HOT_C if throttled else base_c + noise.randint(-1, 1),
        clock_mhz=model.throttled_mhz if throttled else model.clock_mhz,
        utilisation_pct=noise.randint(92, 99) if busy else 0,
        memory_mb=BASE_MB + sum(occupant.memory_mb for occupant in there),
        throttled=throttled,
    )
