"""Measure whether the content of two aligned pictures agrees, or only a template that they share.

Takes two pictures of one size and returns a ContentAgreement. An edit adds something to one side:
its edges are missing on the other side, and nothing else is. Two pictures that share a letterhead,
a window or a background contradict each other instead: each one has edges that the other lacks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.block_agreement import BLOCK, sorted_median
from sokkuri.curation.duplicates.matching.fingerprint import luma
from sokkuri.curation.duplicates.matching.keypoints import opencv

_BORDER = 2, 10  # least and most pixels at the edge of the overlap that do not count
_BORDER_SHARE = 1 / 64  # of the longer side
_REACH = 2  # pixels by which an edge may be displaced
_EDGE_LEVELS, _EDGE_SHARE = 4.0, 0.08  # least gradient: levels, and share of the strongest ones
_WEAKEST = 0.3  # of an edge's gradient that must be left
_DIRECTIONS = 6  # of edges, in half a turn
_FULL_BLOCK, _MISSING = 6, 0.4  # pixels of edges in a block with content, and share that is missing
_DRAWING = 0.8  # share of the pixels near edges that have one of a few colours
_COLOURS, _COLOUR_LEVELS = 8, 6
_FEW_COLOURS = 0.6  # share of all pixels
_MAX_NOISE = 0.004  # share of the blocks with content that may differ anywhere
_FEW = 20  # blocks; fewer are no overlay
_ONE_SIDED = 0.3  # quotient of what the two sides lack
_PLAIN = 2.5  # levels of deviation of a plain block
_COVERED, _NOT_COVERED = 0.6, 0.45  # share of one side's extra blocks that are plain on the other
_LEAST_AGREEING = 0.35  # share of the blocks with content on the side that was not edited
_LEAST_BLOCKS = 12
_REST_AGREES = 0.7  # the same, of a picture with a thing upon it
_UNLIKE = 0.1  # correlation of blocks that show something else
_MAX_UNLIKE, _MAX_UNLIKE_COVERED = 0.1, 0.3  # share of such blocks, and of a covered picture
_SHARPER = 1.35  # quotient of the gradients
_BLURS = 1.0, 1.5, 2.0, 3.0, 4.0, 6.0  # pixels
_SAMPLE = 6000  # pixels whose colours are counted
_GLANCE, _SURELY_MORE_COLOURS = 3, 0.45  # step of the pixels of a glance, and the share in them

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ContentAgreement:
    """How far the content of two pictures agrees, in blocks of 8 x 8 pixels.

    content : blocks with edges on either side. agreeing : those whose edges are on both sides.
    extra : for each side, blocks with edges that the other side lacks. covered : for each side,
    those of the extra blocks that are plain on the other side. unlike : share of the blocks with
    contrast on both sides that do not correlate: a dense texture has edges everywhere. colours :
    for each side, the share of the pixels near edges that have one of a few colours. overlaid :
    whether all things that differ lie upon one side, see outlines.py. surely_edited : whether the
    noise shows that both are one shot, and all that differs is an edit of one side.
    """

    content: int
    agreeing: int
    extra: tuple[int, int]
    covered: tuple[int, int]
    unlike: float
    colours: tuple[float, float]
    overlaid: bool = False
    surely_edited: bool = False

    @property
    def is_drawing(self) -> bool:
        """Whether it is a drawing, a text or a screen, not a photo."""
        return max(self.colours) >= _DRAWING and not self.surely_edited

    @property
    def are_drawings(self) -> bool:
        """Whether both sides are drawings. A text upon a photo has few colours, too."""
        return min(self.colours) >= _DRAWING

    @property
    def agrees(self) -> bool:
        """Whether what differs can be an edit of one side.

        Drawings share templates, so in a drawing nothing may differ.
        """
        less, more = sorted(self.extra)
        if self.surely_edited:
            return self.agreeing >= _LEAST_BLOCKS
        if self.agreeing < max(_LEAST_BLOCKS, _LEAST_AGREEING * (self.content - more)):
            return False
        if self.is_drawing:
            return more <= max(1.0, _MAX_NOISE * self.content)
        if self.unlike > (_MAX_UNLIKE if more < _FEW else _MAX_UNLIKE_COVERED):
            return False
        return less == 0 or (
            more >= _FEW and (less <= _ONE_SIDED * more or self._is_covered or self.overlaid)
        )

    @property
    def differs_little(self) -> bool:
        """Whether too few blocks differ for an overlay."""
        return max(self.extra) < _FEW

    @property
    def rest_agrees(self) -> bool:
        """Whether the content agrees but for one thing or a few."""
        return self.agreeing >= _REST_AGREES * self.content

    @property
    def _is_covered(self) -> bool:
        """Whether one side has a plain thing upon the picture, and the rest agrees."""
        shares = sorted(
            plain / max(extra, 1) for plain, extra in zip(self.covered, self.extra, strict=True)
        )
        return self.rest_agrees and shares[0] <= _NOT_COVERED and shares[1] >= _COVERED


def measure_content(a: Rgb, b: Rgb, inside: Mask) -> ContentAgreement:
    """Return how far the content agrees : a, b (H, W, 3) uint8. inside : (H, W), where both are.

    Needs OpenCV.
    """
    cv2 = opencv()
    border = int(np.clip(max(inside.shape) * _BORDER_SHARE, *_BORDER))
    kernel = np.ones((2 * border + 1, 2 * border + 1), np.uint8)
    mask = cv2.erode(inside.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    mask = mask > 0
    one, other = _Edges(a, mask), _Edges(b, mask)
    shared = one.found & other.found
    gain = 1.0
    if np.count_nonzero(shared) > _FULL_BLOCK**2:
        gain = float(np.median(other.strength[shared] / one.strength[shared]))
    missing = one.missing_in(other, _WEAKEST * gain), other.missing_in(one, _WEAKEST / gain)
    counts = [_block_sums(edges.found) for edges in (one, other)]
    lacking = [_block_sums(lost) for lost in missing]
    extra = [
        (lost >= _FULL_BLOCK) & (lost > _MISSING * count)
        for lost, count in zip(lacking, counts, strict=True)
    ]
    full = [count >= _FULL_BLOCK for count in counts]
    differs = extra[0] | extra[1]
    blocks = _Blocks(one.brightness, other.brightness)
    plain = [deviation < _PLAIN for deviation in blocks.deviations]
    near = cv2.dilate((one.found | other.found).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    near &= mask
    return ContentAgreement(
        content=_count(full[0] | full[1]),
        agreeing=_count((full[0] | full[1]) & ~differs),
        extra=(_count(extra[0]), _count(extra[1])),
        unlike=blocks.share_unlike(_block_sums(mask) == BLOCK**2),
        covered=(_count(extra[0] & plain[1]), _count(extra[1] & plain[0])),
        colours=(_share_of_colours(a, near), _share_of_colours(b, near)),
    )


def measure_as_sharp(a: Rgb, b: Rgb, inside: Mask) -> ContentAgreement | None:
    """Return how far the content agrees if the sharper picture is made as soft as the other one;
    None if both are about as sharp.

    A blurred picture has few edges. Beside it, a sharp picture of something else looks like an edit
    that adds edges everywhere. Arguments: see measure_content.
    """
    sharpness = _sharpness(a, inside), _sharpness(b, inside)
    least, most = sorted(sharpness)
    if most < _SHARPER * least:
        return None
    sharper, softer = (a, b) if sharpness[0] > sharpness[1] else (b, a)
    softened = sharper
    for deviation in _BLURS:
        softened = np.asarray(opencv().GaussianBlur(sharper, (0, 0), deviation))
        if _sharpness(softened, inside) <= least:
            break
    return measure_content(softened, softer, inside)


def _sharpness(rgb: Rgb, inside: Mask) -> float:
    """Return the median strength of the gradient in levels, and a level for noise."""
    strength = gradient(luma(rgb))[2][inside]
    return float(np.median(strength)) + 1.0 if len(strength) else 1.0


def gradient(
    brightness: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the gradient along x and y, and its strength."""
    cv2 = opencv()
    smooth = cv2.GaussianBlur(brightness, (0, 0), 0.7)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3) / 8 for axis in ((1, 0), (0, 1)))
    return x, y, cv2.magnitude(x, y)


class _Edges:
    """The edges of a picture. brightness : (H, W). found : (H, W) bool. strength : of the gradient.
    direction : of the gradient, in parts of half a turn."""

    def __init__(self, rgb: Rgb, mask: Mask) -> None:
        cv2 = opencv()
        self.brightness = luma(rgb)
        x, y, self.strength = gradient(self.brightness)
        turns = cv2.phase(x, y) * np.float32(_DIRECTIONS / np.pi)
        self.direction = np.rint(turns).astype(np.uint8) % _DIRECTIONS
        strongest = np.percentile(self.strength[mask], 99.5) if mask.any() else 0.0
        self.found: Mask = mask & (self.strength > max(_EDGE_LEVELS, _EDGE_SHARE * strongest))

    def missing_in(self, other: "_Edges", weakest: float) -> Mask:
        """Return the edges that another picture lacks : (H, W).

        weakest : the factor of the gradient that must be left.
        """
        cv2 = opencv()
        missing = np.zeros_like(self.found)
        kernel = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
        least = weakest * self.strength
        for direction in range(_DIRECTIONS):
            here = self.found & (self.direction == direction)
            if here.any():
                near = _NEAR[direction][other.direction]
                strength = cv2.dilate(cv2.multiply(other.strength, near), kernel)
                missing |= here & (strength < least)
        return missing


_NEAR = [
    np.array([(other - one + 1) % _DIRECTIONS <= 2 for other in range(_DIRECTIONS)], np.float32)
    for one in range(_DIRECTIONS)
]
"""For each direction, 1 for those that are near it."""


class _Blocks:
    """Two pictures, block by block. deviations : of the brightness, one array for each picture."""

    def __init__(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
        means = block_means(a), block_means(b)
        self.deviations = [
            np.sqrt(np.maximum(block_means(plane * plane) - mean * mean, 0))
            for plane, mean in zip((a, b), means, strict=True)
        ]
        self._covariance = block_means(a * b) - means[0] * means[1]

    def share_unlike(self, whole: Mask) -> float:
        """Return the share of the blocks with contrast on both sides that do not correlate.

        whole : the blocks that count.
        """
        clear = whole & (np.minimum(*self.deviations) > _EDGE_LEVELS)
        if not clear.any():
            return 0.0
        correlations = self._covariance[clear] / (self.deviations[0] * self.deviations[1])[clear]
        return float(np.mean(correlations < _UNLIKE))


def block_means(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of the blocks, without the rest at the edges : (rows, columns)."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    if not rows * columns:
        return np.empty((rows, columns), np.float32)
    cut = plane[: rows * BLOCK, : columns * BLOCK]
    means: NDArray[np.float32] = opencv().resize(
        cut, (columns, rows), interpolation=opencv().INTER_AREA
    )
    return means


def _block_sums(mask: Mask) -> NDArray[np.int64]:
    return np.rint(block_means(mask.astype(np.float32)) * BLOCK**2).astype(np.int64)


def may_be_drawing(square: Rgb) -> bool:
    """Return whether a picture has so few colours that it may be a drawing, a text or a screen.

    square : (H, W, 3) uint8, the picture in any size. A glance at some of its pixels settles most
    photos.
    """
    glance = square[::_GLANCE, ::_GLANCE]
    if _share_of_colours(glance, np.ones(glance.shape[:2], bool)) < _SURELY_MORE_COLOURS:
        return False
    return _share_of_colours(square, np.ones(square.shape[:2], bool)) >= _FEW_COLOURS


def _count(blocks: Mask) -> int:
    return int(np.count_nonzero(blocks))


def _share_of_colours(rgb: Rgb, where: Mask) -> float:
    """Return the share of the pixels that have one of the most frequent colours."""
    places = np.flatnonzero(where)
    chosen = rgb.reshape(-1, 3)[places[:: max(1, len(places) // _SAMPLE)]]
    channels = np.ascontiguousarray(chosen.T).astype(np.int32)  # sums along lines are faster
    cubes = (channels[0] >> 3 << 10) + (channels[1] >> 3 << 5) + (channels[2] >> 3)
    cells = np.unique(cubes, return_inverse=True)[1]
    total = len(cells)
    for _ in range(_COLOURS):
        if len(cells) == 0:
            break
        sorted_levels = np.sort(channels[:, cells == np.bincount(cells).argmax()], axis=1)
        other = np.zeros(len(cells), bool)
        for channel, levels in zip(channels, sorted_levels, strict=True):
            other |= np.abs(channel - sorted_median(levels)) > _COLOUR_LEVELS
        channels, cells = channels[:, other], cells[other]
    return 1.0 - len(cells) / total if total else 1.0
