"""A glance tells lookalikes apart, and no copies: edited ones are compared closely."""

from functools import cache, partial

import numpy as np
import pytest
from draw_images import draw
from PIL import Image, ImageEnhance, ImageOps

from sokkuri.curation.duplicates.matching import Match, compare
from sokkuri.curation.duplicates.matching.fingerprint import Preview
from sokkuri.curation.duplicates.matching.glance import Glance, halve, make_glance, surely_differ
from sokkuri.curation.duplicates.matching.keypoints import Keypoints

NOTHING_IN_COMMON = -14.0  # logit of two images as they lie


@cache
def drawn(seed: int) -> Image.Image:
    return Image.fromarray(draw(seed, 480, 360))


def seen(image: Image.Image) -> Preview:
    small = image.copy()
    small.thumbnail((256, 256))
    square = np.asarray(image.resize((64, 64)))
    return Preview(np.asarray(small), square, image.width, image.height)


def glance(image: Image.Image) -> Glance:
    return make_glance(halve(seen(image).rgb))


@cache
def drawn_glance(seed: int) -> Glance:
    return glance(drawn(seed))


def differ(a: Glance, b: Glance) -> bool:
    return surely_differ(a, b, NOTHING_IN_COMMON)


EDITED = {
    "cropped": drawn(1).crop((120, 60, 400, 300)),
    "a third": drawn(1).crop((150, 100, 430, 310)),
    "turned": drawn(1).rotate(20, expand=True),
    "upside down": drawn(1).rotate(180),
    "mirrored": ImageOps.mirror(drawn(1)),
    "framed": ImageOps.expand(drawn(1), 90, "white"),
    "pale": ImageEnhance.Contrast(drawn(1).crop((100, 50, 400, 300))).enhance(0.5),
}


@pytest.mark.parametrize("edit", EDITED)
def test_an_edited_copy_does_not_surely_differ(edit: str) -> None:
    edited = glance(EDITED[edit])
    assert not differ(drawn_glance(1), edited)
    assert not differ(edited, drawn_glance(1))


def test_most_other_pictures_surely_differ() -> None:
    others = [differ(drawn_glance(1), drawn_glance(seed)) for seed in range(2, 10)]
    assert others.count(True) >= 5


def test_pictures_with_few_keypoints_never_surely_differ() -> None:
    icon = Image.new("RGB", (200, 200), "white")
    icon.paste("black", (60, 60, 120, 140))
    few = glance(icon)
    assert not differ(few, drawn_glance(1))
    assert not differ(few, glance(Image.new("RGB", (200, 200), "grey")))
    assert not differ(glance(drawn(1).resize((8, 6))), drawn_glance(2))


def test_who_surely_differs_needs_no_keypoints() -> None:
    a, b = seen(drawn(1)), seen(drawn(3))
    glances = drawn_glance(1), drawn_glance(3)
    assert differ(*glances)

    def not_needed() -> Keypoints:
        raise AssertionError("the glance had settled it")

    keypoints = not_needed, not_needed
    found = compare(a, b, keypoints, partial(surely_differ, *glances))
    assert found == Match(None, 0.0)
