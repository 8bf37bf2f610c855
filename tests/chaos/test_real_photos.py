"""kill -9 of everybody, each twice, while real weights look at some hundred real photos."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from dinoq.jobs.ledger import Kind
from tests.chaos.evaluation import TAKEN_UP_WITHIN_S, Evaluation, begun, ended, ledger, predictions
from tests.command import Shell
from tests.crew import at_work, attempts, item
from tests.processes import alive, descendants, eventually, kill_one

REPEATS = 10
SETS = {"stubs16": (16, 16, 16), "val20": (20, 14, 20), "odd45": (45, 41, 44)}
"""Photos, and how many of them an independent loop gets right, Top-1 and Top-5."""
VICTIMS = (
    *(("worker prep", Kind.PREPROCESS),) * 2,
    *(("valkey-server", Kind.INFER), ("child.py", Kind.INFER), ("worker device", Kind.INFER)) * 2,
)


@pytest.fixture
def photos(shared_data: Path, tmp_path: Path) -> Evaluation:
    """Every real photo under ten names."""
    images, lines = tmp_path / "images", []
    images.mkdir()
    for repeat in range(REPEATS):
        for name in SETS:
            for line in (shared_data / name / "labels.txt").read_text().splitlines():
                photo, label = line.rsplit(maxsplit=1)
                alias = f"{repeat}_{name}_{photo}"
                (images / alias).symlink_to(shared_data / name / "images" / photo)
                lines.append(f"{alias} {label}\n")
    (tmp_path / "labels.txt").write_text("".join(lines))
    samples, top1, top5 = (REPEATS * sum(counts) for counts in zip(*SETS.values(), strict=True))
    flags = ("--batches", "16", "--recipe", "efficientnet-lite")
    return Evaluation(shared_data / "lite0.onnx", images, tmp_path / "labels.txt", flags, samples, top1, top5)


def test_whoever_is_killed_every_photo_counts_once(shell: Shell, photos: Evaluation) -> None:
    job = photos.submit(shell)
    db = ledger(shell)
    up = shell.start("up")
    for victim, kind in VICTIMS:
        eventually(partial(at_work, db, job, kind, "running"), f"{kind} for {victim}")
        before = begun(db, job)
        kill_one(up.pid, victim)
        eventually(lambda: begun(db, job) > before, "work after the kill", TAKEN_UP_WITHIN_S)  # noqa: B023
    outcomes = [one.outcome for one in attempts(db, item(db, job, Kind.PREPROCESS).id)]
    assert outcomes == ["lost", "lost", "done"]  # both times it was at work, not idle
    left = descendants(up.pid)
    up.kill()
    up.communicate()
    assert not ended(db, job)
    eventually(lambda: not any(alive(pid) for pid in left), "no process left behind")
    shell.start("up")
    eventually(lambda: ended(db, job), "the end")
    photos.check(shell, job)
    calm = photos.submit(shell)
    eventually(lambda: ended(db, calm), "the undisturbed run")
    photos.check(shell, calm)
    assert predictions(db, job) == predictions(db, calm)
    db.close()
