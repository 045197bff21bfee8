"""A small part of a large picture is found, because the picture is enlarged."""

from pathlib import Path

import pytest
from PIL import Image
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.matching.edits import FileView
from sokkuri.curation.duplicates.matching.enlarged import may_be_part
from sokkuri.curation.trash.safe_files import size_and_digest

PART = 560, 80, 760, 230


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A picture of 960 x 720, a part of it, and a part of another picture."""
    folder = tmp_path_factory.mktemp("parts")
    whole = Image.new("RGB", (960, 720))
    for number, seed in enumerate((3, 11, 14, 21)):
        whole.paste(picture(seed), (number % 2 * 480, number // 2 * 360))
    images = {
        "whole": whole, "part": whole.crop(PART), "half": whole.resize((480, 360)),
        "other": picture(30).crop((80, 80, 280, 230)),
    }  # fmt: skip
    for name, image in images.items():
        image.save(folder / f"{name}.jpg", quality=90)
    return {name: folder / f"{name}.jpg" for name in images}


def test_a_small_part_is_found_where_it_lies(files: dict[str, Path]) -> None:
    contents = {name: size_and_digest(file)[1] for name, file in files.items()}
    paths = {contents[name]: file for name, file in files.items()}
    pairs = [(contents["whole"], contents[name]) for name in ("part", "other")]
    with PairComparer(paths.__getitem__, workers=1) as comparer:
        assert [pair.best for pair in comparer.look_at_pairs(pairs)] == [None, None]
        comparer.looks_for_parts = True
        assert [pair.best for pair in comparer.look_at_pairs(pairs)] == ["edited", None]
        assert [pair.grade for pair in comparer.compare_pairs(pairs)] == ["edited", None]
        facts = dict(comparer.image_facts(paths))
        _, _, found = next(comparer.pair_facts(pairs[:1], facts))
    assert found is not None
    whole_first = contents["whole"] < contents["part"]
    share = found.shares[0 if whole_first else 1]
    assert share == pytest.approx(200 * 150 / (960 * 720), rel=0.1)


def test_only_a_much_smaller_image_may_be_a_small_part(files: dict[str, Path]) -> None:
    views = {name: FileView(file.read_bytes(), Limits()) for name, file in files.items()}
    assert may_be_part(views["whole"], views["part"])
    assert may_be_part(views["half"], views["whole"])
    assert not may_be_part(views["whole"], views["whole"])
    assert not may_be_part(views["part"], views["other"])
