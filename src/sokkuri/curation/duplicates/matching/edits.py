"""Check that two supposed copies show the same content, at a size at which a person would see it.

Takes the bytes of two files with their previews and keypoints, and returns whether one can be an
edit of the other. The files are aligned closely first. Then a photo may differ by what an edit
adds to one side, and a drawing, a text or a screen by nothing but its outer parts and its colours.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.matching.block_agreement import measure_agreement
from sokkuri.curation.duplicates.matching.content import measure_content
from sokkuri.curation.duplicates.matching.fingerprint import PREVIEW_SIDE, ImageView, luma
from sokkuri.curation.duplicates.matching.full_size import MAX_SIDE
from sokkuri.curation.duplicates.matching.keypoints import (
    Alignment,
    Keypoints,
    SimilarityTransform,
    align,
    estimate_similarity,
    opencv,
)
from sokkuri.curation.duplicates.matching.verification import measure_difference
from sokkuri.images.convert import BLACK, WHITE
from sokkuri.images.decode import decode, read_layers

_PHOTO_SIDE, _FILE_SIDE = 640, 1280  # pixels: of the frame for photos, and of the decoded files
_CLOSE = 1.87  # median correlation and share of correlating blocks, together
_PROMISING = 0.8  # the same, of squares that are worth a closer look
_MOST_DIFFERENT = 30  # levels; more is an edit
_LEAST_OVERLAP = 400  # pixels
_MIN_INLIERS = 3
_UNSCALED = 1.02  # a scale below it is an error of the estimate
_MARGIN = 8  # pixels at the edge of the overlap that are not verified
_CELLS = 16  # sides of what is verified are multiples of it

Rgb = NDArray[np.uint8]
Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """An ImageView of a file that was decoded larger than its preview."""

    rgb: Rgb
    square: Rgb
    width: int
    height: int


def can_be_edit(
    files: tuple[bytes, bytes],
    views: tuple[ImageView, ImageView],
    keypoints: tuple[Keypoints, Keypoints],
    limits: Limits,
    *,
    likely: bool,
) -> bool:
    """Return whether one file can be an edit of the other. Needs OpenCV. Raises DecodeError.

    views, keypoints : of the previews of both files. likely : whether the previews speak for it;
    otherwise only a drawing can be one, which is verified cell by cell.
    """
    transform = find_transform(*views, keypoints)
    if transform is None:
        return False
    seen = False
    for ground in (WHITE, BLACK) if any(read_layers(file)[1] for file in files) else (WHITE,):
        spec = PixelSpec(1, 1, "bilinear", ground=ground, srgb=True)
        found = _align_files(files, views, transform, (_FILE_SIDE, _PHOTO_SIDE), spec, limits)
        if found is None:
            return False
        content = measure_content(found.over, found.under, found.inside)
        if content.content == 0:  # white marks on a white ground
            continue
        seen = True
        if not content.agrees or not (likely or content.is_drawing):
            return False
        if content.is_drawing and not _is_verified(files, views, transform, spec, limits):
            return False
    return seen


def _is_verified(
    files: tuple[bytes, bytes],
    views: tuple[ImageView, ImageView],
    transform: SimilarityTransform,
    spec: PixelSpec,
    limits: Limits,
) -> bool:
    """Return whether no cell differs at up to full size. spec : how to decode, but for the size."""
    found = _align_files(files, views, transform, (MAX_SIDE, MAX_SIDE), spec, limits)
    parts = None if found is None else _overlap(found)
    return parts is not None and measure_difference(*parts).agrees_but_for_colours


def find_shift(a: ImageView, b: ImageView) -> SimilarityTransform | None:
    """Return where one picture lies in another one if no pixel was resized, as in a crop.

    Repeated details, such as letters, have no keypoints that tell them apart. None if the previews
    do not agree nearly everywhere. Needs OpenCV.
    """
    cv2 = opencv()
    scale = (b.rgb.shape[1] / b.width) / (a.rgb.shape[1] / a.width)
    height, width = a.rgb.shape[:2]
    small = cv2.resize(a.rgb, (max(2, round(width * scale)), max(2, round(height * scale))))
    size = np.maximum(small.shape[:2], b.rgb.shape[:2])
    planes = [np.zeros(size, np.float32) for _ in range(2)]
    for plane, rgb in zip(planes, (small, b.rgb), strict=True):
        plane[: rgb.shape[0], : rgb.shape[1]] = luma(rgb) - np.median(luma(rgb))
    shift, _ = cv2.phaseCorrelate(*planes)
    start = np.array([(scale - 1) / 2, (scale - 1) / 2]) + shift
    matrix = np.array([[scale, 0, start[0]], [0, scale, start[1]]])
    transform = SimilarityTransform(matrix, False, 0, 0)
    found = align(a, b, transform, PREVIEW_SIDE)
    if found is None:
        return None
    agreement = measure_agreement(found.over, found.under, found.inside)
    return transform if agreement.median + agreement.agreeing >= _CLOSE else None


def find_transform(
    a: ImageView, b: ImageView, keypoints: tuple[Keypoints, Keypoints]
) -> SimilarityTransform | None:
    """Return where `a` lies in `b`, refined: by keypoints, or the whole upon the whole."""
    tried = []
    for start in _starts(a, b, keypoints):
        rough = align(a, b, start, PREVIEW_SIDE)
        best = None if rough is None else _refine(rough)
        if best is not None:
            found = measure_agreement(best.over, best.under, best.inside)
            tried.append((found.median + found.agreeing, best, start))
    if not tried:
        return None
    _, best, start = max(tried, key=lambda one: one[0])
    return replace(start, matrix=best.whole_matrix()[:2])


def _starts(
    a: ImageView, b: ImageView, keypoints: tuple[Keypoints, Keypoints]
) -> Iterator[SimilarityTransform]:
    """Yield transforms to try: by keypoints, by a shift, and the whole upon the whole."""
    found = estimate_similarity(*keypoints)
    by_keypoints = found is not None and found.inliers >= _MIN_INLIERS
    if found is not None and by_keypoints:
        yield found
    shift = find_shift(a, b)
    if shift is not None:
        yield shift
    x, y = b.rgb.shape[1] / a.rgb.shape[1], b.rgb.shape[0] / a.rgb.shape[0]
    stretch = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]])
    for mirrored in (False, True):
        square = np.ascontiguousarray(b.square[:, ::-1]) if mirrored else b.square
        agreement = measure_agreement(a.square, square)
        if not by_keypoints or agreement.median + agreement.agreeing >= _PROMISING:
            yield SimilarityTransform(stretch, mirrored, 0, 0)


def _refine(rough: Alignment) -> Alignment | None:
    """Return the best of an alignment and its refinements; None if they hardly overlap."""
    fine = rough.refine()
    tried = [one for one in (rough, fine, fine.in_whole_pixels()) if _is_large(one.inside)]
    return min(tried, key=_mean_difference) if tried else None


def _is_large(inside: NDArray[np.bool_]) -> bool:
    return bool(np.count_nonzero(inside) >= _LEAST_OVERLAP)


def _mean_difference(alignment: Alignment) -> float:
    """Return the mean difference of the pixels, in levels; what was edited counts little."""
    difference = opencv().absdiff(alignment.over, alignment.under)[alignment.inside]
    return float(np.minimum(difference, _MOST_DIFFERENT).mean())


def _align_files(
    files: tuple[bytes, bytes],
    views: tuple[ImageView, ImageView],
    transform: SimilarityTransform,
    sides: tuple[int, int],
    spec: PixelSpec,
    limits: Limits,
) -> Alignment | None:
    """Decode both files and align them closely.

    sides : pixels of the files' and of the frame's longer sides, at most.
    """
    a, b = (
        _decode(file, view, sides[0], spec, limits) for file, view in zip(files, views, strict=True)
    )
    to_a, to_b = (
        _enlargement(view.rgb, large.rgb) for view, large in zip(views, (a, b), strict=True)
    )
    matrix = to_b @ np.vstack([transform.matrix, [0, 0, 1]]) @ np.linalg.inv(to_a)
    transform = replace(transform, matrix=matrix[:2])
    found = align(a, b, transform, _frame_side(a.rgb, b.rgb, matrix, sides[1]))
    return None if found is None else _refine(found)


def _decode(file: bytes, view: ImageView, side: int, spec: PixelSpec, limits: Limits) -> _Picture:
    scale = min(1.0, side / max(view.width, view.height))
    height, width = (max(1, round(length * scale)) for length in (view.height, view.width))
    spec = replace(spec, height=height, width=width)
    return _Picture(decode(file, spec, limits).rgb, view.square, view.width, view.height)


def _enlargement(small: Rgb, large: Rgb) -> Affine:
    """Return the (3, 3) matrix from positions in a preview to positions in the larger picture."""
    x, y = large.shape[1] / small.shape[1], large.shape[0] / small.shape[0]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _frame_side(a: Rgb, b: Rgb, matrix: Affine, side: int) -> int:
    """Return the frame's longer side, in which neither picture is enlarged."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    under, step = b, scale
    if a.shape[0] * a.shape[1] * scale**2 < b.shape[0] * b.shape[1]:
        under, step = a, 1 / scale
    longer: int = max(under.shape[:2])
    return max(2, min(side, longer, round(longer / step) if step > _UNSCALED else longer))


def _overlap(found: Alignment) -> tuple[Rgb, Rgb] | None:
    """Return the rectangle in which both pictures are; None if they are turned or it is small."""
    rows, columns = (np.flatnonzero(found.inside.mean(axis) > 0.9) for axis in (1, 0))
    if min(len(rows), len(columns)) < 2 * _MARGIN + _CELLS:
        return None
    top, left = rows[0] + _MARGIN, columns[0] + _MARGIN
    height = (rows[-1] - _MARGIN - top) // _CELLS * _CELLS
    width = (columns[-1] - _MARGIN - left) // _CELLS * _CELLS
    part = np.s_[top : top + height, left : left + width]
    return (found.over[part], found.under[part]) if found.inside[part].all() else None
