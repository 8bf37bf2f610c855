"""Files of other tools, as they write them, with the figures that were published.

Layouts: ModelZoo-PyTorch's READMEs of 2022 (benchmark), ais_bench's summary.py, trtexec 8.2's output. Figures: the first
README of baseline_dino_resnet50 (310: 1521.508 and 2406.68 per card of four chips; T4: 891.845 and 2003.345, cut after
three digits) and the 310P column of its last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dinoq.jobs.formats.dump import dump_name, text_line

PERF = """\
[e2e] throughputRate: 243.034, latency: 205733
[data read] throughputRate: 258.963, moduleLatency: 3.86155
[preprocess] throughputRate: 258.404, moduleLatency: 3.86991
[infer] throughputRate: 244.435, Interface throughputRate: {rate}, moduleLatency: 3.35758
[post] throughputRate: 244.435, moduleLatency: 4.09107
"""
INTERFACE_310 = {1: "380.377", 16: "601.67"}
CARD_310 = {1: 1521.508, 16: 2406.68}
COMPUTE_MS_T4 = {1: "1.12127", 16: "7.98664"}
T4 = {1: 891.845, 16: 2003.345}
IMPOSSIBLE_310P = {1: "1378.7", 4: "5539.4", 8: "10986", 16: "22119", 32: "43852", 64: "87537"}

PURE = """\
[INFO] Dataset number: 49 finished cost 6.434ms
[INFO] PureInfer result saved in ./result/PureInfer_perf_of_dino_resnet50_bs4_in_device_0.txt
-----------------PureInfer Performance Summary------------------
[INFO] ave_throughputRate: 604.718samples/s, ave_latency: 1.68188ms
"""

AIS_CONSOLE = """\
[INFO] load model /models/dino_resnet50_bs16.om success
[INFO] warm up 5 times done
[INFO] -----------------Performance Summary------------------
[INFO] H2D_latency (ms): min = 0.5, max = 0.9, mean = 0.6, median = 0.6, percentile(99%) = 0.9
[INFO] NPU_compute_time (ms): min = 5.8, max = 6.2, mean = 6.0, median = 6.0, percentile(99%) = 6.1
[INFO] D2H_latency (ms): min = 0.1, max = 0.3, mean = 0.2, median = 0.2, percentile(99%) = 0.3
[INFO] throughput 1000*batchsize.mean(16)/NPU_compute_time.mean(6.0): 2666.6666666666665
"""
AIS_CONSOLE_OLD = """\
[INFO] NPU_compute_time (ms): min = 5.8, max = 6.2, mean = 6.0, median = 6.0, percentile(99%) = 6.1
[INFO] throughput (1000*batchsize/NPU_compute_time): 2666.67
"""

TRTEXEC = """\
&&&& RUNNING TensorRT.trtexec [TensorRT v8205] # trtexec --onnx=/models/dino_resnet50.onnx --fp16{shapes}
[05/29/2022-21:55:54] [I] === Device Information ===
[05/29/2022-21:55:54] [I] Selected Device: Tesla T4
[05/29/2022-21:55:54] [I] === Performance summary ===
[05/29/2022-21:55:54] [I] Throughput: {qps} qps
[05/29/2022-21:55:54] [I] Latency: min = 1.4 ms, max = 9.9 ms, mean = 9.4 ms, median = 9.3 ms, percentile(99%) = 9.8 ms
[05/29/2022-21:55:54] [I] Enqueue Time: min = 0.3 ms, max = 0.7 ms, mean = 0.4 ms, median = 0.4 ms, percentile(99%) = 0.6 ms
[05/29/2022-21:55:54] [I] H2D Latency: min = 0.8 ms, max = 1.2 ms, mean = 1.0 ms, median = 0.9 ms, percentile(99%) = 1.1 ms
[05/29/2022-21:55:54] [I] GPU Compute Time: min = 1.1 ms, max = 9.4 ms, mean = {mean} ms, median = 7.9 ms, percentile(99%) = 9.1 ms
[05/29/2022-21:55:54] [I] D2H Latency: min = 0.1 ms, max = 0.3 ms, mean = 0.2 ms, median = 0.2 ms, percentile(99%) = 0.3 ms
[05/29/2022-21:55:54] [I] Total Host Walltime: 3.0 s
&&&& PASSED TensorRT.trtexec [TensorRT v8205] # trtexec --onnx=/models/dino_resnet50.onnx --fp16{shapes}
"""
TRTEXEC_7 = """\
[I] GPU Compute
[I] min: 1.05 ms
[I] max: 1.42 ms
[I] mean: 1.12127 ms
[I] median: 1.11 ms
[I] percentile: 1.3 ms at 99%
[I] total compute time: 2.9 s
"""


def perf_file(rate: str) -> str:
    """The speed file of a dataset with this Interface throughputRate."""
    return PERF.format(rate=rate)


def trtexec_log(batch: int, mean_ms: str, qps: str = "120.5", *, shapes: bool = True) -> str:
    """What trtexec prints; without `shapes` it does not tell the batch."""
    told = f" --shapes=input:{batch}x3x224x224" if shapes else ""
    return TRTEXEC.format(shapes=told, qps=qps, mean=mean_ms)


def write_perf_folder(folder: Path, rates: Mapping[int, str]) -> Path:
    """The speed files of several batches, as they lie in `result/`."""
    folder.mkdir()
    for batch, rate in rates.items():
        (folder / f"perf_vision_batchsize_{batch}_device_0.txt").write_text(perf_file(rate))
    return folder


def write_dump(folder: Path, answers: Sequence[int], *, classes: int = 1000, output: int = 1) -> Path:
    """Text outputs of images `val_1`, `val_2`, ...: the class of `answers` first, the next four after it."""
    folder.mkdir()
    for number, answer in enumerate(answers, start=1):
        logits = np.zeros(classes, np.float32)
        logits[[(answer + rank) % classes for rank in range(5)]] = (5, 4, 3, 2, 1)
        (folder / dump_name(f"val_{number}", output, "txt")).write_text(text_line(logits))
    return folder


def write_labels(path: Path, labels: Sequence[int]) -> Path:
    """The label file of those images."""
    path.write_text("".join(f"val_{number}.JPEG {label}\n" for number, label in enumerate(labels, start=1)))
    return path
