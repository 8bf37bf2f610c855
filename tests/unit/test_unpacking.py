"""A `.dinoq` file gives back what was put in, or a sentence; there is no third."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinoq.jobs.errors import BadExchange, BadFolder, UsageError
from dinoq.workers import packing, unpacking
from dinoq.workers.packing import pack
from tests.builders import sha256
from tests.carried import UUID, add, edit, jobs_of, make_carried, packed, refused, spoilt, write_zip

SHA256 = sha256("logits")
LOGITS = f"logits/{SHA256[:2]}/{SHA256}.f32"


def test_what_was_packed_comes_out_equal(tmp_path: Path) -> None:
    jobs = make_carried(), make_carried(2000, (1, 64), uuid="ab" * 16)
    assert jobs_of(packed(tmp_path, *jobs)) == jobs


def test_equal_jobs_give_equal_files(tmp_path: Path) -> None:
    assert packed(tmp_path).read_bytes() == packed(tmp_path, name="y.dinoq").read_bytes()


def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    job = make_carried()
    odd = replace(job, slices=[replace(job.slices[0], reasons={"caf\udce9.jpg": "truncated"})])
    assert jobs_of(packed(tmp_path, odd)) == (odd,)


def test_the_file_can_be_read_without_dinoq(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path)) as archive:
        told = json.loads(archive.read("dinoq.json"))
        part = json.loads(archive.read(f"jobs/{UUID}/results.jsonl").splitlines()[1])
        blobs = archive.read(f"jobs/{UUID}/results.bin")
    first, count = part["predictions"]
    assert (told["format"], told["version"], told["jobs"][0]["uuid"]) == ("dinoq", 1, UUID)
    assert blobs[first : first + count] == make_carried().results[1].predictions


def in_memory(content: bytes) -> Path:
    """A path that opens as these bytes."""

    class Memory:
        def open(self, mode: str) -> io.BytesIO:
            return io.BytesIO(content)

        def __str__(self) -> str:
            return "x.dinoq"

    return Memory()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole file."""
    return packed(tmp_path_factory.mktemp("sound"), make_carried(20)).read_bytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_never_changes_what_comes_out(sound: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sound) - 1))
    value = data.draw(st.integers(0, 255))
    content = sound[:at] + bytes([value]) + sound[at + 1 :]
    try:
        assert jobs_of(in_memory(content)) == (make_carried(20),)
    except BadExchange as error:
        assert "x.dinoq" in str(error) and content != sound


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_truncated_file_is_refused(sound: bytes, data: st.DataObject) -> None:
    content = sound[: data.draw(st.integers(0, len(sound) - 1))]
    with pytest.raises(BadExchange, match=r"x\.dinoq is damaged, or no \.dinoq file"):
        jobs_of(in_memory(content))


# -- archives that lie ------------------------------------------------------------------------------------------------


def retell(**values: Any) -> Callable[[dict[str, bytes]], None]:
    """Other values in the table of contents."""

    def change(members: dict[str, bytes]) -> None:
        members["dinoq.json"] = json.dumps(json.loads(members["dinoq.json"]) | values).encode()

    return change


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", f"jobs/{UUID}/../../evil", "logits/../evil", "extra.json"])
def test_a_member_that_no_job_has_is_refused_by_name(tmp_path: Path, name: str) -> None:
    assert f"its member {name!r} is none that a job has" in refused(spoilt(packed(tmp_path), add(name)))
    assert [path.name for path in tmp_path.iterdir()] == ["x.dinoq"]


@pytest.mark.parametrize("name", [f"datasets/{'0' * 64}.txt", LOGITS])
def test_a_member_that_belongs_to_no_job_is_refused(tmp_path: Path, name: str) -> None:
    assert f"its member {name} belongs to no job" in refused(spoilt(packed(tmp_path), add(name)))


def test_a_member_that_the_table_of_contents_does_not_name_is_refused(tmp_path: Path) -> None:
    path = spoilt(packed(tmp_path), add("extra.json"), sealed=False)
    assert "its members are not those that dinoq.json names ('extra.json')" in refused(path)


def test_a_member_that_is_lacking_is_named(tmp_path: Path) -> None:
    path = spoilt(packed(tmp_path), lambda members: members.pop(f"jobs/{UUID}/items.jsonl"))  # type: ignore[arg-type]
    assert f"it lacks jobs/{UUID}/items.jsonl" in refused(path)


def test_a_member_with_another_sha256_is_named(tmp_path: Path) -> None:
    path = spoilt(packed(tmp_path), edit("items", n_done=7), sealed=False)
    assert f"jobs/{UUID}/items.jsonl" in refused(path)


def test_a_newer_version_is_told_with_the_cure(tmp_path: Path) -> None:
    path = spoilt(packed(tmp_path), retell(version=2, made_by="dinoq 9.0"), sealed=False)
    with pytest.raises(BadExchange, match=r"is of version 2, made by dinoq 9\.0; this dinoq reads version 1") as error:
        jobs_of(path)
    assert error.value.hint == "update dinoq on this host"


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_dinoq_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.dinoq").write_bytes(content)
    assert "no .dinoq file" in refused(tmp_path / "x.dinoq")


def test_another_archive_is_refused(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.dinoq", {"dinoq.json": b'{"format": "else", "version": 1}'})
    assert "does not say that it is a .dinoq file" in refused(tmp_path / "x.dinoq")


def test_what_would_unpack_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path)
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1000)
    assert "it would unpack to more than 0 MiB" in refused(path)


def test_a_member_larger_than_it_says_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path)
    bomb = zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED)
    with bomb:
        bomb.getinfo(f"jobs/{UUID}/items.jsonl").file_size = 10
        bomb.comment = b"rewrite the directory"
    assert "10 bytes instead of" in refused(path)


# -- where there is no room -------------------------------------------------------------------------------------------


def test_a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    monkeypatch.setattr(packing, "_whole", lambda *_: pytest.fail("it began to write"))
    with pytest.raises(BadFolder, match="has 0 MiB free, and the export may need 1 MiB"):
        pack(tmp_path / "x.dinoq", [make_carried()], tmp_path)


def test_a_disk_that_fills_meanwhile_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.dinoq").write_text("before")
    monkeypatch.setattr(packing, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(BadFolder, match="No space left on device"):
        pack(tmp_path / "x.dinoq", [make_carried()], tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.dinoq", "before")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere cannot be written"):
        pack(tmp_path / "nowhere" / "x.dinoq", [make_carried()], tmp_path)
