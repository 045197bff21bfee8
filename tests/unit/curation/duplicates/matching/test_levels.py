"""A photo and a brighter copy of it have equal levels after the darker one was made as bright."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ImageEnhance
from textured_images import picture

from sokkuri.curation.duplicates.matching.levels import equal_levels

ORIGINAL = np.asarray(picture(3))
EVERYWHERE = np.ones(ORIGINAL.shape[:2], bool)


def made_brighter(factor: float) -> NDArray[np.uint8]:
    return np.asarray(ImageEnhance.Brightness(picture(3)).enhance(factor))


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.5, 2.0])
def test_a_brighter_copy_has_equal_levels(factor: float) -> None:
    """Also where its colours are cut off at white."""
    copy = made_brighter(factor)
    for a, b in ((ORIGINAL, copy), (copy, ORIGINAL)):
        assert difference(*equal_levels(a, b, EVERYWHERE)) < 1.0


def test_what_differs_still_does() -> None:
    other = made_brighter(1.5).copy()
    other[100:140, 200:260] = 255 - other[100:140, 200:260]
    a, b = equal_levels(ORIGINAL, other, EVERYWHERE)
    assert difference(a[100:140, 200:260], b[100:140, 200:260]) > 30
    assert difference(a[:100], b[:100]) < 1.0


def test_one_colour_fits_no_gain() -> None:
    grey, dark = np.full_like(ORIGINAL, 120), np.full_like(ORIGINAL, 60)
    a, b = equal_levels(grey, dark, EVERYWHERE)
    assert np.array_equal(a, b)


def test_photos_that_hardly_overlap_stay_as_they_are() -> None:
    a, b = equal_levels(ORIGINAL, made_brighter(2.0), np.zeros(ORIGINAL.shape[:2], bool))
    assert np.array_equal(a, ORIGINAL)
    assert np.array_equal(b, made_brighter(2.0))
