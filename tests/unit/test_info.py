"""The `.info` list, the label file, and what the tools call a photo."""

import pytest

from dinoq.jobs.errors import BadDataset
from dinoq.jobs.formats.info import distinct_keys, info_text, label_text


def test_a_line_has_index_path_width_and_height() -> None:
    assert info_text(["./prep/a.bin", "./prep/b.bin"], 224) == "0 ./prep/a.bin 224 224\n1 ./prep/b.bin 224 224\n"


def test_a_photo_is_labelled_by_its_file_name_alone() -> None:
    assert label_text(["n01440764/a.JPEG", "b.JPEG"], [0, 65]) == "a.JPEG 0\nb.JPEG 65\n"


def test_a_photo_is_called_by_its_name_up_to_the_first_dot() -> None:
    assert distinct_keys(["x/ILSVRC2012_val_00000001.JPEG", "b.tar.png", "c_1.jpg"]) == [
        "ILSVRC2012_val_00000001",
        "b",
        "c_1",
    ]


@pytest.mark.parametrize("pair", [("cats/1.jpg", "dogs/1.jpg"), ("a.jpg", "a.png"), ("a.1.jpg", "a.2.jpg")])
def test_two_photos_that_would_be_called_alike_are_both_named(pair: tuple[str, str]) -> None:
    with pytest.raises(BadDataset, match=f"{pair[0]} and {pair[1]} would both be called"):
        distinct_keys(["z.jpg", *pair])


@pytest.mark.parametrize("name", ["a b.jpg", "a.b c.jpg", "folder/a\tb.jpg"])
def test_a_name_that_the_tools_would_split_is_refused(name: str) -> None:
    with pytest.raises(BadDataset, match="split their lists at blanks"):
        distinct_keys([name])


def test_a_folder_may_have_blanks() -> None:
    assert distinct_keys(["my photos/a.jpg"]) == ["a"]
