"""The whole system on the cpu device against a direct loop with the same ONNX Runtime settings, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.preprocess import normalise
from dinoq.workers.devices import cpu

BATCH = 16
SAMPLES = 512
LAPS = 2
ROUNDS = 5


def measure() -> list[Figure]:
    """Job images/s over the direct loop's, shards cached, a network of ResNet-50's size."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        _write_network(home / "network.onnx")
        _write_photos(home / "photos")
        ratios = []
        for _ in range(ROUNDS):
            direct = _direct(home / "network.onnx")
            ratios.append(_system(home) / direct)
    return [Figure("whole system / direct loop", statistics.median(ratios[1:]), "x", 0.95, 0.98, "cpu, batch 16")]


def _direct(network: Path) -> float:
    cores = str(len(os.sched_getaffinity(0)))
    program = cpu.load(str(network), BATCH, "fp32", {"cores": cores})
    photos = np.random.default_rng(0).integers(0, 255, (BATCH, 3, 224, 224), np.uint8)
    batch = np.empty(photos.shape, np.float32)
    for _ in range(3):
        program.run(batch)
    begun = time.perf_counter()
    for _ in range(SAMPLES * LAPS // BATCH):
        normalise(photos, RECIPES["dino"], batch)
        program.run(batch).logits.argmax(axis=1)
    return SAMPLES * LAPS / (time.perf_counter() - begun)


def _system(home: Path) -> float:
    import json

    argv = [sys.executable, "-P", "-m", "dinoq", "run", "--chip", "cpu", "--batches", str(BATCH), "--loop", str(LAPS)]
    argv += ["--model", str(home / "network.onnx"), "--data", str(home / "photos"), "--format", "json"]
    done = subprocess.run(argv, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=True)
    rate: float = json.loads(done.stdout)["runs"][0]["throughput"]["job"]
    return rate


def _write_photos(root: Path) -> None:
    from PIL import Image

    (root / "n00000001").mkdir(parents=True)
    for n in range(SAMPLES):
        Image.new("RGB", (256, 256), (n % 256, 90, 90)).save(root / "n00000001" / f"{n:04}.jpg")


def _write_network(path: Path) -> None:
    """Plain convolutions of about 4 GMAC per image, as ResNet-50 has."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, last, channels = [], [], "input", 3
    for n, (out, stride) in enumerate([(64, 4), *[(64, 1)] * 12, (128, 2), *[(128, 1)] * 8, (256, 2), *[(256, 1)] * 6]):
        values = rng.normal(0, (2 / (9 * channels)) ** 0.5, (out, channels, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{n}"))
        conv = helper.make_node("Conv", [last, f"w{n}"], [f"c{n}"], pads=[1] * 4, strides=[stride] * 2)
        nodes += [conv, helper.make_node("Relu", [f"c{n}"], [f"r{n}"])]
        last, channels = f"r{n}", out
    weights.append(numpy_helper.from_array(rng.normal(size=(1000, channels)).astype(np.float32), "fc"))
    nodes += [helper.make_node("GlobalAveragePool", [last], ["p"]), helper.make_node("Flatten", ["p"], ["f"])]
    nodes += [helper.make_node("Gemm", ["f", "fc"], ["class"], transB=1)]
    given = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 224, 224])]
    made = [helper.make_tensor_value_info("class", TensorProto.FLOAT, ["N", 1000])]
    graph = helper.make_graph(nodes, "network", given, made, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), str(path))
