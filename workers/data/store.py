"""The store: models, artifacts and shards by content, in a folder that all hosts of the fleet reach."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
import uuid
from pathlib import Path

from dinoq.jobs.errors import BadFolder, BadModel
from dinoq.jobs.ledger import ArtifactRef
from dinoq.jobs.spec import GivenArtifact
from dinoq.workers.data.shards import fresh_file

ASIDE = ".aside-"
"""How the names of files begin that are being removed."""
LEFT_OVER_S = 86_400.0
CHUNK = 1 << 20


class Store:
    """A folder with an id, so that a worker that sees another folder under the same path is noticed."""

    def __init__(self, path: Path, id: str) -> None:
        self.path = path
        self.id = id

    def add_model(self, model: Path) -> str:
        """Copy a model in by content; its sha256. Raises: BadModel when it cannot be read, BadFolder for a full disk."""
        digest = hashlib.sha256()
        name = f".{uuid.uuid4().hex}"
        try:
            source = model.open("rb")
        except OSError as error:
            raise BadModel(f"model {model} cannot be read: {error.strerror}.", hint="--model FILE.onnx") from None
        with source, fresh_file(self.path / "models", name) as out:
            while block := source.read(CHUNK):
                digest.update(block)
                out.write(block)
        (self.path / "models" / name).replace(self.model_path(digest.hexdigest()))
        return digest.hexdigest()

    def model_path(self, sha256: str) -> Path:
        """Where a model lies, whether or not it is there."""
        return self.path / "models" / f"{_hex(sha256)}.onnx"

    def shard_path(self, key: str) -> Path:
        """Where a shard lies, whether or not it is there."""
        return self.path / "shards" / _hex(key)[:2] / f"{key}.shard"

    def add_artifact(self, file: Path) -> GivenArtifact:
        """Copy an artifact in that was made elsewhere, by content. Raises: BadFolder for a full disk."""
        name = f".{uuid.uuid4().hex}"
        with fresh_file(self.path / "artifacts", name) as out, file.open("rb") as source:
            while block := source.read(CHUNK):
                out.write(block)
        sha256 = _sha256_of(self.path / "artifacts" / name)
        uri = f"artifacts/given-{sha256}{file.suffix}"
        (self.path / "artifacts" / name).replace(self.path / uri)
        return GivenArtifact(uri=uri, sha256=sha256, name=file.name)

    def put_artifact(self, key: str, file: Path) -> ArtifactRef:
        """Keep what a toolchain made; a file of the store's own (the ONNX itself) stays where it is."""
        with contextlib.suppress(ValueError):
            inside = file.resolve().relative_to(self.path.resolve())
            return ArtifactRef(key=key, uri=inside.as_posix(), sha256=_sha256_of(file))
        uri = f"artifacts/{_hex(key)}{file.suffix}"
        name = f".{uuid.uuid4().hex}"
        with fresh_file(self.path / "artifacts", name) as out, file.open("rb") as source:
            while block := source.read(CHUNK):
                out.write(block)
        (self.path / "artifacts" / name).replace(self.path / uri)
        return ArtifactRef(key=key, uri=uri, sha256=_sha256_of(self.path / uri))

    def artifact_path(self, artifact: ArtifactRef) -> Path:
        """Where an artifact lies, confined to the store. Raises: BadFolder for a place outside."""
        path = (self.path / artifact.uri).resolve()
        if self.path.resolve() not in path.parents:
            raise BadFolder(f"artifact {artifact.key[:12]} points outside the store.", hint="submit the job again")
        return path

    def verify(self, artifact: ArtifactRef) -> bool:
        """Whether the artifact is there and is what was made; hashed once for each state of the file. Who asks uses it."""
        if not artifact.uri:  # removed, or of an imported job
            return False
        try:
            path = self.artifact_path(artifact)
            mark_used(path)
            facts = path.stat()
            return _remembered_sha256(path, facts.st_size, facts.st_mtime_ns) == artifact.sha256
        except OSError:
            return False


def mark_used(path: Path) -> None:
    """Say that a file is used now, to whoever removes what lies idle: by its time of access, for another time of change
    would be another state of it."""
    with contextlib.suppress(OSError):  # it is gone, or another user's
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def remove_leftovers(store: Store) -> None:
    """What killed workers had begun to write, a day ago or earlier."""
    for folder in ("shards", "artifacts", "models"):
        for begun in (store.path / folder).glob(".*"):
            with contextlib.suppress(OSError):  # another host was quicker
                if time.time() - lying_since_s(begun) > LEFT_OVER_S:
                    begun.unlink()


def lying_since_s(begun: Path) -> float:
    """When it was left, in epoch s. One that is being removed keeps its times and may be put back: of it counts when it
    was renamed."""
    facts = begun.stat()
    return facts.st_ctime if begun.name.startswith(ASIDE) else facts.st_mtime


def open_store(path: Path) -> Store:
    """The store in this folder, made when new. Raises: BadFolder."""
    mark = path / "store-id"
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            fresh = path / f".store-id-{uuid.uuid4().hex}"
            fresh.write_text(uuid.uuid4().hex)
            with contextlib.suppress(FileExistsError):  # of two that come at once the first one's id holds
                os.link(fresh, mark)
            fresh.unlink()
        return Store(path, mark.read_text().strip())
    except OSError as error:
        raise BadFolder(f"store {path} cannot be used: {error.strerror}.", hint="set DINOQ_STORE") from None


@functools.lru_cache(maxsize=64)
def _remembered_sha256(path: Path, size: int, mtime_ns: int) -> str:
    return _sha256_of(path)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hex(text: str) -> str:
    """Keys become file names: nothing but hexadecimal ever does."""
    if not text or set(text) - set("0123456789abcdef"):
        raise BadFolder(f"{text[:20]!r} is no key of the store.", hint="submit the job again")
    return text
