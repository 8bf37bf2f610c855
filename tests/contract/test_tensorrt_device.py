"""The T4's device file on a simulated T4: what it computes, refuses, and tells when something breaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dinoq.jobs.ledger import FailureClass
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.preprocess import normalise
from dinoq.workers.devices import cpu, plan_file
from dinoq.workers.models.codebook import CLASSES, write_codebook
from dinoq.workers.tasks import WorkFailed
from tests import t4
from tests.interpreters import older_python
from tests.models import write_mean_colour

VERSIONS = ("8.6.1", "10.16.1", "11.4.0")
DINO = RECIPES["dino"]


@pytest.fixture(scope="session")
def codebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_codebook(tmp_path_factory.mktemp("codebook"), samples=1, top1=1, top5=1).model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_mean_colour(tmp_path / "model.onnx", side=224, classes=1000)


def cpu_logits(model: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    exact = np.empty(pixels.shape, np.float32)
    normalise(pixels, DINO, exact)
    return cpu.load(str(model), len(pixels), "fp32", {"cores": "1"}).run(exact).logits


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_it_answers_as_the_cpu_does_within_fp16(version: str, codebook: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path, tensorrt=version), tmp_path) as host:
        plan, _ = host.compile(codebook, 4)
        host.load(plan, 4)
        done = host.run(t4.work(11))
    exact = cpu_logits(codebook, done.pixels)
    best = np.take_along_axis(exact, done.classes.astype(np.int64), axis=1)
    assert exact.shape == (11, CLASSES)
    assert np.allclose(best, done.scores, rtol=4e-3, atol=4e-3)
    assert not np.array_equal(best.astype(np.float16), done.scores)  # rounded like fp16, not computed like the cpu


def test_fp32_is_computed_exactly(codebook: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path, tensorrt="11.4.0"), tmp_path) as host:
        plan, said = host.compile(codebook, 4, "fp32")
        host.load(plan, 4, "fp32")
        done = host.run(t4.work(4))
    assert "precision by onnx" in said
    best = np.take_along_axis(cpu_logits(codebook, done.pixels), done.classes.astype(np.int64), axis=1)
    assert np.array_equal(best.astype(np.float16), done.scores)


def test_times_are_the_cards_own(model: Path, tmp_path: Path) -> None:
    table = tmp_path / "pace.toml"
    table.write_text("[T4]\nimages_per_s = { 4 = 1532.616 }\n")
    with t4.host(t4.machine(tmp_path, DINOQ_SIM_PACE=str(table)), tmp_path) as host:
        host.load(host.compile(model, 4)[0], 4)
        times = host.run(t4.work(80)).measured(0.0)
    assert np.mean(times.compute_ms) == pytest.approx(2.6099, rel=0.02)
    assert (times.h2d_ms > times.d2h_ms).all()  # photos in, scores out
    assert (times.d2h_ms > 0).all()


@pytest.mark.parametrize("graph", ["0", "1"])
def test_a_cuda_graph_changes_no_answer(graph: str, model: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        plan, _ = host.compile(model, 4, cuda_graph=graph)
        host.load(plan, 4)
        classes = host.run(t4.work(8)).classes[:, 0].tolist()
    assert plan_file.read(str(plan))[0]["cuda_graph"] == graph
    assert classes == cpu_logits(model, t4.pictures(8)).argmax(axis=1).tolist()


def test_without_capture_a_program_runs_all_the_same(model: Path, tmp_path: Path) -> None:
    env = t4.machine(tmp_path)
    card = t4.options(env)
    facts = t4.ask(
        env,
        f"""
import cuda.bindings.runtime as cudart, numpy as np
from dinoq.workers.devices import tensorrt
end = cudart.cudaStreamEndCapture
def broken(stream):
    end(stream)
    return cudart.cudaError_t.cudaErrorStreamCaptureInvalidated, None
cudart.cudaStreamEndCapture = broken
plan = tensorrt.compile({str(model)!r}, 1, "fp16", {{"cuda_graph": "1"}}, {str(tmp_path)!r}, {card!r}).path
program = tensorrt.load(plan, 1, "fp16", {card!r})
program.run(np.zeros((1, 3, 224, 224), np.float32))
answer = program.facts""",
    )
    assert facts["cuda_graph"] == "0, capture failed"
    assert (facts["precision_route"], facts["origin"]) == ("flag", "simulated")


def test_a_plan_of_another_batch_is_refused(model: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        plan, _ = host.compile(model, 4)
        with pytest.raises(WorkFailed, match="the plan is for batch 4, here is 8") as refused:
            host.load(plan, 8)
    assert refused.value.failure.kind is FailureClass.PERMANENT


def test_a_bare_plan_is_taken_at_its_own_word(model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.plan"
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        bare.write_bytes(plan_file.read(str(host.compile(model, 4)[0]))[1])
        host.load(bare, 4)
        assert host.run(t4.work(4)).n_done == 4
        with pytest.raises(WorkFailed, match=r"does not take batch 8: .*Valid range"):
            host.load(bare, 8)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"compute": "7.5"', b'"compute": "8.6"', "expecting compute 7.5 got compute 8.6"),
        (b'"tensorrt": "10.16.1.11", "card": "Tesla T4",', b'"tensorrt": "8.6.1", "card": "Tesla T4",', "got 8.6.1"),
        (b"ftrt", b"frtt", "Magic tag does not match"),
        (b"GlobalAveragePool", b"GlobalXveragePool", "damaged"),
    ],
    ids=["another card", "another version", "no plan", "damaged"],
)
def test_a_foreign_or_damaged_plan_is_refused_with_the_reason(
    old: bytes, new: bytes, why: str, model: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.plan"
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        plan = plan_file.read(str(host.compile(model, 4)[0]))[1]
        assert plan.count(old) == 1
        bare.write_bytes(plan.replace(old, new))
        with pytest.raises(WorkFailed, match=why) as refused:
            host.load(bare, 4)
    assert refused.value.failure.kind is FailureClass.PERMANENT


def test_a_plan_of_another_version_is_refused_in_plain_words(model: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path, tensorrt="8.6.1"), tmp_path) as host:
        plan, _ = host.compile(model, 4)
    with (
        t4.host(t4.machine(tmp_path), tmp_path) as host,
        pytest.raises(WorkFailed, match=r"the plan is for tensorrt 8.6.1, here is 10.16.1.11"),
    ):
        host.load(plan, 4)


def test_eleven_refuses_fp16_of_an_fp32_model_and_says_what_to_do(model: Path, tmp_path: Path) -> None:
    with t4.host(t4.machine(tmp_path, tensorrt="11.4.0"), tmp_path) as host:
        with pytest.raises(WorkFailed, match=r"holds no fp16: make one by .*autocast.* --keep_io_types`") as refused:
            host.compile(model, 4)
        assert refused.value.failure.kind is FailureClass.PERMANENT
        with pytest.raises(WorkFailed, match="known are workspace_mib"):
            host.compile(model, 4, sparsity="1")


def test_eleven_takes_an_fp16_model_and_refuses_to_call_it_fp32(tmp_path: Path) -> None:
    half = write_mean_colour(tmp_path / "half.onnx", side=224, classes=1000, dtype="float16")
    with t4.host(t4.machine(tmp_path, tensorrt="11.4.0"), tmp_path) as host:
        host.load(host.compile(half, 4)[0], 4)
        assert host.run(t4.work(4)).n_done == 4
        with pytest.raises(WorkFailed, match="fp32 is asked for, 3 of its 3 layers are fp16"):
            host.compile(half, 4, "fp32")


@pytest.mark.parametrize("fixed", [2, 4])
def test_a_model_of_a_fixed_batch_is_built_for_that_alone(fixed: int, tmp_path: Path) -> None:
    model = write_mean_colour(tmp_path / "fixed.onnx", side=224, classes=1000, batch=fixed)
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        if fixed == 4:
            host.load(host.compile(model, 4)[0], 4)
            return
        with pytest.raises(WorkFailed, match="fixed to batch 2, the run asks for 4"):
            host.compile(model, 4)


def test_what_is_no_model_is_refused_with_the_parsers_words(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with (
        t4.host(t4.machine(tmp_path), tmp_path) as host,
        pytest.raises(WorkFailed, match=r"cannot read the ONNX: .+") as e,
    ):
        host.compile(tmp_path / "model.onnx", 4)
    assert e.value.failure.kind is FailureClass.PERMANENT


def test_timings_of_one_build_serve_the_next_but_not_those_of_another_version_or_damaged_ones(
    model: Path, tmp_path: Path
) -> None:
    builds = []
    with t4.host(t4.machine(tmp_path), tmp_path) as host:
        for damage in [("", ""), ("", ""), ("10.16.1.11", "8.6.1"), ("{", "")]:
            for cache in tmp_path.glob("tensorrt-10.16.1.11-Tesla-T4-sm_75.timing"):
                cache.write_text(cache.read_text().replace(*damage))
            host.compile(model, 4)
            [cache] = tmp_path.glob("*.timing")
            builds.append(json.loads(cache.read_text())["entries"])
    assert builds == [1, 2, 1, 1]


@pytest.mark.parametrize("version", ["3.8", "3.10"])
def test_the_device_process_runs_in_an_older_interpreter(
    version: str, model: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    python = older_python(version, pytestconfig.cache.mkdir("interpreters"))
    env = t4.machine(tmp_path, DINOQ_SIM_NULL="1")  # there it has numpy alone
    with t4.host(env, tmp_path) as host:
        plan, _ = host.compile(model, 4)
    with t4.host(env, tmp_path, python=python) as host:
        host.load(plan, 4)
        done = host.run(t4.work(11))
    assert (done.n_done, done.classes[:, 0].tolist()) == (11, [0] * 11)
