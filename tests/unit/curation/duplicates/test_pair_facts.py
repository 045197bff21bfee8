"""How two copies lie in each other: a page on white paper has the levels of its copy."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.fingerprint import Preview, make_preview
from sokkuri.curation.duplicates.matching.keypoints import find_keypoints
from sokkuri.curation.duplicates.matching.placement import find_place
from sokkuri.curation.duplicates.pair_facts import measure_pair

pytest.importorskip("cv2", reason="needs the extra `duplicates`")


def page(seed: int) -> Image.Image:
    """Return white paper with a few dark lines, most of it empty."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (600, 848), "white")
    pen = ImageDraw.Draw(image)
    for y in range(60, 560, 24):
        start, length = int(rng.integers(40, 80)), int(rng.integers(40, 300))
        pen.text((start, y), "invoice 7 total 18.20 paid"[: length // 10], fill="black")
    return image


def preview(image: Image.Image) -> Preview:
    file = io.BytesIO()
    image.save(file, "PNG")
    return make_preview(file.getvalue(), Limits())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(3))
def test_a_smaller_copy_of_a_page_shows_nothing_foreign(seed: int) -> None:
    large = page(seed)
    a, b = preview(large), preview(large.resize((300, 424), Image.Resampling.BILINEAR))
    place = find_place(a, b, (find_keypoints(a.rgb), find_keypoints(b.rgb)))
    facts = measure_pair(a, b, place)
    assert facts is not None
    assert facts.foreign == (False, False)
