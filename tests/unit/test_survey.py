"""What is found in a dataset, and how it is told."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from dinoq.cli.render.survey import survey_text, survey_values
from dinoq.jobs.fingerprint import fingerprint
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.classes import judged
from dinoq.workers.data.datasets import Dataset, open_dataset
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.survey import Survey, look, survey

DINO = RECIPES["dino"]
FACTS = {"format": "JPEG", "mode": "RGB", "misnamed": False, "orientation": 0, "reason": ""}


def odd(folder: Path) -> None:
    """One photo of each oddity, and a good one."""
    Image.new("RGB", (300, 260), (200, 10, 10)).save(folder / "good.jpg")
    Image.new("L", (60, 50), 90).save(folder / "grey.jpg")
    Image.new("CMYK", (300, 260)).save(folder / "cmyk.jpg")
    Image.new("RGBA", (40, 30)).save(folder / "png.png")
    (folder / "png.png").rename(folder / "png.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (300, 260)).save(folder / "turned.jpg", exif=turned)
    whole = (folder / "good.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "twin.jpg").write_bytes(whole)
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.jpg").touch()
    (folder / "gone.jpg").symlink_to("/nowhere.jpg")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    odd(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("good.jpg", {}),
        ("grey.jpg", {"mode": "L"}),
        ("cmyk.jpg", {"mode": "CMYK"}),
        ("png.jpg", {"mode": "RGBA", "format": "PNG", "misnamed": True}),
        ("turned.jpg", {"orientation": 6}),
        ("cut.jpg", {"reason": "it cannot be decoded: "}),
        ("text.jpg", {"mode": "", "format": "", "reason": "it is no picture"}),
        ("empty.jpg", {"mode": "", "format": "", "reason": "the file is empty"}),
        ("gone.jpg", {"mode": "", "format": "", "reason": "it cannot be read: "}),
    ],
)
def test_each_photo_is_told_for_what_it_is(photos: Path, name: str, facts: dict[str, object]) -> None:
    found = look(Folder(photos), name, DINO)
    expected = {**FACTS, **facts}
    reason = str(expected.pop("reason"))
    assert {key: getattr(found, key) for key in expected} == expected
    assert found.reason.startswith(reason) and bool(found.reason) == bool(reason)


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_an_upright_or_invalid_orientation_is_nothing_odd(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    assert look(Folder(tmp_path), "a.jpg", DINO).orientation == 0


def surveyed(photos: Path) -> tuple[Dataset, Survey, list[int]]:
    """With the class of each photo the length of its name's stem."""
    names = sorted(path.name for path in photos.iterdir())
    labels = photos.with_name("labels.txt")
    labels.write_text("".join(f"{name} {len(name) - 4}\n" for name in names))
    dataset = open_dataset(photos, labels)
    told: list[int] = []
    return dataset, survey(dataset.photos, dataset.manifest, DINO, threads=3, progress=told.append), told


def test_a_survey_counts_everything_and_names_what_is_odd(photos: Path) -> None:
    _, found, told = surveyed(photos)
    assert told == list(range(1, 11))
    assert (found.samples, found.formats, found.modes["RGB"]) == (10, {"JPEG": 6, "PNG": 1}, 4)
    assert [one.name for one in found.unreadable] == ["cut.jpg", "empty.jpg", "gone.jpg", "text.jpg"]
    assert [one.name for one in found.misnamed] == ["png.jpg"]
    assert [one.name for one in found.turned] == ["turned.jpg"]
    assert found.twins == (("good.jpg", "twin.jpg"),)
    assert found.per_class == {3: 2, 4: 6, 5: 1, 6: 1}
    assert found.smallest and found.largest
    assert (found.smallest.name, found.largest.size) == ("png.jpg", (300, 260))


def test_its_fingerprint_is_the_one_that_a_job_would_have(photos: Path) -> None:
    dataset, found, _ = surveyed(photos)
    sha256s = [
        bytes(32) if name == "gone.jpg" else hashlib.sha256((photos / name).read_bytes()).digest()
        for name in dataset.manifest.names
    ]
    assert found.fingerprint == fingerprint(b"".join(sha256s), dataset.manifest.labels)


def test_whoever_counts_may_stop_it(photos: Path) -> None:
    dataset, _, _ = surveyed(photos)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(dataset.photos, dataset.manifest, DINO, threads=2, progress=stop)


def test_the_text_begins_with_the_verdict_and_fits_the_terminal(photos: Path) -> None:
    dataset, found, _ = surveyed(photos)
    text = survey_text(dataset, judged(dataset), found)
    assert text.startswith("INCOMPLETE  4 of 10 photos cannot be evaluated\n")
    assert "Modes     RGB 4, CMYK 1, L 1, RGBA 1 · all are evaluated as RGB" in text
    assert "Classes   4, numbered 3 to 6 · 1 to 6 photos each" in text
    assert "turned  turned.jpg has EXIF orientation 6; not applied" in text
    assert "format  png.jpg is a PNG; it is read as what it is" in text
    assert "twins   good.jpg = twin.jpg, the same bytes" in text
    assert dataset.manifest.id in text and found.fingerprint in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_set_without_oddities_passes(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "c/a.jpg")
    dataset = open_dataset(tmp_path, None)
    found = survey(dataset.photos, dataset.manifest, DINO, threads=1, progress=lambda _: None)
    assert survey_text(dataset, judged(dataset), found).startswith("PASS  1 photo of 1 class can be evaluated\n")


def test_everything_is_in_the_json(photos: Path) -> None:
    dataset, found, _ = surveyed(photos)
    values = json.loads(json.dumps(survey_values(dataset, judged(dataset), found)))
    assert (values["samples"], values["classes"]["4"], values["manifest_id"]) == (10, 6, dataset.manifest.id)
    assert values["labels"]["style"] == "NAME INDEX, blank between"
    assert values["turned"] == [{"name": "turned.jpg", "orientation": 6}]
    assert {one["name"] for one in values["unreadable"]} == {"cut.jpg", "empty.jpg", "gone.jpg", "text.jpg"}
