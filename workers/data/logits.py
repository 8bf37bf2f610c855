"""What programs gave, kept whole where a job asks for it: one file per part, found by its content.

A file is raw little-endian float32 [count, classes] and nothing else; the row of a sample that was not readable is NaN.
Its name is its sha256, so that of two workers that evaluate the same part neither can replace what the other's result
names: a result that comes too late leaves at most a file that nothing names.
"""

from __future__ import annotations

import hashlib
import re
import uuid

import numpy as np

from dinoq.jobs.errors import BadFolder
from dinoq.jobs.result import Floats
from dinoq.workers.data.shards import fresh_file
from dinoq.workers.data.store import Store

PLACE = re.compile(r"logits/[0-9a-f]{2}/([0-9a-f]{64})\.f32")
AGAIN = "submit it again with --keep-logits"


def keep_logits(store: Store, logits: Floats) -> str:
    """Store float32 [count, classes]; where it lies, relative to the store. Raises: BadFolder for a full disk."""
    body = np.ascontiguousarray(logits, "<f4").data
    digest = hashlib.sha256(body).hexdigest()
    place = f"logits/{digest[:2]}/{digest}.f32"
    path, name = store.path / place, f".{uuid.uuid4().hex}"
    with fresh_file(path.parent, name) as out:
        out.write(body)
    (path.parent / name).replace(path)
    return place


def read_logits(store: Store, place: str, count: int, classes: int) -> Floats:
    """What was kept at `place`, float32 [count, classes]. Raises: BadFolder when it is gone, or not what was kept."""
    named = PLACE.fullmatch(place)
    if named is None:
        raise BadFolder(f"{place!r} is no place of logits in the store.", hint=AGAIN)
    try:
        body = (store.path / place).read_bytes()
    except OSError as error:
        raise BadFolder(f"logits {store.path / place} cannot be read: {error.strerror}.", hint=AGAIN) from None
    if len(body) != 4 * count * classes or hashlib.sha256(body).hexdigest() != named[1]:
        raise BadFolder(f"logits {store.path / place} are not what was kept: the file was changed.", hint=AGAIN)
    return np.frombuffer(body, "<f4").reshape(count, classes)
