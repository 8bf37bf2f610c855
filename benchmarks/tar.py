"""A tar archive in place: how long its index takes, and reading through it against reading files."""

from __future__ import annotations

import io
import os
import statistics
import tarfile
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.photos import Photos
from dinoq.workers.data.tar import open_tar
from dinoq.workers.data.tar_index import TarFile, indexed

MEMBERS = 50_000
READ = 600
BYTES = 110_000
"""What a validation photo has on average: 6.7 GB by 50,000, less the headers."""
ROUNDS = 21


def measure() -> list[Figure]:
    """Index and note of an archive as large as the validation set's, then reads in interleaved rounds."""
    with tempfile.TemporaryDirectory() as scratch:
        made, again = _index(Path(scratch))
        ratio = _reading(Path(scratch))
    return [
        Figure(
            "index 50,000 members of a tar", made, "s", 5.0, None, "upper limit; once, 6.7 GB, headers in the cache"
        ),
        Figure("take that index from its note", again, "s", None, None, "once for each process"),
        Figure("read photos through a tar", ratio, "x", 0.95, 1.0, "time for the same files / for the tar, warm"),
    ]


def _index(folder: Path) -> tuple[float, float]:
    path = folder / "large.tar"
    with path.open("wb") as out:  # the photos themselves are holes: an index never looks at them
        for no in range(1, MEMBERS + 1):
            entry = tarfile.TarInfo(f"ILSVRC2012_val_{no:08}.JPEG")
            entry.size = BYTES
            out.write(entry.tobuf(tarfile.GNU_FORMAT))
            out.seek(-(-BYTES // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, io.SEEK_CUR)
        out.write(bytes(2 * tarfile.BLOCKSIZE))
    facts = path.stat()
    file = TarFile(path, facts.st_size, facts.st_mtime_ns)
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        found = indexed(file, folder / "tars")
        times.append(time.perf_counter() - begun)
        assert len(found.places) == MEMBERS
    path.unlink()
    return times[0], times[1]


def _reading(folder: Path) -> float:
    files, packed = folder / "files", folder / "small.tar"
    files.mkdir()
    for no in range(READ):
        (files / f"{no:05}.jpg").write_bytes(os.urandom(BYTES))
    with tarfile.open(packed, "w") as out:
        out.add(files, ".")
    loose, archive = Folder(files), open_tar(packed, None)
    names = loose.names()
    assert all(loose.read(name) == archive.read(name) for name in names)
    ratios = []
    for number in range(ROUNDS):
        order: list[Photos] = [loose, archive] if number % 2 else [archive, loose]
        took = {photos.kind: _read(photos, names) for photos in order}
        ratios.append(took["folder"] / took["tar"])
    return statistics.median(ratios)


def _read(photos: Photos, names: list[str]) -> float:
    begun = time.perf_counter()
    for name in names:
        photos.read(name)
    return time.perf_counter() - begun
