"""`dinoq export --as ...`: files that the recipe's own scripts take, through the real command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.workers.models.codebook import Codebook, write_codebook
from tests.acceptance.conftest import Bench
from tests.command import Answer, Shell
from tests.postprocess import postprocess, top1_by_line

SAMPLES, BATCH = 48, 2
CPU, SIMULATED = f"cpu:{BATCH}", f"310P3:{BATCH}"


@dataclass(frozen=True)
class Lab:
    """Job 1: codebook pictures on cpu and a simulated 310P3, what they gave kept; `cpu` and `sim` hold its exports."""

    shell: Shell
    book: Codebook

    @property
    def cpu(self) -> Path:
        """Where the cpu run was exported to."""
        return self.shell.home / "cpu"

    @property
    def sim(self) -> Path:
        """Where the simulated run was exported to."""
        return self.shell.home / "sim"

    def export(self, *more: object) -> Answer:
        """Export from job 1."""
        return self.shell.dinoq("export", 1, *more)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    made = Lab(Shell(folder), write_codebook(folder / "book", samples=SAMPLES, top1=36, top5=44))
    answer = made.shell.dinoq(
        *("run", "--chip", "cpu,310P3", "--batches", BATCH, "--simulate", "310P3:1", "--recipe", "dino"),
        *("--model", made.book.model, "--data", made.book.images, "--labels", made.book.labels, "--keep-logits"),
    )
    assert answer.code == 0, answer.err
    for run, out, as_ in [
        *((CPU, "cpu", as_) for as_ in (("dump",), ("result",), ("perf",))),
        *((SIMULATED, "sim", as_) for as_ in (("dump", "--binary"), ("result",), ("ais_bench", "--outfmt", "TXT"))),
    ]:
        answer = made.export("--run", run, "-o", out, "--as", *as_)
        assert answer.code == 0, answer.err
    return made


def test_the_published_postprocess_of_a_dump_gives_our_result_json(lab: Lab) -> None:
    ours = json.loads((lab.cpu / "result.json").read_text())
    assert postprocess(lab.cpu / "dumpOutput_device0", lab.book.labels) == ours
    values = {pair["key"]: pair["value"] for pair in ours["value"]}
    assert (values["Top1 accuracy"], values["Top5 accuracy"]) == ("75.0%", f"{round(44 / SAMPLES * 100, 2)}%")
    assert (values["Number of images"], values["Number of classes"]) == (str(SAMPLES), "1000")


def test_a_binary_dump_with_the_label_file_beside_it_does_too(lab: Lab) -> None:
    assert {file.suffix for file in (lab.sim / "dumpOutput_device0").iterdir()} == {".bin"}
    found = postprocess(lab.sim / "dumpOutput_device0", lab.sim / "val_label.txt")
    assert found == json.loads((lab.sim / "result.json").read_text())


def test_the_later_postprocess_reads_the_ais_bench_folder(lab: Lab) -> None:
    summary = lab.sim / f"310P3_bs{BATCH}_summary.json"
    assert top1_by_line(summary, lab.sim / "val_label.txt", lab.shell.home) == 0.75
    told = json.loads(summary.read_text())
    assert told["throughput"] == pytest.approx(1000 * BATCH / told["NPU_compute_time"]["mean"])
    assert told["NPU_compute_time"]["count"] == len(told["npu_compute_time_list"]) == SAMPLES / BATCH


def test_a_speed_file_tells_the_figure_of_the_report(lab: Lab) -> None:
    text = (lab.cpu / f"perf_vision_batchsize_{BATCH}_device_0.txt").read_text()
    told = float(text.split("Interface throughputRate: ")[1].split(",")[0])
    runs = lab.shell.dinoq("report", 1, "--json").json["runs"]
    compute = next(run["throughput"]["compute"] for run in runs if run["chip"] == "cpu")
    assert told == pytest.approx(compute, rel=1e-5)


def test_what_a_simulator_gave_says_so_beside_and_never_inside(lab: Lab) -> None:
    notes = {note.name: note.read_text() for note in lab.sim.rglob("NOTE*")}
    assert sorted(notes) == [f"NOTE_310P3_bs{BATCH}.txt", "NOTE_dumpOutput_device0.txt", "NOTE_result.txt"]
    assert all(text.startswith("SIMULATED") for text in notes.values())
    assert {note.parent for note in lab.sim.rglob("NOTE*")} == {lab.sim}
    assert not [note for note in lab.cpu.glob("NOTE*") if "SIMULATED" in note.read_text()]


def test_nothing_is_ever_written_over(lab: Lab) -> None:
    before = (lab.cpu / "dumpOutput_device0/0001_1.txt").read_bytes()
    answer = lab.export("--run", SIMULATED, "--as", "dump", "-o", "cpu")
    assert answer.code == 2
    assert "dumpOutput_device0 is there already" in answer.err
    assert (lab.cpu / "dumpOutput_device0/0001_1.txt").read_bytes() == before


def test_which_run_is_meant_is_asked(lab: Lab) -> None:
    answer = lab.export("--as", "result", "-o", "other")
    assert answer.code == 2
    assert f"job 1 has 2 runs: {CPU}, {SIMULATED}" in answer.err


def test_logits_that_are_gone_from_the_store_are_said(lab: Lab, tmp_path: Path) -> None:
    command = ("export", 1, "--run", CPU, "--as", "dump", "-o", tmp_path / "out")
    answer = lab.shell.dinoq(*command, DINOQ_STORE=str(tmp_path / "other"))
    assert (answer.code, "submit it again with --keep-logits" in answer.err) == (8, True)
    assert not (tmp_path / "out").exists()


def test_a_job_that_kept_no_logits_says_how_to_get_them(bench: Bench, tmp_path: Path) -> None:
    assert bench.run().code == 0
    for as_ in ("dump", "ais_bench"):
        answer = bench.shell.dinoq("export", 1, "--as", as_, "-o", tmp_path / "out")
        assert answer.code == 2
        assert "submit it again with --keep-logits" in answer.err
    assert bench.shell.dinoq("export", 1, "--as", "result", "-o", tmp_path / "out").code == 0


def test_a_photo_that_could_not_be_read_is_no_file_and_counts_as_wrong(bench: Bench, tmp_path: Path) -> None:
    (bench.photos / "p0.jpg").write_bytes(b"no picture")
    assert bench.run("--keep-logits").code == 6
    dump = bench.shell.dinoq("export", 1, "--as", "dump", "-o", tmp_path / "out")
    result = bench.shell.dinoq("export", 1, "--as", "result", "-o", tmp_path / "out")
    assert (dump.code, result.code) == (6, 6)
    assert "not in it: p0.jpg: it is no picture" in dump.err
    assert len(list((tmp_path / "out/dumpOutput_device0").iterdir())) == 8
    assert '{"key": "Top1 accuracy", "value": "88.89%"}' in (tmp_path / "out/result.json").read_text()


# -- preprocessed photos: no job --------------------------------------------------------------------------------------


def expected(photo: Path) -> np.ndarray:
    """Shorter side to 256 by Pillow's bicubic, centre 224, normalised: as torchvision does, in float32."""
    image = Image.open(photo).convert("RGB")
    short = min(image.size)
    image = image.resize(tuple(int(256 * side / short) for side in image.size), Image.Resampling.BICUBIC)  # type: ignore[arg-type]
    left, top = (round((side - 224) / 2.0) for side in image.size)
    planes = np.asarray(image.crop((left, top, left + 224, top + 224))).transpose(2, 0, 1).astype(np.float32)
    mean = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
    std = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
    exact: np.ndarray = (planes / np.float32(255) - mean) / std
    return exact


@pytest.mark.parametrize("home", ["home", "."])
def test_preprocessed_photos_are_what_pillow_and_numpy_make_of_them(lab: Lab, tmp_path: Path, home: str) -> None:
    """Whether they are decoded (an empty home), or a job has left their pixels in the store."""
    book, shell = lab.book, Shell(lab.shell.home / home)
    shell.home.mkdir(exist_ok=True)
    asked = ("--data", book.images, "--labels", book.labels, "--recipe", "dino")
    answer = shell.dinoq("export", "--as", "bin", *asked, "-o", tmp_path)
    assert answer.code == 0, answer.err
    lines = (tmp_path / "prep_dataset.info").read_text().splitlines()
    assert lines[1] == f"1 {tmp_path}/prep_dataset/0002.bin 224 224"
    assert [line.split(" ")[0] for line in lines] == [str(n) for n in range(SAMPLES)]
    for no, name in [(0, "0001"), (6, "0007"), (47, "0048")]:
        values = np.fromfile(lines[no].split(" ")[1], "<f4").reshape(3, 224, 224)
        assert np.array_equal(values, expected(book.images / f"{name}.JPEG"))


def test_photos_that_cannot_be_read_are_named_at_the_end(bench: Bench, tmp_path: Path) -> None:
    (bench.photos / "p4.jpg").write_bytes(b"no picture")
    asked = ("--data", bench.photos, "--labels", bench.labels)
    answer = bench.shell.dinoq("export", "--as", "bin", *asked, "-o", tmp_path / "out")
    assert answer.code == 6
    assert "not in it: p4.jpg: it is no picture" in answer.err
    assert "p4" not in (tmp_path / "out/prep_dataset.info").read_text()
    assert len(list((tmp_path / "out/prep_dataset").iterdir())) == 8


def test_names_that_would_clash_are_refused_before_anything_is_written(bench: Bench, tmp_path: Path) -> None:
    (bench.photos / "p0.jpg").rename(bench.photos / "p1.png")
    bench.relabel("p1.png 0\n" + "".join(f"p{n}.jpg {n % 3}\n" for n in range(1, 9)))
    asked = ("--data", bench.photos, "--labels", bench.labels)
    answer = bench.shell.dinoq("export", "--as", "bin", *asked, "-o", tmp_path / "out")
    assert answer.code == 2
    assert "p1.jpg and p1.png would both be called p1" in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_real_photos_make_the_round_trip(shell: Shell, shared_data: Path) -> None:
    photos, labels = shared_data / "val20/images", shared_data / "val20/labels.txt"
    answer = shell.dinoq(
        *("run", "--chip", "cpu", "--batches", 1, "--recipe", "efficientnet-lite", "--keep-logits"),
        *("--model", shared_data / "lite0.onnx", "--data", photos, "--labels", labels),
    )
    assert answer.code == 0, answer.err
    for as_ in ("dump", "result"):
        assert shell.dinoq("export", "--as", as_, "-o", "out").code == 0
    found = json.loads((shell.home / "out/result.json").read_text())
    assert postprocess(shell.home / "out/dumpOutput_device0", labels) == found
    values = {pair["key"]: pair["value"] for pair in found["value"]}
    assert (values["Top1 accuracy"], values["Top5 accuracy"]) == ("70.0%", "100.0%")
