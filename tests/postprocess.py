"""The published postprocessing of a dump, written anew from its description alone: what dinoq's own files must satisfy.

Every file of the folder is one image, whose name is the file's up to the last `_`; its first line are scores, with
blanks between; the label file has a line `NAME LABEL` per image, known by the name up to the first dot. The image counts
for k when its label is among the k highest scores. Shares are of the number of files, in percent, rounded to two
decimals, every value a string. Nothing of dinoq is used here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def postprocess(dump: Path, labels: Path) -> dict[str, object]:
    """The content of the result.json that the published script would write."""
    truth = dict(_label(line) for line in labels.read_text().splitlines())
    hits, classes, files = np.zeros(5), 0, sorted(dump.iterdir())
    for file in files:
        scores = _scores(file)
        classes = len(scores)
        label = truth[file.name[: file.name.rfind("_")]] + (1 if classes == 1001 else 0)
        ranked = np.argsort(-scores)
        hits += [label in ranked[:k] for k in range(1, 6)]
    pairs = [("Number of images", str(len(files))), ("Number of classes", str(classes))]
    pairs += [(f"Top{k} accuracy", f"{round(hits[k - 1] / len(files) * 100, 2)}%") for k in range(1, 6)]
    value = [{"key": key, "value": text} for key, text in pairs]
    return {"title": "Overall statistical evaluation", "value": value}


def top1_by_line(summary: Path, labels: Path, folder: Path) -> float:
    """The later script's Top-1: the first output of each entry of the summary, labels by line, whatever their names."""
    entries = json.loads(summary.read_text())["filesinfo"].values()
    truth = [_label(line)[1] for line in labels.read_text().splitlines()]
    right = [
        int(np.argmax(np.loadtxt(folder / entry["outfiles"][0]))) == label
        for entry, label in zip(entries, truth, strict=True)
    ]
    return float(np.mean(right))


def _label(line: str) -> tuple[str, int]:
    words = line.split(" ")
    return words[0].split(".")[0], int(words[1])


def _scores(file: Path) -> np.ndarray:
    if file.suffix == ".bin":
        return np.fromfile(file, np.float32)
    return np.array([float(word) for word in file.read_text().splitlines()[0].split(" ")])
