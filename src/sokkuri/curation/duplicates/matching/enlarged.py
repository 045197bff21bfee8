"""Compare an image with a much smaller one, which may be a small part of it.

Takes two views and returns a Match, or a Place. In a preview, a tenth of a picture is some 80
pixels wide and has hardly any keypoints. So the larger image is decoded at twice the size of its
preview, and more keypoints are found in it.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np

from sokkuri.core.types import PixelSpec
from sokkuri.curation.duplicates.matching import Match, compare
from sokkuri.curation.duplicates.matching.edits import LargeView, enlargement
from sokkuri.curation.duplicates.matching.fingerprint import PREVIEW_SIDE
from sokkuri.curation.duplicates.matching.keypoints import (
    Keypoints,
    SimilarityTransform,
    find_keypoints,
)
from sokkuri.curation.duplicates.matching.placement import Place, find_place

_LARGER = 1.8  # quotient of the longer sides
_MOST_KEYPOINTS = 1000
_CLEAR = 1.5  # Place.agreement


class Enlarged:
    """A view of an image at up to twice the size of its preview.

    found : its keypoints, if they are known. Raises ReadError and DecodeError.
    """

    def __init__(self, view: LargeView, found: Keypoints | None = None) -> None:
        self.square, self.width, self.height = view.square, view.width, view.height
        scale = min(1.0, 2 * PREVIEW_SIDE / max(view.width, view.height))
        height, width = (max(1, round(side * scale)) for side in (view.height, view.width))
        self.rgb = view.decode(PixelSpec(height, width, "bilinear", srgb=True))
        self._keypoints = found or find_keypoints(self.rgb, most=_MOST_KEYPOINTS)

    def keypoints(self) -> Keypoints:
        return self._keypoints


class PartView(LargeView, Protocol):
    """A LargeView with keypoints, which can be enlarged."""

    def keypoints(self) -> Keypoints: ...
    def enlarged(self) -> Enlarged: ...


def may_be_part(a: LargeView, b: LargeView) -> bool:
    """Return whether one image is so much smaller that it may be a small part of the other one."""
    smaller, larger = sorted(max(view.width, view.height) for view in (a, b))
    may_be = larger > PREVIEW_SIDE and larger >= _LARGER * smaller
    return may_be and not (a.is_transparent or b.is_transparent)


def compare_part(a: PartView, b: PartView) -> Match:
    """Compare two images, the larger one enlarged. Raises ReadError and DecodeError."""
    first, second = _enlarge_larger(a, b)
    return compare(first, second, (first.keypoints, second.keypoints))


def find_place_of_part(a: PartView, b: PartView) -> Place | None:
    """Return the place of `a` in `b`, as find_place does.

    A place that is not clear is looked for with the larger one enlarged, too. Raises ReadError and
    DecodeError.
    """
    place = find_place(a, b, (a.keypoints(), b.keypoints()))
    if not may_be_part(a, b) or (place is not None and place.agreement >= _CLEAR):
        return place
    part = _find_enlarged(a, b)
    if part is None or (place is not None and place.agreement >= part.agreement):
        return place
    return part


def _find_enlarged(a: PartView, b: PartView) -> Place | None:
    """Return the place in pixels of the previews, found with the larger one enlarged."""
    views = _enlarge_larger(a, b)
    place = find_place(*views, (views[0].keypoints(), views[1].keypoints()))
    if place is None:
        return None
    to_a, to_b = (
        enlargement(view.rgb.shape, large.rgb.shape)
        for view, large in zip((a, b), views, strict=True)
    )

    def in_previews(transform: SimilarityTransform) -> SimilarityTransform:
        matrix = np.linalg.inv(to_b) @ np.vstack([transform.matrix, [0, 0, 1]]) @ to_a
        return replace(transform, matrix=matrix[:2])

    return replace(place, start=in_previews(place.start), refined=in_previews(place.refined))


def _enlarge_larger(a: PartView, b: PartView) -> tuple[PartView | Enlarged, PartView | Enlarged]:
    if max(a.width, a.height) > max(b.width, b.height):
        return a.enlarged(), b
    return a, b.enlarged()
