"""One picture is found in another, whichever way it lies there."""

import io

import numpy as np
import pytest
from PIL import Image
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching.fingerprint import Preview, make_preview
from sokkuri.curation.duplicates.matching.keypoints import Keypoints, find_keypoints
from sokkuri.curation.duplicates.matching.placement import Place, find_place
from sokkuri.curation.duplicates.orientation import ORIENTATIONS, Orientation

NO_KEYPOINTS = Keypoints(
    np.empty((0, 2), np.float32), np.empty((0, 64), np.uint8), np.empty((0, 64), np.int8),
    np.empty(0, np.float32), 256,
)  # fmt: skip
WHOLE = picture(3).resize((256, 192))


def preview(image: Image.Image) -> Preview:
    out = io.BytesIO()
    image.save(out, "PNG")
    return make_preview(out.getvalue(), Limits())


def place_of(a: Image.Image, b: Image.Image, *, by_keypoints: bool = True) -> Place | None:
    one, other = preview(a), preview(b)
    points = [find_keypoints(view.rgb) if by_keypoints else NO_KEYPOINTS for view in (one, other)]
    return find_place(one, other, (points[0], points[1]))


@pytest.mark.parametrize("turn", ORIENTATIONS)
def test_a_whole_picture_is_found_in_each_orientation_without_keypoints(turn: Orientation) -> None:
    turned = Image.fromarray(np.ascontiguousarray(turn.apply(np.asarray(WHOLE))))
    place = place_of(WHOLE, turned, by_keypoints=False)
    assert place is not None
    assert place.agreement > 1.9
    assert place.start.mirrored == turn.mirrored
    corner = place.refined.matrix @ (0, 0, 1)
    right, bottom = turn.corner
    width, height = turned.size
    x = width - 1 - corner[0] if turn.mirrored else corner[0]
    assert (x, corner[1]) == pytest.approx(((width - 1) * right, (height - 1) * bottom), abs=1.0)


def test_a_part_is_found_by_keypoints_to_parts_of_a_pixel() -> None:
    part = WHOLE.crop((40, 30, 240, 180))
    place = place_of(part, WHOLE)
    assert place is not None
    assert place.start.inliers > 0
    assert place.refined.matrix @ (0, 0, 1) == pytest.approx((40, 30), abs=0.3)


def test_other_pictures_agree_nowhere() -> None:
    place = place_of(WHOLE, picture(8).resize((256, 192)))
    assert place is None or place.agreement < 1.5
