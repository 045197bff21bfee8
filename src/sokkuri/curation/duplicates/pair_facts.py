"""Measure how two copies of one picture lie in each other, and which one shows something foreign.

Takes two image views and the place of one in the other, and returns PairFacts. Needs OpenCV. A
frame, a bar and the window of a program break the picture at its edge; a crop goes on smoothly
beyond it. A text, a mark and a mask have sharp edges where the other image has none.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.fingerprint import ImageView, luma
from sokkuri.curation.duplicates.matching.keypoints import (
    Alignment,
    SimilarityTransform,
    align,
    opencv,
)
from sokkuri.curation.duplicates.matching.placement import Place
from sokkuri.curation.duplicates.orientation import Orientation

_SIDE = 256  # pixels of the frame in which two images are compared
_MIN_INLIERS, _ROUGH = 8, 1.5  # keypoints, or the agreement of images that have fewer
_WHOLE = 0.985  # share of an image: all of it
_STEP = 3  # pixels beyond an edge, and before it
_POINTS = 48  # on each side
_JUMP, _JUMP_LEVELS = 2.2, 10.0
_PLAIN, _DETAILED = 3.0, 10.0  # levels of deviation
_UNIFORM = 1.5
_DIFFERENCE = 22.0  # levels
_LEAST_COVERED, _MOST_COVERED = 0.003, 0.6
_LEAST_EVIDENCE = 0.22
_LEAST_CORE = 80  # pixels
_EVERY = 4  # pixel that counts where most pixels tell the same
_PLAIN_WEIGHT, _MOST_PLAIN = 0.7, 1.5
_TURNED = 1.5  # degrees
_ENLARGED = 1.02
_SAME_SHAPE = 0.03  # logarithm of the quotient

Rgb = NDArray[np.uint8]
Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairFacts:
    """How two images lie in each other.

    scale_x, scale_y : pixels of the second image for each pixel of the first one, along its width
    and height. mirrored : whether one is the mirror image of the other. angle : of the turn, in
    degrees. shares : of each image's area that lies in the other one. framed : whether each one has
    a frame, a bar or a window around the other one. covered : whether each one shows text or a mask
    that the other one lacks. cropped : whether each one lacks a part of the picture. corners : of
    the first image in the second one, x and y as shares of its width and height, clockwise from the
    top left. enlarged : whether each one was enlarged from the other one. colour_change : levels by
    which most of the colours differ.
    """

    scale_x: float
    scale_y: float
    mirrored: bool
    angle: float
    shares: tuple[float, float]
    framed: tuple[bool, bool]
    covered: tuple[bool, bool]
    cropped: tuple[bool, bool]
    corners: tuple[tuple[float, float], ...]
    enlarged: tuple[bool, bool] = (False, False)
    colour_change: float = 0.0

    @property
    def foreign(self) -> tuple[bool, bool]:
        """Whether each one shows a frame, bars, text or a mask that the other one lacks."""
        (first, second), (on_first, on_second) = self.framed, self.covered
        return first or on_first, second or on_second

    @property
    def orientation(self) -> Orientation:
        """The nearest way to turn and mirror the first image, so that it lies as the second one."""
        return Orientation.nearest(self.mirrored, self.angle)

    @property
    def by_quarters(self) -> bool:
        """Whether one image is turned against the other by quarters, or not at all."""
        return abs(self.angle - 90 * round(self.angle / 90)) <= _TURNED

    @property
    def larger(self) -> int | None:
        """Which image is the other one in more pixels along some side: 0, 1, or None.

        None also if they are turned by no quarters, or if one shows more than the other.
        """
        if not self.by_quarters or min(self.shares) < _WHOLE:
            return None
        scales = self.scale_x, self.scale_y
        if max(scales) > _ENLARGED and min(scales) > 1 / _ENLARGED:
            return 1
        return 0 if min(scales) < 1 / _ENLARGED and max(scales) < _ENLARGED else None

    @property
    def surrounded(self) -> bool:
        """Whether one image has more around the picture than the other one."""
        return min(self.shares) < _WHOLE

    @property
    def squashed(self) -> bool:
        """Whether the proportions differ."""
        return abs(math.log(self.scale_x / self.scale_y)) > _SAME_SHAPE

    @property
    def turned(self) -> bool:
        """Whether one image is turned against the other."""
        return abs(self.angle) > _TURNED

    def to_json(self) -> str:
        """Return the facts as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "PairFacts":
        """Return the facts of a text that `to_json` made."""
        fields: dict[str, Any] = json.loads(text)
        fields["corners"] = [tuple(corner) for corner in fields["corners"]]
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return cls(**{**fields, **lists})


def measure_pair(a: ImageView, b: ImageView, place: Place | None) -> PairFacts | None:
    """Return how two images lie in each other; None if they cannot be aligned.

    place : of `a` in `b`.
    """
    if place is None or (place.start.inliers < _MIN_INLIERS and place.agreement < _ROUGH):
        return None
    transform = place.start
    matrix = _whole_matrix(transform, b)
    outline = _outline(a.rgb, matrix)
    back = np.asarray(np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2])
    shares = _share_inside(a.rgb, b.rgb, matrix), _share_inside(b.rgb, a.rgb, back)
    if min(max(shares), 1.0) < 0.2:
        return None
    framed, cropped = _judge_edges(a.rgb, b.rgb, matrix, back, shares)
    alignment = align(a, b, place.refined, _SIDE)
    covered = None if alignment is None else _find_covered(alignment)
    x_scale, y_scale = _scales(a, b, matrix)
    return PairFacts(
        x_scale, y_scale, transform.mirrored, _angle(transform), shares,
        framed, (covered == 0, covered == 1), cropped,
        tuple((float(x) / b.rgb.shape[1], float(y) / b.rgb.shape[0]) for x, y in outline + 0.5),
        colour_change=0.0 if alignment is None else _colour_change(alignment),
    )  # fmt: skip


def _whole_matrix(transform: SimilarityTransform, b: ImageView) -> Affine:
    """Return the (2, 3) matrix from positions in `a` to positions in `b`, mirroring included."""
    if not transform.mirrored:
        return transform.matrix
    flip = np.array([[-1.0, 0, b.rgb.shape[1] - 1], [0, 1, 0]])
    return np.asarray(flip @ np.vstack([transform.matrix, [0, 0, 1]]))


def _scales(a: ImageView, b: ImageView, matrix: Affine) -> tuple[float, float]:
    """Return the pixels of `b`'s file for a pixel of `a`'s file, along `a`'s width and height."""
    to_file = np.array([b.width / b.rgb.shape[1], b.height / b.rgb.shape[0]])
    columns = matrix[:, :2] * to_file[:, None]
    x, y = (float(np.linalg.norm(columns[:, axis])) for axis in (0, 1))
    return x * a.rgb.shape[1] / a.width, y * a.rgb.shape[0] / a.height


def _angle(transform: SimilarityTransform) -> float:
    return math.degrees(math.atan2(transform.matrix[1, 0], transform.matrix[0, 0]))


def _outline(rgb: Rgb, matrix: Affine) -> Affine:
    """Return where the corners of an image lie : (4, 2), clockwise from the top left."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    return np.asarray(corners @ matrix[:, :2].T + matrix[:, 2])


def _share_inside(a: Rgb, b: Rgb, matrix: Affine) -> float:
    """Return the share of `a` that lies in `b`."""
    height, width = a.shape[:2]
    y, x = np.mgrid[0:height:4, 0:width:4].reshape(2, -1)
    places = np.stack([x, y], axis=1) @ matrix[:, :2].T + matrix[:, 2]
    size = np.array([b.shape[1], b.shape[0]])
    return float(((places > -1) & (places < size)).all(1).mean())


def _judge_edges(
    a: Rgb, b: Rgb, matrix: Affine, back: Affine, shares: tuple[float, float]
) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Return whether each one has something foreign around the other, and whether each one is
    cropped."""
    more_in_a, more_in_b = shares[0] < _WHOLE, shares[1] < _WHOLE
    foreign_a = more_in_a and _is_foreign_around(a, _outline(b, back))
    foreign_b = more_in_b and _is_foreign_around(b, _outline(a, matrix))
    cropped_a, cropped_b = more_in_b and not foreign_b, more_in_a and not foreign_a
    return (foreign_a, foreign_b), (cropped_a, cropped_b)


def _is_foreign_around(rgb: Rgb, outline: Affine) -> bool:
    """Return whether an image breaks at the outline of the picture that lies in it."""
    cv2 = opencv()
    smooth = cv2.GaussianBlur(rgb, (0, 0), 0.8).astype(np.float32)
    broken = counted = 0
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        count, breaks = _side_breaks(smooth, start, end, outline.mean(0))
        counted += count
        broken += count * breaks
    if counted < _POINTS // 4:
        return False
    return broken > counted / 2 or _is_uniform_around(rgb, outline)


def _side_breaks(
    image: NDArray[np.float32], start: Affine, end: Affine, middle: Affine
) -> tuple[int, bool]:
    """Return how many points of a side have something beyond them, and whether it breaks there."""
    along = np.linspace(0.04, 0.96, _POINTS)[:, None]
    points = start + along * (end - start)
    normal = np.array([(end - start)[1], -(end - start)[0]])
    normal /= max(float(np.linalg.norm(normal)), 1e-6)
    if (points.mean(0) + normal - middle) @ normal < 0:
        normal = -normal
    size = np.array([image.shape[1], image.shape[0]])
    beyond = points + (_STEP + 1) * normal
    inner = points - 3 * _STEP * normal
    inside = ((beyond >= 0) & (beyond < size) & (inner >= 0) & (inner < size)).all(1)
    points = points[inside]
    if len(points) < 6:
        return 0, False
    outer, edge, deep = (
        _values(image, points + distance * normal) for distance in (_STEP, -_STEP, -3 * _STEP)
    )
    jump, usual = (float(np.abs(x - y).mean()) for x, y in ((outer, edge), (edge, deep)))
    plain = float(outer.std(0).mean()) < _PLAIN and float(edge.std(0).mean()) > _DETAILED
    return len(points), plain or jump > max(_JUMP_LEVELS, _JUMP * usual)


def _values(image: NDArray[np.float32], points: Affine) -> NDArray[np.float32]:
    size = np.array([image.shape[1], image.shape[0]])
    places = np.clip(np.rint(points), 0, size - 1).astype(int)
    values: NDArray[np.float32] = image[places[:, 1], places[:, 0]]
    return values


def _is_uniform_around(rgb: Rgb, outline: Affine) -> bool:
    """Return whether all that lies around the outline has exactly one colour."""
    cv2 = opencv()
    inside = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], 255)
    inside = cv2.dilate(inside, np.ones((9, 9), np.uint8))
    around = rgb[inside == 0]
    return len(around) > 4 * _POINTS and float(around.std(0).max()) < _UNIFORM


def _colour_change(alignment: Alignment) -> float:
    """Return by how many levels the colours differ in most places, in the channel that differs
    most."""
    cv2 = opencv()
    inside = cv2.erode(alignment.inside.astype(np.uint8), np.ones((13, 13), np.uint8))
    places = np.flatnonzero(inside)[::_EVERY]
    over, under = (
        cv2.GaussianBlur(rgb, (0, 0), 3.0).reshape(-1, 3)[places].astype(np.int16)
        for rgb in (alignment.over, np.ascontiguousarray(alignment.under))
    )
    return float(np.median(np.abs(over - under), axis=0).max()) if len(places) else 0.0


def _find_covered(alignment: Alignment) -> int | None:
    """Return which image has sharp edges where the other one differs: 0, 1, or None."""
    cv2 = opencv()
    over, under = luma(alignment.over), luma(alignment.under)
    inside = cv2.erode(alignment.inside.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if np.count_nonzero(inside) < 400:
        return None
    over = _match_levels(over, under, inside)
    differs = np.abs(cv2.GaussianBlur(over - under, (0, 0), 1.0))
    usual = float(np.median(differs[inside]))
    mask = ((differs > _DIFFERENCE + 3 * usual) & inside).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    share = float(mask[inside].mean())
    if not _LEAST_COVERED < share < _MOST_COVERED:
        return None
    evidence = _foreignness(over, under, mask, inside)
    if abs(evidence) < _LEAST_EVIDENCE:
        return None
    return int(alignment.swapped) if evidence > 0 else int(not alignment.swapped)


def _foreignness(
    over: NDArray[np.float32], under: NDArray[np.float32], mask: NDArray[np.uint8],
    inside: NDArray[np.bool_],
) -> float:  # fmt: skip
    """Return how much more the masked part looks laid over the picture in `over` than in `under`.

    It has sharp edges, and it is plainer within.
    """
    cv2 = opencv()
    ring = cv2.dilate(mask, np.ones((3, 3), np.uint8)) - cv2.erode(mask, np.ones((3, 3), np.uint8))
    rim, core = (ring > 0) & inside, cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
    if np.count_nonzero(core) < _LEAST_CORE:
        core = mask > 0
    edges = [float(_sharpness(image)[rim].mean()) + 5 for image in (over, under)]
    plain = [float(image[core].std()) + 2 for image in (over, under)]
    sharper = math.log(edges[0] / edges[1])
    plainer = float(np.clip(math.log(plain[1] / plain[0]), -_MOST_PLAIN, _MOST_PLAIN))
    return sharper + _PLAIN_WEIGHT * plainer


def _match_levels(
    x: NDArray[np.float32], y: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return `x` with the brightness and the contrast of `y`, fitted where the two agree best."""
    x_inside, y_inside = (values[inside][::_EVERY].astype(np.float64) for values in (x, y))
    x_chosen, y_chosen = x_inside, y_inside
    gain, shift = 1.0, 0.0
    for _ in range(3):
        gain, shift = _fit_line(x_chosen, y_chosen)
        rest = np.abs(gain * x_inside + shift - y_inside)
        chosen = rest <= np.quantile(rest, 0.7)
        x_chosen, y_chosen = x_inside[chosen], y_inside[chosen]
        if np.ptp(x_chosen) < 1:
            return x
    matched: NDArray[np.float32] = (gain * x + shift).astype(np.float32)
    return matched


def _fit_line(x: Affine, y: Affine) -> tuple[float, float]:
    """Return the gain and the shift of the line through points with the least squares : (N,)."""
    x_mean, y_mean = float(x.mean()), float(y.mean())
    centred = x - x_mean
    power = float(np.einsum("i,i->", centred, centred))  # a BLAS would start threads for it
    gain = float(np.einsum("i,i->", centred, y)) / power if power > 0 else 0.0
    return gain, y_mean - gain * x_mean


def _sharpness(image: NDArray[np.float32]) -> NDArray[np.float32]:
    cv2 = opencv()
    x, y = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    steepness: NDArray[np.float32] = np.hypot(x, y)
    return steepness
