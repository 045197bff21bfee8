"""Check that two animations or documents are edited copies of each other: all frames must be.

Takes the bytes of two files. Each frame of one is compared with the frame of the other that has its
number, just as two still pictures are. Needs OpenCV.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, Pixels, PixelSpec
from sokkuri.curation.duplicates.matching import compare
from sokkuri.curation.duplicates.matching.edits import FileView, can_be_edit
from sokkuri.curation.duplicates.matching.fingerprint import PREVIEW_SIDE
from sokkuri.curation.duplicates.matching.full_size import Size
from sokkuri.curation.duplicates.matching.keypoints import SimilarityTransform, find_keypoints
from sokkuri.curation.duplicates.matching.placement import find_place
from sokkuri.images.decode import decode_frames

MAX_EDITED_FRAMES = 40
"""Frames or pages that are compared; longer ones are no edited copies. A frame takes a third of a
second."""

_SIDE = 1280  # pixels of a frame's longer side
_LARGEST_SHIFT = 16.0  # pixels of a preview, by which the edits of two frames differ
_PLAIN = 12  # levels by which the pixels of an empty frame differ at most

Frame = NDArray[np.uint8]


def are_edited_frames(files: tuple[bytes, bytes], sizes: tuple[Size, Size], limits: Limits) -> bool:
    """Return whether each frame of one file can be the same edit of the frame of the other.

    Frames that are empty in both, such as blank pages, tell nothing; some frame must tell.
    sizes : of both upright pictures. Raises DecodeError.
    """
    before: tuple[Frame, Frame] | None = None
    transform: SimilarityTransform | None = None
    for one, other in _frames(files, sizes, limits):
        if one.note or other.note:  # cut short: its other frames are missing
            return False
        pair = one.rgb, other.rgb
        is_repeated = before is not None and all(map(np.array_equal, pair, before))
        before = pair
        if is_repeated or _are_empty(pair):
            continue
        found = _find_edit(pair, limits)
        if found is None or (transform is not None and not _are_equal(found, transform)):
            return False
        transform = transform or found
    return transform is not None


def _frames(
    files: tuple[bytes, bytes], sizes: tuple[Size, Size], limits: Limits
) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the frames of both files, side by side."""
    a, b = (
        decode_frames(file, _spec(*size), limits) for file, size in zip(files, sizes, strict=True)
    )
    return zip(a, b, strict=True)


def _spec(width: int, height: int) -> PixelSpec:
    scale = min(1.0, _SIDE / max(width, height))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    return PixelSpec(height, width, "bilinear", srgb=True)


def _are_empty(pair: tuple[Frame, Frame]) -> bool:
    """Return whether both frames are plain, and of one colour."""
    low = np.min([frame.min((0, 1)) for frame in pair], 0)
    high = np.max([frame.max((0, 1)) for frame in pair], 0)
    return bool((high.astype(int) - low <= _PLAIN).all())


def _find_edit(pair: tuple[Frame, Frame], limits: Limits) -> SimilarityTransform | None:
    """Return where one frame lies in the other; None if neither can be an edit of the other."""
    a, b = (FileView(_ppm(frame), limits) for frame in pair)
    points = find_keypoints(a.rgb), find_keypoints(b.rgb)
    match = compare(a, b, (lambda: points[0], lambda: points[1]))
    place = find_place(a, b, points)
    likely = match.grade in ("same", "edited")
    if place is None or not can_be_edit((a, b), place.refined, likely=likely):
        return None
    return place.refined


def _are_equal(one: SimilarityTransform, other: SimilarityTransform) -> bool:
    """Return whether two transforms of previews lead to nearly the same places."""
    side = float(PREVIEW_SIDE)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]).T
    shift = np.abs(one.matrix @ corners - other.matrix @ corners).max()
    return one.mirrored == other.mirrored and bool(shift <= _LARGEST_SHIFT)


def _ppm(frame: Frame) -> bytes:
    """Return a file of the pixels."""
    height, width = frame.shape[:2]
    return b"P6 %d %d 255\n" % (width, height) + frame.tobytes()
