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

from dinoq.jobs.carried import Carried, CarriedFigures
from dinoq.jobs.errors import BadExchange, BadFolder, UsageError
from dinoq.jobs.result import Times
from dinoq.jobs.telemetry import Samples
from dinoq.jobs.told import Told
from dinoq.workers import packing, unpacking
from dinoq.workers.packing import pack
from dinoq.workers.unpacking import unpack
from tests.builders import sha256
from tests.carried import UUID, edit, make_carried, packed, spoilt, write_zip

SHA256 = sha256("logits")
LOGITS = f"logits/{SHA256[:2]}/{SHA256}.f32"


def jobs_of(path: Path) -> tuple[Carried, ...]:
    with unpack(path) as unpacked:
        return unpacked.jobs


def refused(path: Path) -> str:
    """Why the file is."""
    with pytest.raises(BadExchange) as error:
        jobs_of(path)
    return str(error.value)


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


def add(name: str, content: bytes = b"x") -> Callable[[dict[str, bytes]], None]:
    """One member more."""
    return lambda members: members.update({name: content})


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
    assert "it is of version 2, made by dinoq 9.0; this dinoq reads version 1: update dinoq here" in refused(path)


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


# -- rows that lie ----------------------------------------------------------------------------------------------------

FAR = Times.from_blob(make_carried().results[0].times)
LIES: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a state of its own": (edit("job", state="active"), "only jobs that have ended travel"),
    "a queued item": (edit("items", 2, state="queued"), "'queued'; it has not ended"),
    "an open run": (edit("runs", state="open"), "run 1 is 'open'; it has not ended"),
    "another batch": (edit("runs", batch=32), "is another"),
    "an origin of its own": (edit("runs", origin="dreamt"), "of the origin 'dreamt'"),
    "no artifact": (edit("runs", artifact_key="00"), "an artifact that is absent"),
    "a column more": (edit("items", colour="red"), "'colour', which this dinoq does not know"),
    "a text for a number": (edit("items", count="9"), "count is '9'; expected a whole number"),
    "a negative count": (edit("items", token=-1), "token is -1"),
    "a gap": (edit("items", 2, count=255), "do not tile the dataset"),
    "a part of no run": (edit("items", 2, run_no=9), "is of no run"),
    "more right than seen": (edit("results", top1=300), "impossible counts"),
    "a result of no part": (edit("results", no=9), "is no part that is done"),
    "a blob elsewhere": (edit("results", 1, predictions=[0, 10]), "does not lie where the one before ends"),
    "an attempt of nothing": (edit("attempts", no=9), "which is absent"),
    "an outcome of its own": (edit("attempts", outcome="won"), "ended as 'won'"),
    "a time beyond dates": (edit("job", created_ms=2**62), "created_ms is"),
    "a device of another name": (edit("runs", devices={"x": {}}), "has no field 'key'"),
    "a NUL": (edit("runs", error="a\0b"), "holds what is no text"),
    "a half character": (edit("runs", error="\udc80"), "holds what is no text"),
    "no uuid": (edit("job", uuid="aa"), "is of job aa"),
    "logits outside": (edit("results", logits="../../x"), "no place of a store"),
}


@pytest.mark.parametrize("lie", LIES)
def test_rows_that_no_worker_could_have_written_are_refused(tmp_path: Path, lie: str) -> None:
    change, told = LIES[lie]
    assert told in refused(spoilt(packed(tmp_path), change))


@pytest.mark.parametrize("version", [2, "1"])
def test_a_spec_of_another_version_is_refused(tmp_path: Path, version: object) -> None:
    spec = make_carried().job.spec.to_json() | {"version": version}
    assert "job.json.spec" in refused(spoilt(packed(tmp_path), edit("job", spec=spec)))


@pytest.mark.parametrize(
    "clock", [{"fed_ms": float("nan")}, {"done_ms": 1e300}, {"done_ms": 0.0}, {"loading_ms": -1e300}]
)
def test_a_clock_that_no_device_has_is_refused(tmp_path: Path, clock: dict[str, float]) -> None:
    job = make_carried()
    odd = replace(job.results[0], times=replace(FAR, **clock).to_blob())  # type: ignore[arg-type]
    assert "part 1 of run 1" in refused(packed(tmp_path, replace(job, results=[odd, *job.results[1:]])))


def test_blobs_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    job = make_carried()
    times = replace(job, results=[replace(job.results[0], times=b"short"), *job.results[1:]])
    readings = replace(job, telemetry=[replace(job.telemetry[0], samples=job.telemetry[0].samples[:-1])])
    assert Samples.from_blob(job.telemetry[0].samples)
    assert "the times of part 1 of run 1 cannot be read" in refused(packed(tmp_path, times))
    assert "telemetry of host-a/cpu:0 cannot be read" in refused(packed(tmp_path, readings))


def test_a_part_on_random_data_needs_no_slice(tmp_path: Path) -> None:
    job = make_carried()
    spec = replace(job.job.spec, runs=(replace(job.job.spec.runs[0], mode="pure"),))
    parts = [replace(item, slice_no=0, first=0, count=0) for item in job.items if item.key == ("infer", 1, 1)]
    results = [replace(job.results[0], count=0, n=0, top1=0, top5=0, unreadable=0, predictions=b"")]
    rest = [item for item in job.items if item.kind != "infer"]
    pure = replace(
        job, job=replace(job.job, spec=spec), runs=[replace(job.runs[0], mode="pure")], items=[*rest, *parts]
    )
    attempts = [one for one in job.attempts if one.key in {item.key for item in pure.items}]
    pure = replace(pure, results=results, attempts=attempts)
    assert jobs_of(packed(tmp_path, pure)) == (pure,)


def with_figures(**told: Any) -> Carried:
    """A job of which another tool told all there is."""
    job = make_carried()
    spec = replace(job.job.spec, runs=(replace(job.job.spec.runs[0], mode="imported"),))
    values = json.loads(json.dumps(Told(tool="trtexec", kind="log", rates={"compute": 100.0}).to_json())) | told
    figures = [CarriedFigures(run_no=1, told=values)]
    bare = replace(job, slices=[], items=[], attempts=[], results=[], imported=figures)
    return replace(bare, job=replace(job.job, spec=spec), runs=[replace(job.runs[0], mode="imported")])


def test_figures_of_another_tool_travel(tmp_path: Path) -> None:
    job = with_figures(latency={"mean": 1.0, "percentiles": {"99": 2.0}})
    assert jobs_of(packed(tmp_path, job)) == (job,)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"rates": {"compute": 0}}, "a rate of run 1 is none"),
        ({"rates": {"guess": 1.0}}, "expected one of compute, device, pipeline, job"),
        ({"top_k": [75.3]}, "an accuracy of run 1 is none"),
        ({"latency": {"mean": 1.0, "percentiles": {"most": 2.0}}}, "expected an object with numbers for names"),
        ({"colour": "red"}, "which this dinoq does not know"),
    ],
)
def test_figures_that_no_tool_could_tell_are_refused(tmp_path: Path, lie: dict[str, Any], told: str) -> None:
    assert told in refused(packed(tmp_path, with_figures(**lie)))


def test_the_same_row_twice_is_refused(tmp_path: Path) -> None:
    job = make_carried()
    assert "one item twice" in refused(packed(tmp_path, replace(job, items=[*job.items, job.items[-1]])))


# -- logits -----------------------------------------------------------------------------------------------------------


def with_logits(folder: Path) -> Carried:
    """A job whose first part has logits in the store `folder`."""
    job = make_carried()
    (folder / LOGITS).parent.mkdir(parents=True)
    (folder / LOGITS).write_bytes(b"logits")
    return replace(job, results=[replace(job.results[0], logits=LOGITS), *job.results[1:]])


def test_logits_go_from_store_to_store(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    with unpack(tmp_path / "x.dinoq") as unpacked:
        unpacked.store_logits(tmp_path / "x.dinoq", tmp_path / "two")
    assert (tmp_path / "two" / LOGITS).read_bytes() == b"logits"


def test_logits_that_the_store_has_damaged_are_not_passed_over(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    (tmp_path / "one" / LOGITS).write_bytes(b"others")
    with unpack(tmp_path / "x.dinoq") as unpacked, pytest.raises(BadExchange, match="the store holds another"):
        unpacked.store_logits(tmp_path / "x.dinoq", tmp_path / "one")
    assert (tmp_path / "one" / LOGITS).read_bytes() == b"others"


def test_logits_that_are_not_what_their_name_says_are_refused(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one", logits=True)
    assert f"{LOGITS} is not what its name says" in refused(spoilt(tmp_path / "x.dinoq", add(LOGITS)))


def test_logits_that_a_row_names_must_be_there(tmp_path: Path) -> None:
    assert f"it lacks {LOGITS}" in refused(spoilt(packed(tmp_path), edit("results", logits=LOGITS)))


def test_without_its_logits_a_job_says_nothing_of_them(tmp_path: Path) -> None:
    pack(tmp_path / "x.dinoq", [with_logits(tmp_path / "one")], tmp_path / "one")
    assert jobs_of(tmp_path / "x.dinoq") == (make_carried(),)


def test_logits_that_are_gone_are_named(tmp_path: Path) -> None:
    job = with_logits(tmp_path / "one")
    (tmp_path / "one" / LOGITS).unlink()
    with pytest.raises(BadFolder, match=f"{SHA256}.f32 cannot be read: No such file"):
        pack(tmp_path / "x.dinoq", [job], tmp_path / "one", logits=True)


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
