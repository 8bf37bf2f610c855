"""A job as the members of a file and back: rows as JSON lines, blobs beside them, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields, is_dataclass, replace
from typing import Any, get_args

from dinoq.jobs.carried import TABLES, Carried, CarriedJob
from dinoq.jobs.errors import BadRecipe
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.spec import JobSpec, spec_from_json
from dinoq.jobs.typed import Malformed, from_json, hints, typed

Members = Mapping[str, bytes]
"""Contents by member name."""


def dataset_member(manifest_id: str) -> str:
    """Where a dataset's samples stand; the sha256 of the member is the manifest's id."""
    return f"datasets/{manifest_id}.txt"


def members_of(uuid: str) -> list[str]:
    """Every member that a job has, its dataset and logits apart."""
    with_blobs = [f"jobs/{uuid}/{table}.bin" for table, kind in TABLES.items() if _blobs(kind)]
    return [f"jobs/{uuid}/job.json", *(f"jobs/{uuid}/{table}.jsonl" for table in TABLES), *with_blobs]


def to_members(job: Carried) -> dict[str, bytes]:
    """What a file holds of the job; equal jobs give equal bytes."""
    folder = f"jobs/{job.job.uuid}"
    made = {dataset_member(job.manifest.id): job.manifest.to_text(), f"{folder}/job.json": _line(_values(job.job))}
    for table, kind in TABLES.items():
        lines, blobs = [], bytearray()
        for row in getattr(job, table):
            values = _values(row)
            for name in _blobs(kind):
                if values[name] is not None:
                    blob = values[name]
                    values[name] = [len(blobs), len(blob)]
                    blobs += blob
            lines.append(_line(values))
        made[f"{folder}/{table}.jsonl"] = b"".join(lines)
        if _blobs(kind):
            made[f"{folder}/{table}.bin"] = bytes(blobs)
    return made


def from_members(uuid: str, members: Members) -> Carried:
    """The job that `to_members` wrote, its types checked, not yet its sense. Raises: Malformed."""
    folder = f"jobs/{uuid}"
    job: CarriedJob = _row(CarriedJob, from_json(members[f"{folder}/job.json"], "job.json"), "job.json")
    if job.uuid != uuid:
        raise Malformed(f"job.json of job {uuid} is of job {job.uuid}")
    try:
        job = replace(job, spec=spec_from_json(job.spec.to_json()))
    except (BadRecipe, ValueError) as error:
        raise Malformed(f"job.json.spec: {error}") from None
    name = dataset_member(job.spec.data.manifest_id)
    if name not in members:
        raise Malformed(f"job {uuid} is of the dataset {job.spec.data.manifest_id[:12]}, which the file lacks")
    return Carried(
        job=job, manifest=_manifest(name, members[name]), **{table: _table(folder, table, members) for table in TABLES}
    )


def _manifest(name: str, text: bytes) -> Manifest:
    try:
        manifest = Manifest.from_text(text)
    except ValueError:
        raise Malformed(f"{name} is no list of labels and names") from None
    if dataset_member(manifest.id) != name:
        raise Malformed(f"{name} is not what its name says")
    return manifest


def _table(folder: str, table: str, members: Members) -> list[Any]:
    kind = TABLES[table]
    blobs, reached, rows = members.get(f"{folder}/{table}.bin", b""), 0, []
    for no, line in enumerate(members[f"{folder}/{table}.jsonl"].splitlines(), start=1):
        at = f"{table}.jsonl line {no}"
        values = from_json(line, at)
        if isinstance(values, dict):
            for name in _blobs(kind):
                if isinstance(values.get(name), list):
                    first, count = typed(tuple[int, int], values[name], f"{at}.{name}")
                    if first != reached or count < 0 or first + count > len(blobs):
                        raise Malformed(f"{at}.{name} does not lie where the one before ends, or beyond {table}.bin")
                    reached, values[name] = first + count, blobs[first : first + count]
        rows.append(_row(kind, values, at))
    if reached != len(blobs):
        raise Malformed(f"{table}.bin has {len(blobs)} bytes, of which its rows name {reached}")
    return rows


def _row(kind: Any, values: object, at: str) -> Any:
    """A row whose own texts a database can hold: names within objects may be what they are."""
    row = typed(kind, values, at)
    for field in fields(row):
        text = getattr(row, field.name)
        if isinstance(text, str) and ("\0" in text or not _is_utf8(text)):
            raise Malformed(f"{at}.{field.name} holds what is no text")
    return row


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _blobs(kind: type) -> list[str]:
    """The fields that are bytes."""
    return [name for name, hint in hints(kind).items() if hint is bytes or bytes in get_args(hint)]


def _values(row: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row) if not _goes_without(field, row)}


def _goes_without(field: Field[Any], row: Any) -> bool:
    """A field that came later has a default, and stands in the file only where it says more: older readers know it not."""
    return field.default is not MISSING and bool(getattr(row, field.name) == field.default)


def _plain(value: Any) -> Any:
    if isinstance(value, JobSpec):
        return value.to_json()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, allow_nan=False).encode() + b"\n"
