"""Checkpoints are read in both formats without torch, and every file that is no whole, plain one is refused."""

from __future__ import annotations

import hashlib
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinoq.jobs.errors import BadCheckpoint
from dinoq.workers.models.checkpoints import Checkpoint, open_checkpoint
from dinoq.workers.models.tensors import Tensor
from tests.checkpoints import Opcodes, Stored, spread, stored, write_legacy, write_zip
from tests.malice import programs

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
Write = Callable[[Path, object], Path]
both = pytest.mark.parametrize("write", [write_zip, write_legacy])


def state() -> OrderedDict[str, Stored]:
    return OrderedDict(weight=stored(WEIGHT), half=spread(3, kind="HalfStorage", item=b"\0\0"))


def tensor(checkpoint: Checkpoint, key: str) -> Tensor:
    assert isinstance(checkpoint.values, dict)
    found = checkpoint.values[key]
    assert isinstance(found, Tensor)
    return found


def refused(path: Path) -> str:
    with pytest.raises(BadCheckpoint) as caught:
        open_checkpoint(path)
    assert str(path) in str(caught.value) and caught.value.hint
    return caught.value.told


@both
def test_tensors_come_with_dtype_shape_and_numbers(write: Write, tmp_path: Path) -> None:
    found = open_checkpoint(write(tmp_path / "a.pth", state()))
    assert (tensor(found, "half").dtype, tensor(found, "half").shape) == ("float16", (3,))
    assert np.array_equal(found.array(tensor(found, "weight")), WEIGHT)


@both
def test_numbers_cannot_be_written_to(write: Write, tmp_path: Path) -> None:
    found = open_checkpoint(write(tmp_path / "a.pth", state()))
    assert not found.array(tensor(found, "weight")).flags.writeable


@both
def test_what_lies_beside_the_weights_is_plain(write: Write, tmp_path: Path) -> None:
    told = {"epoch": 100, "best": 75.3, "groups": [{"lr": 0.1, "on": True, "none": None, "params": (0, -1)}]}
    assert open_checkpoint(write(tmp_path / "a.pth", told)).values == told


def test_the_checkpoint_knows_its_format_and_digest(tmp_path: Path) -> None:
    paths = write_zip(tmp_path / "a.pth", state()), write_legacy(tmp_path / "b.pth", state())
    found = [open_checkpoint(path) for path in paths]
    assert [one.format for one in found] == ["zip", "legacy"]
    assert [one.sha256 for one in found] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@both
def test_a_view_is_read_through_its_strides(write: Write, tmp_path: Path) -> None:
    turned = Stored(WEIGHT.tobytes(), 24, (4, 3), (1, 4), offset=12)
    found = open_checkpoint(write(tmp_path / "a.pth", {"turned": turned}))
    assert np.array_equal(found.array(tensor(found, "turned")), WEIGHT[1].T)


@pytest.mark.parametrize(
    "view",
    [
        Stored(WEIGHT.tobytes(), 24, (2, 3, 5), (15, 5, 1)),
        Stored(WEIGHT.tobytes(), 24, (24,), (1,), offset=1),
        Stored(WEIGHT.tobytes(), 24, (2, 2), (1, 23)),
        Stored(WEIGHT.tobytes(), 24, (2, 3), (3,)),
        Stored(WEIGHT.tobytes(), 24, (-2, 3), (3, 1)),
        Stored(WEIGHT.tobytes(), 24, (2, 3), (3, 1), offset=-1),
        Stored(WEIGHT.tobytes(), 24, (0, 10**5000), (1, 1)),
        Stored(WEIGHT.tobytes(), 24, (1,) * 65, (1,) * 65),
    ],
)
def test_a_view_that_leaves_its_storage_is_refused(view: Stored, tmp_path: Path) -> None:
    assert "cut off or damaged: a tensor" in refused(write_zip(tmp_path / "a.pth", {"w": view}))


@both
@pytest.mark.parametrize("numel", [23, 25, -24, pytest.param(10**5000, id="endless")])
def test_a_storage_of_another_size_than_told_is_refused(write: Write, numel: int, tmp_path: Path) -> None:
    assert "damaged" in refused(write(tmp_path / "a.pth", {"w": Stored(WEIGHT.tobytes(), numel, (2,), (1,))}))


def test_contents_that_could_be_copied_without_end_are_refused(tmp_path: Path) -> None:
    copied = Opcodes(b"ccollections\nOrderedDict\n(](](K\x01K\x02eetR")
    assert "an OrderedDict that is called with arguments" in refused(write_zip(tmp_path / "a.pth", copied))


def test_a_name_can_neither_steer_the_terminal_nor_fill_it(tmp_path: Path) -> None:
    named = Opcodes(b"cos\nsystem\x1b[2J" + b"x" * 10_000 + b"\n")
    told = refused(write_zip(tmp_path / "a.pth", named))
    assert "holds os.system?[2Jxxx" in told and told.isprintable() and len(told) < 1000


def test_a_tensor_that_is_to_be_negated_is_refused(tmp_path: Path) -> None:
    negated = Stored(WEIGHT.tobytes(), 24, (24,), (1,), metadata={"neg": True})
    assert "conjugated or negated" in refused(write_zip(tmp_path / "a.pth", {"w": negated}))


@both
@pytest.mark.parametrize("name", programs(Path("x")))
def test_a_program_among_the_weights_is_refused_by_name_and_not_run(write: Write, name: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code, name = programs(marker)[name]
    path = write(tmp_path / "a.pth", OrderedDict(weight=stored(WEIGHT), extra=Opcodes(code)))
    assert f"holds {name}; dinoq reads tensors and plain containers, and runs nothing" in refused(path)
    assert not marker.exists()


@pytest.mark.parametrize("name", programs(Path("x")))
def test_a_bare_program_in_the_place_of_a_checkpoint_is_refused(name: str, tmp_path: Path) -> None:
    marker, path = tmp_path / "ran", tmp_path / "a.pth"
    code, name = programs(marker)[name]
    path.write_bytes(code + b".")
    assert name in refused(path)
    assert not marker.exists()


def test_the_arguments_of_a_training_are_refused_with_the_way_round_them(tmp_path: Path) -> None:
    namespace = Opcodes(b"cargparse\nNamespace\n)R}X\x02\x00\x00\x00lrK\x01sb")
    told = refused(write_zip(tmp_path / "a.pth", {"teacher": state(), "args": namespace}))
    assert "holds argparse.Namespace" in told and "torch.serialization.add_safe_globals([argparse.Namespace])" in told


@both
def test_a_file_that_is_cut_off_is_refused_wherever_the_cut_is(write: Write, tmp_path: Path) -> None:
    whole = write(tmp_path / "a.pth", state()).read_bytes()
    cut = tmp_path / "cut.pth"
    for length in (*range(0, len(whole), 11), *range(len(whole) - 8, len(whole))):
        cut.write_bytes(whole[:length])
        refused(cut)


@both
@settings(max_examples=60)
@given(data=st.data())
def test_a_changed_byte_never_ends_in_anything_but_a_reading_or_a_refusal(
    write: Write, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("fuzz") / "a.pth", state())
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    try:
        open_checkpoint(path)
    except BadCheckpoint:
        return


def test_a_changed_number_is_noticed_by_the_checksum(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", state())
    whole = path.read_bytes()
    path.write_bytes(whole.replace(np.float32(17).tobytes(), np.float32(18).tobytes()))
    assert "the bytes of archive/data/0 are not those that were written" in refused(path)


def test_checksums_that_torch_left_out_are_not_missed(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", state())
    with zipfile.ZipFile(path) as archive:
        sums = {entry.CRC.to_bytes(4, "little") for entry in archive.infolist()}
    whole = path.read_bytes()
    for checksum in sums:
        whole = whole.replace(checksum, bytes(4))
    path.write_bytes(whole)
    found = open_checkpoint(path)
    assert np.array_equal(found.array(tensor(found, "weight")), WEIGHT)


def test_storages_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", state())
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "part.pth", "w") as part:
        for name in whole.namelist():
            if not name.endswith("data/1"):
                part.writestr(name, whole.read(name))
    told = refused(tmp_path / "part.pth")
    assert "lacks the numbers of 1 of 2 storages (data/1)" in told and "merge the parts" in told


def test_an_archive_that_torch_would_not_write_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", state())
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    assert "is compressed" in refused(tmp_path / "b.pth")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data/0", b"")
    assert "a name is there twice" in refused(path)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"byteorder": b"big"}, "is big-endian"),
        ({"constants_pkl": b""}, "is a TorchScript program"),
        ({"data_pkl": b"\x80\x02}"}, "cut off or damaged: pickle exhausted"),
    ],
)
def test_an_archive_of_another_kind_is_refused(extra: dict[str, bytes], words: str, tmp_path: Path) -> None:
    assert words in refused(write_zip(tmp_path / "a.pth", state(), **extra))


def test_a_big_endian_file_of_the_old_format_is_refused(tmp_path: Path) -> None:
    assert "is big-endian" in refused(write_legacy(tmp_path / "a.pth", state(), little=False))


NESTED = Opcodes(b"K\x01" + b"q\x00h\x00\x86" * 60)
"""A pair of the same pair of the same pair ...: 60 deep, with 2 ** 60 ends in its text."""


@pytest.mark.parametrize("keys", [[NESTED], NESTED, ["94000000000000", NESTED], [94000000000000], "94000000000000"])
def test_keys_that_are_no_texts_are_refused_and_not_written_out(tmp_path: Path, keys: object) -> None:
    path = write_legacy(tmp_path / "a.pth", {"w": stored(WEIGHT)}, keys=keys)
    assert "the list of storages is not that of the tensors" in refused(path)


@both
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(b"cos\nsystem\n%st", id="beside a name"),
        pytest.param(b"(%stQ", id="as a storage"),
        pytest.param(b"(X\x07\x00\x00\x00storage%sNNK\x01tQ", id="as its kind"),
        pytest.param(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n%sNK\x01tQ", id="as its key"),
        pytest.param(b"ctorch._utils\n_rebuild_tensor_v2\n(%sK\x00))\x89NtR", id="as a tensor's storage"),
        pytest.param(b"ctorch._utils\n_rebuild_parameter\n(%stR", id="as a parameter"),
        pytest.param(b"}%sK\x01s", id="as a key of a dict"),
        pytest.param(b"%s)R", id="called"),
    ],
)
def test_what_is_nested_without_end_is_refused_wherever_it_stands(write: Write, tmp_path: Path, code: bytes) -> None:
    refused(write(tmp_path / "a.pth", Opcodes(code.replace(b"%s", NESTED.code))))


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b'{"metadata": {}, "weight_map": {"conv1.weight": "model-00001-of-00002.bin"}}', "in parts (shards)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>404</html>", "is a page of HTML"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"conv1.weight":{"dtype":"F32"}}', "is a safetensors file"),
        (b"\x1f\x8b\x08\0", "is compressed by gzip"),
        (b"\x80\x02}.", "damaged"),
        (b"\x80\x02}.\x80\x02}.\x80\x02}.", "is a pickle, but none that torch.save wrote"),
        (b"PK\x05\x06" + bytes(18), "damaged"),
        (b"not a checkpoint", "damaged"),
        (b"", "is empty"),
    ],
)
def test_a_file_of_another_kind_is_named_with_its_cure(head: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(head)
    assert words in refused(path)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.pth")
    assert "Is a directory" in refused(tmp_path)
