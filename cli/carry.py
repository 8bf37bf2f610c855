"""Jobs to and from `.dinoq` files (docs/exchange.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.flags import OF_ARRIVED, OF_JOBS, check_export, check_import
from dinoq.cli.ledger import job_named, open_ledger
from dinoq.cli.render.words import printable
from dinoq.cli.settings import Settings
from dinoq.db.carry_in import carry_in, logits_named
from dinoq.db.carry_out import carry_out
from dinoq.jobs.errors import UsageError
from dinoq.workers.data.store import open_store
from dinoq.workers.packing import pack
from dinoq.workers.unpacking import unpack

if TYPE_CHECKING:
    from dinoq.cli.exchange import Export, Import

SUFFIX = ".dinoq"
TOLD = {"new": "is imported", "known": "already has it", "updated": "is imported anew"}


def write(now: Settings, asked: Export) -> int:
    """Write ended jobs to one file. Raises: UsageError for a job that is active or a flag without use, BadFolder for a disk without room."""
    check_export(now, asked, f"a {SUFFIX} file", OF_JOBS)
    if asked.output.suffix != SUFFIX:
        raise UsageError(
            f"{asked.output} does not end in {SUFFIX}, so nobody would know what it is.", hint="-o x.dinoq"
        )
    db = open_ledger(now)
    numbers = dict.fromkeys(job_named(db, text, now) for text in asked.jobs or ("last",))
    jobs = [carry_out(db, number, now.host) for number in numbers]
    if asked.with_logits and not any(job.logits for job in jobs):
        raise UsageError("none of these jobs kept its logits.", hint="dinoq submit --keep-logits ...")
    size = pack(asked.output, jobs, now.store, logits=asked.with_logits)
    listed = ", ".join(f"job {number}" for number in numbers)
    console.say(f"{listed} written to {asked.output} ({size / 1e6:.1f} MB)")
    return 0


def read(now: Settings, asked: Import) -> int:
    """Take the jobs of one file into this history, all or none. Raises: UsageError, BadExchange, BadFolder for a disk without room."""
    check_import(now, asked, f"a {SUFFIX} file", OF_ARRIVED)
    with unpack(asked.path) as unpacked:
        db = open_ledger(now)
        store = open_store(now.store).path if unpacked.logits else now.store
        with unpacked.logits_in(asked.path, store, lambda places: logits_named(db, places)):
            jobs = carry_in(db, unpacked.jobs, update=asked.update)
        for taken in jobs:
            console.result(f"job {taken.job_id}")
            console.say(
                f"job {taken.job_id} {TOLD[taken.how]}: {printable(taken.name)}. See: dinoq report {taken.job_id}"
            )
    return 0
