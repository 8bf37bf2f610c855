"""What an artifact is to be compiled for: the device that asks, or one that a host's toolchain fits."""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from dinoq.db.fleet import clock, living
from dinoq.db.requests import Asked, Asker
from dinoq.db.tables.fleet import Device, Worker
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import Target


def target_of(session: Session, asker: Asker, asked: Asked) -> Target | None:
    """The target of a compile item that this worker may have; None while no device is known that its toolkit fits.

    Of several architectures that of a device at work now is taken: the run is bound to it.
    """
    if asker.kind == "device":
        return Target(origin=asker.origin, toolkit=asker.toolkit, arch=asker.arch)
    toolchain = asker.toolchains[chip_named(asked.chip or "").vendor]
    at_work = and_(Worker.device_key == Device.key, living(clock(session)))
    devices = (
        select(Device.facts)
        .outerjoin(Worker, at_work)
        .where(Device.chip == asked.chip, Device.origin == toolchain.origin, Device.state == "ok")
        .order_by(Worker.id.is_(None), Device.key)
    )
    for facts in session.scalars(devices):
        if facts.get("toolkit") == toolchain.toolkit:
            return Target(origin=toolchain.origin, toolkit=toolchain.toolkit, arch=facts.get("arch", ""))
    return None
