"""Check that two supposed copies show the same content, at a size at which a person would see it.

Takes large views of two files and returns whether one can be an edit of the other. The files are
aligned closely first. Then a photo may differ by what an edit adds to one side, and a drawing, a
text or a screen by nothing but its outer parts and its colours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.matching.content import (
    ContentAgreement,
    measure_as_sharp,
    measure_content,
)
from sokkuri.curation.duplicates.matching.cover import is_cover
from sokkuri.curation.duplicates.matching.fingerprint import ImageView, make_preview
from sokkuri.curation.duplicates.matching.full_size import MAX_SIDE
from sokkuri.curation.duplicates.matching.keypoints import (
    Alignment,
    SimilarityTransform,
    align,
    opencv,
)
from sokkuri.curation.duplicates.matching.levels import equal_levels
from sokkuri.curation.duplicates.matching.mosaic import is_mosaic
from sokkuri.curation.duplicates.matching.noise import Shots, compare_noise
from sokkuri.curation.duplicates.matching.outlines import measure_outlines
from sokkuri.curation.duplicates.matching.placement import closest, refine
from sokkuri.curation.duplicates.matching.recolouring import (
    equal_colours,
    share_recoloured,
)
from sokkuri.curation.duplicates.matching.simple_edits import is_simple_edit
from sokkuri.curation.duplicates.matching.translucent import without_text
from sokkuri.curation.duplicates.matching.verification import measure_difference
from sokkuri.images.convert import BLACK, WHITE
from sokkuri.images.decode import decode

_PHOTO_SIDE, _FILE_SIDE = 512, 1024  # pixels: of the frame for photos, and of the decoded files
_UNSCALED = 1.02  # a scale below it is an error of the estimate
_MARGIN = 8  # pixels at the edge of the overlap that are not verified
_MAX_CELL_DIFFERENCE, _MAX_COARSE_DIFFERENCE = 6.0, 7.0
"""How much a cell of a copy may differ, and of a coarse copy, in tolerances. Copies had up to 4.3
and 6.8, other shots 7.8 and more."""

_COARSE = 1.0  # loss
_FEW_BLOCKS = 20  # with edges that the other photo lacks, on either side, once both are as soft
_MAX_COLOUR_DIFFERENCE = 2.2  # of a cell, in tolerances, as in copies that are the same
_MAX_RECOLOURED = 0.1  # share of the blocks; copies had up to 0.02, things in other colours 0.17
_OTHER_LEVELS = 6.0  # levels of the mean difference from which on two photos have other levels
_ONE_SHOT = ("surely one", "one")
_CELLS = 16  # sides of what is verified are multiples of it

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Affine = NDArray[np.float64]


class LargeView(ImageView, Protocol):
    """An ImageView that can also show its file larger."""

    @property
    def is_transparent(self) -> bool: ...

    def decode(self, spec: PixelSpec) -> Rgb:
        """Return the file's pixels. Raises DecodeError."""


class FileView:
    """A LargeView of the bytes of a file. Raises DecodeError."""

    def __init__(self, file: bytes, limits: Limits) -> None:
        preview = make_preview(file, limits)
        self.rgb, self.square = preview.rgb, preview.square
        self.width, self.height = preview.width, preview.height
        self.is_transparent = preview.is_transparent
        self._file, self._limits = file, limits

    def decode(self, spec: PixelSpec) -> Rgb:
        return decode(self._file, spec, self._limits).rgb


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """An ImageView of a file that was decoded larger than its preview."""

    rgb: Rgb
    square: Rgb
    width: int
    height: int


def can_be_edit(
    views: tuple[LargeView, LargeView], transform: SimilarityTransform, *, likely: bool
) -> bool:
    """Return whether one file can be an edit of the other. Needs OpenCV. Raises DecodeError.

    transform : where the first preview lies in the second one. likely : whether the previews speak
    for it; otherwise only a drawing can be one, which is verified cell by cell.
    """
    seen = False
    for ground in (WHITE, BLACK) if any(view.is_transparent for view in views) else (WHITE,):
        spec = PixelSpec(1, 1, "bilinear", ground=ground, srgb=True)
        content = _measure(views, transform, spec)
        if content is None:
            return False
        if content.content == 0:  # white marks on a white ground
            continue
        seen = True
        if not content.agrees or not (likely or content.is_drawing):
            return False
        if content.is_drawing and not _is_verified(views, transform, spec):
            return False
    return seen


def _measure(
    views: tuple[LargeView, LargeView], transform: SimilarityTransform, spec: PixelSpec
) -> ContentAgreement | None:
    """Return how far the content agrees; None if the pictures hardly overlap or are other shots.

    If they do not agree, photos of one shot may do so in equal levels: noise grows with brightness.
    """
    rough = _align_files(views, transform, (_FILE_SIDE, _PHOTO_SIDE), spec)
    if rough is None:
        return None
    content = _measure_tries(_tries(rough))
    if content is not None and content.agrees:
        return content
    levelled = _in_equal_levels(rough)
    return content if levelled is None else _measure_tries([levelled])


def _measure_tries(tries: Iterable[Alignment]) -> ContentAgreement | None:
    """Return how far the content agrees at the first alignment at which it does.

    None if the pictures are other shots. The pictures are refined at the larger size only if they
    do not agree without it: it takes long, and a worse alignment makes no pictures agree.
    """
    content, misaligned = None, False
    for found in tries:
        parts = found.over, found.under, found.inside
        content = measure_content(*parts)
        shots = "drawings" if content.is_drawing else compare_noise(*parts)
        if not content.agrees:
            content = _explain(content, found, shots)
        if not content.agrees:
            continue
        by_text = shots == "doubtful" and _differs_by_text(found)
        if shots == "drawings" or content.surely_edited or by_text:
            return content
        one_shot = shots == "surely one"
        if shots == "other" or (shots == "doubtful" and not content.differs_little):
            return None
        if _contradict(content, found, shots) and not _is_explained(content, found, shots):
            return None
        if one_shot or shots == "one" or (shots in ("unclear", "doubtful") and not misaligned):
            return content
        misaligned = True
    return None if misaligned else content


def _explain(
    content: ContentAgreement, found: Alignment, shots: Shots | Literal["drawings"]
) -> ContentAgreement:
    """Return the content of two photos that disagree, with what shows that one of them was edited.

    One shot has the same noise in both. Then a thing or a text may lie upon one of them, even over
    the whole picture, and a part may be pixelated. A blur leaves no noise.
    """
    parts = found.over, found.under, found.inside
    if shots == "surely one" and content.rest_agrees:
        content = replace(content, overlaid=measure_outlines(*parts).are_of_one)
    if content.agrees or content.are_drawings:
        return content
    if shots == "drawings":  # by the colours of the text upon one of them
        shots = compare_noise(*parts)
    if shots not in _ONE_SHOT:
        may_be = shots != "other" and not content.is_drawing
        return replace(content, surely_edited=may_be and _is_simple_edit(found))
    surely = measure_outlines(*parts).are_surely_of_one or is_cover(*parts)
    pixelated = shots == "surely one" and content.rest_agrees and is_mosaic(*parts)
    surely = surely or pixelated or _is_simple_edit(found)
    return replace(content, surely_edited=surely)


def _contradict(content: ContentAgreement, found: Alignment, shots: Shots) -> bool:
    """Return whether two photos that seem to agree show different things after all.

    If their noise does not surely show that they are one shot, a small thing that differs is no
    edit. Edges alone may miss such a thing, so colours and cells are compared, too.
    """
    one_shot = shots == "surely one"
    parts = found.over, found.under, found.inside
    by_outlines = any(content.extra) and (content.differs_little or not one_shot)
    if by_outlines and measure_outlines(*parts).are_of_both:
        return True
    if one_shot:
        return False
    if content.differs_little:
        if share_recoloured(*parts) > _MAX_RECOLOURED:
            return True
        cells = _overlap(found)
        if cells is not None and _has_other_cells(*cells):
            return True
    softened = measure_as_sharp(*parts)
    return softened is not None and not (softened.agrees and min(softened.extra) < _FEW_BLOCKS)


def _is_explained(content: ContentAgreement, found: Alignment, shots: Shots) -> bool:
    """Return whether an edit explains what differs in two photos: other levels, a blur or a cover.

    If the noise does not show that they are one shot, they must be equal after the edit.
    """
    if _is_simple_edit(found):
        return True
    if shots not in _ONE_SHOT:
        return False
    parts = found.over, found.under, found.inside
    for make_equal in (equal_levels, equal_colours) if shots == "one" else ():
        over, under = make_equal(*parts)
        if not _contradict(content, replace(found, over=over, under=under), shots):
            return True
    return is_cover(*parts)


def _is_simple_edit(found: Alignment) -> bool:
    """Return whether a blur and other levels explain all that differs in two photos."""
    cells = _overlap(found)
    return cells is not None and is_simple_edit(*cells)


def _differs_by_text(found: Alignment) -> bool:
    """Return whether a translucent text upon one photo is all that differs."""
    cleaned = without_text(found.over, found.under, found.inside)
    if cleaned is None:
        return False
    over, under = cleaned
    content = measure_content(over, under, found.inside)
    cells = _overlap(replace(found, over=over, under=under))
    if cells is None or not (content.agrees and content.differs_little):
        return False
    difference = measure_difference(*cells)
    return difference.agrees_but_for_colours and difference.colour <= _MAX_COLOUR_DIFFERENCE


def _has_other_cells(a: Rgb, b: Rgb) -> bool:
    """Return whether a cell of two photos differs more than cells of copies do."""
    difference = measure_difference(a, b)
    coarse = difference.loss > _COARSE
    return difference.worst > (_MAX_COARSE_DIFFERENCE if coarse else _MAX_CELL_DIFFERENCE)


def _tries(rough: Alignment) -> Iterator[Alignment]:
    """Yield alignments that are worth a measurement."""
    found = closest(rough, rough.in_whole_pixels())
    if found is not None:
        yield found
    fine = refine(rough)
    if fine is not None and fine is not found:
        yield fine


def _in_equal_levels(rough: Alignment) -> Alignment | None:
    """Return two photos of one shot in the levels of the brighter one; None if they are no such
    photos, or have such levels already."""
    found = closest(rough, rough.in_whole_pixels())
    if found is None:
        return None
    over, under = equal_levels(found.over, found.under, found.inside)
    change = max(
        float(opencv().absdiff(*pair).mean()) for pair in ((found.over, over), (found.under, under))
    )
    if change < _OTHER_LEVELS or compare_noise(over, under, found.inside) not in _ONE_SHOT:
        return None
    return replace(found, over=over, under=under)


def _is_verified(
    views: tuple[LargeView, LargeView], transform: SimilarityTransform, spec: PixelSpec
) -> bool:
    """Return whether no cell differs at up to full size. spec : how to decode, but for the size."""
    rough = _align_files(views, transform, (MAX_SIDE, MAX_SIDE), spec)
    found = None if rough is None else refine(rough)
    parts = None if found is None else _overlap(found)
    return parts is not None and measure_difference(*parts).agrees_but_for_colours


def _align_files(
    views: tuple[LargeView, LargeView],
    transform: SimilarityTransform,
    sides: tuple[int, int],
    spec: PixelSpec,
) -> Alignment | None:
    """Decode both files and lay one upon the other.

    sides : pixels of the files' and of the frame's longer sides, at most.
    """
    a, b = (_decode(view, sides[0], spec) for view in views)
    to_a, to_b = (
        enlargement(view.rgb.shape, large.rgb.shape)
        for view, large in zip(views, (a, b), strict=True)
    )
    matrix = to_b @ np.vstack([transform.matrix, [0, 0, 1]]) @ np.linalg.inv(to_a)
    transform = replace(transform, matrix=matrix[:2])
    return align(a, b, transform, _frame_side(a.rgb, b.rgb, matrix, sides[1]))


def _decode(view: LargeView, side: int, spec: PixelSpec) -> _Picture:
    scale = min(1.0, side / max(view.width, view.height))
    height, width = (max(1, round(length * scale)) for length in (view.height, view.width))
    rgb = view.decode(replace(spec, height=height, width=width))
    return _Picture(rgb, view.square, view.width, view.height)


def enlargement(small: tuple[int, ...], large: tuple[int, ...]) -> Affine:
    """Return the (3, 3) matrix from positions in a preview to positions in the larger picture.

    small, large : the shapes of both, height and width first.
    """
    x, y = large[1] / small[1], large[0] / small[0]
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
