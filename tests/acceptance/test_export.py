"""`dinoq export --as ...`: files that the recipe's own scripts take, through the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.workers.models.codebook import Codebook, write_codebook
from tests.acceptance.conftest import Bench
from tests.command import Shell
from tests.postprocess import postprocess, top1_by_line

SAMPLES, BATCH = 48, 2


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, Codebook]]:
    """Job 1: codebook pictures on cpu and a simulated 310P3, what they gave kept."""
    folder = tmp_path_factory.mktemp("lab")
    book = write_codebook(folder / "book", samples=SAMPLES, top1=36, top5=44)
    shell = Shell(folder)
    answer = shell.dinoq(
        *("run", "--chip", "cpu,310P3", "--batches", BATCH, "--simulate", "310P3:1", "--recipe", "dino"),
        *("--model", book.model, "--data", book.images, "--labels", book.labels, "--keep-logits"),
    )
    assert answer.code == 0, answer.err
    yield shell, book
    shell.stop_all()


def export(lab: tuple[Shell, Codebook], as_: str, out: Path, run: str = f"cpu:{BATCH}", *more: object) -> None:
    """Export from job 1; it must go well."""
    answer = lab[0].dinoq("export", 1, "--run", run, "--as", as_, "-o", out, *more)
    assert answer.code == 0, answer.err


def test_the_published_postprocess_of_a_dump_gives_our_result_json(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    export(lab, "dump", tmp_path)
    export(lab, "result", tmp_path)
    ours = json.loads((tmp_path / "result.json").read_text())
    assert postprocess(tmp_path / "dumpOutput_device0", lab[1].labels) == ours
    values = {pair["key"]: pair["value"] for pair in ours["value"]}
    assert (values["Top1 accuracy"], values["Top5 accuracy"]) == ("75.0%", f"{round(44 / SAMPLES * 100, 2)}%")
    assert (values["Number of images"], values["Number of classes"]) == (str(SAMPLES), "1000")


def test_a_binary_dump_gives_the_same(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    export(lab, "dump", tmp_path, f"cpu:{BATCH}", "--binary")
    export(lab, "result", tmp_path)
    files = list((tmp_path / "dumpOutput_device0").iterdir())
    assert {file.suffix for file in files} == {".bin"}
    found = postprocess(tmp_path / "dumpOutput_device0", tmp_path / "val_label.txt")
    assert found == json.loads((tmp_path / "result.json").read_text())


def test_the_later_postprocess_reads_the_ais_bench_folder(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    export(lab, "ais_bench", tmp_path, f"310P3:{BATCH}", "--outfmt", "TXT")
    summary = tmp_path / f"310P3_bs{BATCH}_summary.json"
    assert top1_by_line(summary, tmp_path / "val_label.txt", lab[0].home) == 0.75
    told = json.loads(summary.read_text())
    assert told["throughput"] == pytest.approx(1000 * BATCH / told["NPU_compute_time"]["mean"])
    assert told["NPU_compute_time"]["count"] == len(told["npu_compute_time_list"]) == SAMPLES / BATCH


def test_a_speed_file_tells_the_figure_of_the_report(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    export(lab, "perf", tmp_path)
    text = (tmp_path / f"perf_vision_batchsize_{BATCH}_device_0.txt").read_text()
    told = float(text.split("Interface throughputRate: ")[1].split(",")[0])
    runs = lab[0].dinoq("report", 1, "--json").json["runs"]
    compute = next(run["throughput"]["compute"] for run in runs if run["chip"] == "cpu")
    assert told == pytest.approx(compute, rel=1e-5)


@pytest.mark.parametrize("as_", ["dump", "perf", "result", "ais_bench"])
def test_what_a_simulator_gave_says_so_beside_and_never_inside(
    lab: tuple[Shell, Codebook], tmp_path: Path, as_: str
) -> None:
    export(lab, as_, tmp_path, f"310P3:{BATCH}")
    (note,) = tmp_path.glob("NOTE_*.txt")
    assert note.read_text().startswith("SIMULATED")
    assert not [path for folder in tmp_path.iterdir() if folder.is_dir() for path in folder.glob("NOTE*")]


def test_nothing_is_ever_written_over(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    export(lab, "dump", tmp_path)
    answer = lab[0].dinoq("export", 1, "--run", f"310P3:{BATCH}", "--as", "dump", "-o", tmp_path)
    assert answer.code == 2
    assert "dumpOutput_device0 is there already" in answer.err


def test_which_run_is_meant_is_asked(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    answer = lab[0].dinoq("export", 1, "--as", "result", "-o", tmp_path)
    assert answer.code == 2
    assert f"job 1 has 2 runs: cpu:{BATCH}, 310P3:{BATCH}" in answer.err


def test_logits_that_are_gone_from_the_store_are_said(lab: tuple[Shell, Codebook], tmp_path: Path) -> None:
    answer = lab[0].dinoq(
        *("export", 1, "--run", f"cpu:{BATCH}", "--as", "dump", "-o", tmp_path), DINOQ_STORE=str(tmp_path / "other")
    )
    assert (answer.code, "submit it again with --keep-logits" in answer.err) == (8, True)
    assert not (tmp_path / "dumpOutput_device0").exists()


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


def test_preprocessed_photos_are_what_pillow_and_numpy_make_of_them(
    lab: tuple[Shell, Codebook], tmp_path: Path
) -> None:
    shell, book = lab
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


@pytest.mark.parametrize(("name", "top1"), [("val20", 14), ("stubs16", 16)])
def test_real_photos_make_the_round_trip(shell: Shell, shared_data: Path, tmp_path: Path, name: str, top1: int) -> None:
    photos, labels = shared_data / name / "images", shared_data / name / "labels.txt"
    answer = shell.dinoq(
        *("run", "--chip", "cpu", "--batches", 1, "--recipe", "efficientnet-lite", "--keep-logits"),
        *("--model", shared_data / "lite0.onnx", "--data", photos, "--labels", labels),
    )
    assert answer.code == 0, answer.err
    for as_ in ("dump", "result"):
        assert shell.dinoq("export", 1, "--as", as_, "-o", tmp_path / "out").code == 0
    found = postprocess(tmp_path / "out/dumpOutput_device0", labels)
    assert found == json.loads((tmp_path / "out/result.json").read_text())
    n = len(labels.read_text().splitlines())
    assert {"key": "Top1 accuracy", "value": f"{round(top1 / n * 100, 2)}%"} in found["value"]  # type: ignore[operator]
