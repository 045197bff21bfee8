"""The kinds of edit: each edit is named, and no other."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageOps
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.edit_kinds import KINDS, kinds_of_edit
from sokkuri.curation.duplicates.image_facts import read_image_facts
from sokkuri.curation.duplicates.matching.fingerprint import make_preview
from sokkuri.curation.duplicates.matching.keypoints import find_keypoints
from sokkuri.curation.duplicates.matching.placement import find_place
from sokkuri.curation.duplicates.pair_facts import measure_pair

ORIGINAL = picture()


def covered() -> Image.Image:
    image = ORIGINAL.copy()
    ImageDraw.Draw(image).text((30, 150), "sample text", "white", font_size=48)
    return image


def saved(image: Image.Image, path: Path, **options: Any) -> bytes:
    image.save(path, **options)
    return path.read_bytes()


def kinds(first: bytes, second: bytes) -> tuple[str, ...]:
    views = [make_preview(data, Limits()) for data in (first, second)]
    keypoints = [find_keypoints(view.rgb) for view in views]
    facts = [read_image_facts(data, Limits()) for data in (first, second)]
    place = find_place(views[0], views[1], (keypoints[0], keypoints[1]))
    pair = measure_pair(views[0], views[1], place)
    assert pair is not None
    return kinds_of_edit(facts[0], facts[1], pair)


EDITS = {
    "saved again": (ORIGINAL, ["re-encoded"]),
    "half the size": (ORIGINAL.resize((240, 180)), ["resized", "re-encoded"]),
    "crop": (ORIGINAL.crop((60, 40, 460, 340)), ["cropped", "re-encoded"]),
    "mirrored": (ImageOps.mirror(ORIGINAL), ["mirrored", "re-encoded"]),
    "quarter turn": (ORIGINAL.rotate(90, expand=True), ["rotated", "re-encoded"]),
    "grey": (ORIGINAL.convert("L").convert("RGB"), ["recoloured", "re-encoded"]),
    "brighter": (ORIGINAL.point(lambda level: 0.8 * level + 50), ["recoloured", "re-encoded"]),
    "text": (covered(), ["covered", "re-encoded"]),
    "frame": (ImageOps.expand(ORIGINAL, 40, "white"), ["framed", "re-encoded"]),
    "squashed": (ORIGINAL.resize((360, 360)), ["squashed", "re-encoded"]),
    "stretched": (ORIGINAL.resize((960, 540)), ["squashed", "resized", "re-encoded"]),
    "grey crop": (
        ORIGINAL.crop((60, 40, 460, 340)).convert("L"), ["cropped", "recoloured", "re-encoded"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_is_named_either_way(name: str, tmp_path: Path) -> None:
    edited, expected = EDITS[name]
    first = saved(ORIGINAL, tmp_path / "a.png")
    second = saved(edited, tmp_path / "b.jpg", quality=90)
    assert list(kinds(first, second)) == expected
    assert list(kinds(second, first)) == expected
    assert set(expected) <= set(KINDS)


def test_other_metadata_are_no_edit(tmp_path: Path) -> None:
    first = saved(ORIGINAL, tmp_path / "a.jpg", quality=90)
    second = saved(ORIGINAL, tmp_path / "b.jpg", quality=90, comment=b"another")
    assert first != second
    assert kinds(first, second) == ()


def test_what_lies_in_what_may_be_unknown(tmp_path: Path) -> None:
    of = read_image_facts(saved(ORIGINAL, tmp_path / "a.png"), Limits())
    grey = read_image_facts(saved(ORIGINAL.convert("L"), tmp_path / "b.jpg"), Limits())
    assert kinds_of_edit(of, grey, None) == ("recoloured", "re-encoded")
    assert kinds_of_edit(of, of, None) == ()
