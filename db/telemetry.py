"""What devices told of themselves over time: stored in blocks by samplers, read for reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.fleet import clock
from dinoq.db.tables.carried import CarriedTelemetryRow
from dinoq.db.tables.fleet import Device, TelemetryRow
from dinoq.jobs.telemetry import BLOCK_MS, Block, Samples


def database_ms(db: Database) -> int:
    """The database's clock, epoch milliseconds."""
    with db.read() as session:
        return clock(session)


def store_blocks(db: Database, blocks: Sequence[Block], busy: Mapping[str, str]) -> None:
    """Keep blocks, each in place of what was stored of it before, and who is on the devices now, by key.

    A device that has not registered yet is passed over: its worker is about to.
    """

    def work(session: Session) -> None:
        rows = session.execute(select(Device.key, Device.facts).where(Device.key.in_(busy)))
        facts = {row.key: row.facts for row in rows}
        for block in blocks:
            if block.device in facts:
                _keep(session, block)
        for key, told in facts.items():
            if told.get("busy") != busy[key]:
                changed(session, update(Device).where(Device.key == key).values(facts={**told, "busy": busy[key]}))

    db.write(work)


def telemetry_of(
    session: Session, devices: Collection[str], first_ms: int | None, last_ms: int | None
) -> tuple[Block, ...]:
    """The blocks of these devices that may hold readings of that time, by device and time."""
    return blocks_within(session, TelemetryRow, devices, first_ms, last_ms)


def blocks_within(
    session: Session,
    row: type[TelemetryRow | CarriedTelemetryRow],
    devices: Collection[str],
    first_ms: int | None,
    last_ms: int | None,
    *which: ColumnElement[bool],
) -> tuple[Block, ...]:
    """The same from either table of blocks; `which` narrows it further."""
    if not devices or first_ms is None or last_ms is None:
        return ()
    found = select(row.device_key, row.block_ms, row.samples, row.achieved_per_s).where(
        row.device_key.in_(devices), row.block_ms.between(first_ms - BLOCK_MS, last_ms), *which
    )
    rows = session.execute(found.order_by(row.device_key, row.block_ms))
    return tuple(
        Block(device=key, begun_ms=begun_ms, samples=Samples.from_blob(blob), achieved_per_s=rate)
        for key, begun_ms, blob, rate in rows
    )


def _keep(session: Session, block: Block) -> None:
    values = {"samples": block.samples.to_blob(), "achieved_per_s": block.achieved_per_s}
    insert = insert_into(session, TelemetryRow).values(device_key=block.device, block_ms=block.begun_ms, **values)
    changed(session, insert.on_conflict_do_update(index_elements=["device_key", "block_ms"], set_=values))
