"""`dinoq convert` on checkpoints in DINO's exact structure: the right numbers, the same bytes, and nothing lost."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from dinoq.cli.convert import convert
from dinoq.jobs.errors import BadConversion
from dinoq.workers.models.checkpoints import open_checkpoint
from dinoq.workers.models.convert import read_pair
from dinoq.workers.models.dino import entries
from dinoq.workers.models.onnx_facts import baseline_from_metadata
from dinoq.workers.models.reference import compare
from dinoq.workers.models.tensors import Tensor
from tests.acceptance.conftest import Bench
from tests.checkpoints import Opcodes, write_zip
from tests.command import Answer, Shell
from tests.dino_net import forward, random_linear, random_state, small_linear, write_pair
from tests.malice import programs

SOURCE = "https://github.com/facebookresearch/dino@cb711401860da580817918b9167ed73e3eef3dcf"
ALLOWED = 1e-4


@dataclass(frozen=True)
class Converted:
    """The published pair, random, and what the command made of it."""

    backbone: Path
    linear: Path
    onnx: Path
    answer: Answer

    @property
    def metadata(self) -> dict[str, str]:
        return {entry.key: entry.value for entry in onnx.load(str(self.onnx)).metadata_props}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("dino")
    backbone, linear = write_pair(folder)
    shell, out = Shell(folder), folder / "dino_resnet50.onnx"
    return Converted(backbone, linear, out, shell.dinoq("convert", backbone, linear, "-o", out))


@pytest.fixture(scope="module")
def images() -> NDArray[np.float32]:
    return np.random.default_rng(5).standard_normal((2, 3, 224, 224), np.float32)


@pytest.fixture(scope="module")
def expected(images: NDArray[np.float32]) -> NDArray[np.float64]:
    return forward(random_state(), random_linear(), images)


def logits(model: Path, images: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["output"], {"input": images})[0])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def operators(model: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(str(model)).graph.node)


def test_the_logits_are_those_of_an_own_forward_pass_in_float64(
    made: Converted, images: NDArray[np.float32], expected: NDArray[np.float64]
) -> None:
    assert made.answer.code == 0, made.answer.err
    assert np.abs(expected).max() > 1  # else a small difference would say nothing
    assert np.abs(logits(made.onnx, images) - expected).max() <= ALLOWED


def test_the_logits_are_those_of_torch(made: Converted, images: NDArray[np.float32]) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: no independent evaluation by it")
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    net = models.resnet50(weights=None)
    net.fc = torch.nn.Linear(2048, 1000)
    state = torch.load(made.backbone, weights_only=True)
    head = torch.load(made.linear, weights_only=True)["state_dict"]
    net.load_state_dict({**state, **{key.replace("module.linear", "fc"): value for key, value in head.items()}})
    with torch.inference_mode():
        theirs = net.eval()(torch.from_numpy(images)).numpy()
    assert np.abs(logits(made.onnx, images) - theirs).max() <= ALLOWED


@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_saves_is_read_to_the_last_bit(zipped: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: no files that it wrote itself")
    path = tmp_path / "a.pth"
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    turned = torch.randn(4, 6)[1:, ::2].t()
    state = {**layer.state_dict(), "turned": turned, "parameter": torch.nn.Parameter(torch.randn(3))}
    torch.save({"state_dict": state, "epoch": 3}, path, _use_new_zipfile_serialization=zipped)
    checkpoint = open_checkpoint(path)
    for key, value in entries(checkpoint.values).items():
        assert isinstance(value, Tensor)
        if value.dtype == "float32":
            assert np.array_equal(checkpoint.array(value), state[key].detach().numpy())


def test_the_file_is_opset_11_with_the_recipes_names_and_a_free_batch(
    made: Converted, images: NDArray[np.float32]
) -> None:
    model = onnx.load(str(made.onnx))
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 11)]
    assert model.ir_version == 6
    assert ([one.name for one in model.graph.input], [one.name for one in model.graph.output]) == (
        ["input"],
        ["output"],
    )
    assert logits(made.onnx, images[:1]).shape == (1, 1000)
    assert logits(made.onnx, images).shape == (2, 1000)


def test_the_graph_is_that_of_resnet50_with_every_batch_norm_folded(made: Converted) -> None:
    counts = {"Conv": 53, "Relu": 49, "Add": 16, "MaxPool": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}
    assert operators(made.onnx) == counts


def test_the_file_says_where_it_comes_from(made: Converted) -> None:
    assert made.metadata == {
        "dinoq.baseline_top1": "75.3",
        "dinoq.baseline_source": "https://github.com/facebookresearch/dino",
        "dinoq.backbone_sha256": sha256(made.backbone),
        "dinoq.linear_sha256": sha256(made.linear),
        "dinoq.batch_norm": "folded",
    }
    assert baseline_from_metadata(made.onnx) == 0.753


def test_a_second_conversion_elsewhere_is_the_same_to_the_last_byte(made: Converted, shell: Shell) -> None:
    """And so it may take the place of the first."""
    for path in (made.backbone, made.linear):
        shutil.copy(path, shell.home / f"copy_{path.name}")
    shutil.copy(made.onnx, shell.home)
    copies = [f"copy_{path.name}" for path in (made.backbone, made.linear)]
    answer = shell.dinoq("convert", *copies, "--json")
    assert (answer.code, answer.json["path"]) == (0, "dino_resnet50.onnx"), answer.err
    assert answer.json["sha256"] == sha256(shell.home / "dino_resnet50.onnx") == sha256(made.onnx)


def test_batch_norm_can_be_kept_and_the_check_says_against_what_it_held(
    made: Converted, shell: Shell, images: NDArray[np.float32], expected: NDArray[np.float64]
) -> None:
    options = ("--keep-batch-norm", "--check", "--json", "--baseline", "70.5", "--source", SOURCE, "-o", "kept.onnx")
    answer = shell.dinoq("convert", made.backbone, made.linear, *options)
    assert answer.code == 0, answer.err
    check = answer.json["check"]
    assert 0 < check["max_difference"] <= check["allowed"] == ALLOWED
    assert check["reference"].startswith(("torch ", "ONNX Runtime with batch norm folded"))
    assert operators(shell.home / "kept.onnx")["BatchNormalization"] == 53
    told = answer.json["metadata"]
    assert (told["dinoq.baseline_top1"], told["dinoq.source"], told["dinoq.batch_norm"]) == ("70.5", SOURCE, "kept")
    assert np.abs(logits(shell.home / "kept.onnx", images) - expected).max() <= ALLOWED


def test_a_check_that_fails_leaves_nothing_behind(
    made: Converted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dinoq.workers.models.reference.TOLERANCE", 0.0)
    with pytest.raises(
        BadConversion, match=r"the check failed: max \|difference\| .* \(allowed 0\), against"
    ) as caught:
        convert(made.backbone, made.linear, output=tmp_path / "out.onnx", check=True)
    assert (caught.value.exit_code, list(tmp_path.iterdir())) == (1, [])


def test_another_opset_than_was_asked_for_is_noticed_in_what_was_saved(
    made: Converted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dinoq.workers.models.resnet50_graph.OPSET", 12)
    with pytest.raises(BadConversion, match="was saved with opset 12 and IR 6"):
        convert(made.backbone, made.linear, output=tmp_path / "out.onnx")
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_training_fail_the_check(made: Converted, tmp_path: Path) -> None:
    """Or the check would hold against anything."""
    other = read_pair(*write_pair(tmp_path, seed=2))
    assert not compare(made.onnx, other, batch_norm_kept=False).holds


def test_another_file_in_the_place_is_kept_unless_forced(made: Converted, shell: Shell) -> None:
    out = shell.home / "out.onnx"
    out.write_text("years of work")
    convert = ("convert", made.backbone, made.linear, "-o", out)
    answer = shell.dinoq(*convert)
    assert (answer.code, answer.out) == (2, "")
    assert "out.onnx is there already, and is another file. Try: --force" in answer.err
    assert out.read_text() == "years of work"
    assert shell.dinoq(*convert, "--force").code == 0
    assert sha256(out) == sha256(made.onnx)
    assert sorted(path.name for path in shell.home.iterdir()) == ["out.onnx"]


def test_a_program_in_a_checkpoint_is_refused_and_not_run(made: Converted, shell: Shell) -> None:
    marker = shell.home / "ran"
    code, name = programs(marker)["GLOBAL and REDUCE"]
    bad = write_zip(shell.home / "bad.pth", {"state_dict": small_linear(), "extra": Opcodes(code)})
    answer = shell.dinoq("convert", made.backbone, bad)
    assert (answer.code, answer.out) == (2, "")
    assert f"bad.pth holds {name}; dinoq reads tensors and plain containers" in answer.err
    assert sorted(path.name for path in shell.home.iterdir()) == ["bad.pth"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "github.com/facebookresearch/dino"], "is not URL@COMMIT"),
        (["--source", "https://github.com/facebookresearch/dino@main"], "is not URL@COMMIT"),
        (["--baseline", "0.753"], "baseline is 0.753; expected percent"),
        (["--baseline", "much"], "baseline is much; expected percent"),
        (["-o", "."], "output . is a folder"),
        (["-o", "no/where.onnx"], "cannot be written: no is no folder"),
        (["-o", "linear.pth", "--force"], "is one of the checkpoints"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(shell: Shell, options: list[str], words: str) -> None:
    (shell.home / "linear.pth").write_bytes(b"")
    answer = shell.dinoq("convert", "backbone.pth", "linear.pth", *options)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def test_a_job_takes_the_pair_as_its_model(made: Converted, bench: Bench, tmp_path: Path) -> None:
    """The model that is stored is the deterministic one, the published figure comes from it, and nothing is left over."""
    home, scratch = bench.shell.home, tmp_path / "scratch"
    scratch.mkdir()
    pair = bench.args("--model", f"{made.backbone},{made.linear}")
    answer = bench.shell.dinoq("submit", *pair, TMPDIR=str(scratch))
    assert answer.code == 0, answer.err
    assert "converted dino_resnet50_pretrain.pth and dino_resnet50_linearweights.pth" in answer.err
    assert [path.stem for path in (home / ".dinoq/store/models").iterdir()] == [sha256(made.onnx)]
    assert bench.shell.dinoq("report", "1", "--format", "json").json["baseline_top1"] == 0.753
    assert list(scratch.iterdir()) == []


def test_half_a_pair_is_refused_as_a_model(bench: Bench) -> None:
    answer = bench.check("--model", "backbone.pth")
    assert answer.code == 2
    assert "backbone.pth is a checkpoint" in answer.err and "--model BACKBONE.pth,LINEAR.pth" in answer.err


def test_a_pair_in_the_settings_file_lies_beside_it(bench: Bench) -> None:
    (bench.shell.home / "dinoq.toml").write_text('model = "a.pth,b.pth"\n')
    args = [arg for arg in bench.args() if arg not in ("--model", bench.model)]
    answer = bench.shell.dinoq("submit", "--dry-run", *args)
    assert answer.code == 2
    assert f"checkpoint {bench.shell.home / 'a.pth'} cannot be read" in answer.err
