"""The drawn dataset has the right answers that it claims, known without dinoq's own arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from PIL import Image

from dinoq.jobs.errors import UsageError
from dinoq.workers.models.codebook import Codebook, write_codebook

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Codebook:
    """A small one."""
    return write_codebook(tmp_path_factory.mktemp("book"), samples=16, top1=9, top5=13)


def labels(book: Codebook) -> dict[str, int]:
    """The label file, as a reader of its own."""
    return {name: int(label) for name, label in (line.split() for line in book.labels.read_text().splitlines())}


def prepared(path: Path) -> NDArray[np.float32]:
    """The recipe in its own words: shorter side to 256, bicubic; centre 224; mean and deviation. [3, 224, 224]"""
    with Image.open(path) as photo:
        scale = 256 / min(photo.size)
        image = photo.resize((int(photo.width * scale), int(photo.height * scale)), Image.Resampling.BICUBIC)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float64) / 255
    return np.asarray(((pixels - MEAN) / STD).transpose(2, 0, 1), np.float32)


def test_a_plain_evaluation_counts_what_the_drawing_says(book: Codebook) -> None:
    evaluator = ReferenceEvaluator(onnx.load(str(book.model)))
    wanted = labels(book)
    (logits,) = evaluator.run(None, {"input": np.stack([prepared(book.images / name) for name in wanted])})
    ranks = [list(np.argsort(-row)).index(label) for row, label in zip(logits, wanted.values(), strict=True)]
    assert (sum(rank == 0 for rank in ranks), sum(rank < 5 for rank in ranks)) == (book.top1, book.top5) == (9, 13)


def test_there_is_one_label_per_picture(book: Codebook) -> None:
    wanted = labels(book)
    assert sorted(wanted) == sorted(path.name for path in book.images.iterdir())
    assert len(wanted) == book.samples == 16
    assert all(0 <= label < 1000 for label in wanted.values())


def test_pictures_are_of_several_shapes_so_that_resize_and_crop_have_work(book: Codebook) -> None:
    sizes = set()
    for path in book.images.iterdir():
        with Image.open(path) as image:
            sizes.add(image.size)
    assert sizes == {(320, 256), (256, 340), (640, 512), (256, 256)}


def test_the_same_arguments_draw_the_same_bytes(book: Codebook, tmp_path: Path) -> None:
    again = write_codebook(tmp_path, samples=16, top1=9, top5=13)
    for one, other in ((book.model, again.model), (book.labels, again.labels)):
        assert one.read_bytes() == other.read_bytes()
    assert (book.images / "0007.JPEG").read_bytes() == (again.images / "0007.JPEG").read_bytes()


def test_another_seed_draws_another_dataset(book: Codebook, tmp_path: Path) -> None:
    assert write_codebook(tmp_path, samples=4, top1=1, top5=2, seed=1).model.read_bytes() != book.model.read_bytes()


def test_a_folder_with_other_pictures_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/holiday.jpg").touch()
    with pytest.raises(UsageError, match=r"holds 'holiday\.jpg' already"):
        write_codebook(tmp_path, samples=4, top1=1, top5=2)
    assert not (tmp_path / "codebook.onnx").exists()


@pytest.mark.parametrize("counts", [(4, 3, 2), (4, 1, 5), (1001, 1, 1), (4, -1, 2)])
def test_counts_that_cannot_be_are_refused(tmp_path: Path, counts: tuple[int, int, int]) -> None:
    samples, top1, top5 = counts
    with pytest.raises(ValueError, match="expected 0 <= top1 <= top5 <= samples <= 1000"):
        write_codebook(tmp_path, samples=samples, top1=top1, top5=top5)
