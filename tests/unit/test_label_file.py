"""Label files in every style that tools write, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoq.jobs.errors import BadLabels
from dinoq.workers.data.label_file import read_label_file
from dinoq.workers.data.labels import Labels, join

WNIDS = [f"n{no:08}" for no in range(1000)]


def labels(tmp_path: Path, text: str) -> Labels:
    (tmp_path / "labels.txt").write_text(text)
    return read_label_file(tmp_path / "labels.txt")


@pytest.mark.parametrize(
    ("line", "name", "style"),
    [
        ("a.JPEG 65", "a.JPEG", "NAME INDEX, blank between"),
        ("a.JPEG\t65", "a.JPEG", "NAME INDEX, tab between"),
        ("a.JPEG,65", "a.JPEG", "NAME INDEX, comma between"),
        ("a.JPEG, 65", "a.JPEG", "NAME INDEX, comma between"),
        ("val/n01/a.JPEG 65", "val/n01/a.JPEG", "NAME INDEX, blank between; names with folders"),
        ("./data/a.JPEG, 65", "data/a.JPEG", "NAME INDEX, comma between; names with folders"),
        ("val.zip@/a.JPEG 65", "a.JPEG", "NAME INDEX, blank between; names as in an archive (@/)"),
        ("potter's wheel 1.jpg 65", "potter's wheel 1.jpg", "NAME INDEX, blank between"),
    ],
)
def test_every_seen_style_is_read_and_named(tmp_path: Path, line: str, name: str, style: str) -> None:
    found = labels(tmp_path, f"{line}\n\n")
    assert (found.classes, found.style) == ({name: 65}, style)


def test_wordnet_ids_are_their_places_among_the_sorted_ones(tmp_path: Path) -> None:
    found = labels(tmp_path, "".join(f"{999 - no}.jpg {wnid}\n" for no, wnid in enumerate(WNIDS)))
    assert (found.classes["999.jpg"], found.classes["0.jpg"], found.by_wordnet) == (0, 999, True)


def test_some_wordnet_ids_do_not_say_which_places_they_are(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="3 different WordNet ids"):
        labels(tmp_path, "".join(f"{no}.jpg {wnid}\n" for no, wnid in enumerate(WNIDS[:3])))


def test_a_column_of_wordnet_ids_is_of_the_validation_photos_in_turn(tmp_path: Path) -> None:
    found = labels(tmp_path, "".join(f"{WNIDS[-no % 1000]}\n" for no in range(50_000)))
    assert found.classes["ILSVRC2012_val_00000002.JPEG"] == 999
    assert (len(found.classes), found.whole) == (50_000, True)


def test_a_column_of_wordnet_ids_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="a column of 1000 WordNet ids without names; expected 50000"):
        labels(tmp_path, "\n".join(WNIDS))


def test_a_column_of_numbers_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match=r"line 1 is '490'; expected NAME INDEX.*meta\.mat") as caught:
        labels(tmp_path, "490\n361\n171\n")
    assert "ILSVRC2012_devkit_t12.tar.gz" in caught.value.hint


def test_one_photo_twice_is_refused_also_when_written_otherwise(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match=r"line 2 names \./a\.jpg twice \(1 on line 1, now 2\)"):
        labels(tmp_path, "a.jpg 1\n./a.jpg 2\n")


ROOT = Path("/photos")


def joined(names: list[str], **classes: int) -> list[tuple[str, int]]:
    made = {name.replace("__", "/").replace("_dot_", "."): label for name, label in classes.items()}
    return join(names, Labels(path=Path("l.txt"), classes=made, style=""), ROOT)


def test_labels_join_by_name_and_never_by_position() -> None:
    assert joined(["a.jpg", "b.jpg"], b_dot_jpg=7, a_dot_jpg=3) == [("a.jpg", 3), ("b.jpg", 7)]


def test_folders_may_lead_to_a_photo_on_either_side() -> None:
    assert joined(["x/a.jpg"], a_dot_jpg=3) == [("x/a.jpg", 3)]
    assert joined(["a.jpg"], val__n01__a_dot_jpg=3) == [("a.jpg", 3)]


def test_a_suffix_may_be_missing_or_another() -> None:
    assert joined(["a.png", "b.JPEG"], a_dot_JPEG=3, b=4) == [("a.png", 3), ("b.JPEG", 4)]


def test_the_same_file_name_in_two_folders_joins_nothing() -> None:
    with pytest.raises(BadLabels, match=r"no line for y/a\.jpg"):
        joined(["x/a.jpg", "y/a.jpg"], x__a_dot_jpg=3, a_dot_jpg=4)


def test_a_label_without_photo_is_refused() -> None:
    with pytest.raises(BadLabels, match=r"names b\.jpg, not found under /photos"):
        joined(["a.jpg"], a_dot_jpg=3, b_dot_jpg=4)
