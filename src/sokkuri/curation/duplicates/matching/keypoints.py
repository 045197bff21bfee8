"""Where one picture lies in another, by keypoints: moved, scaled, turned, mirrored. Needs OpenCV.

Takes pictures; hands on Keypoints, and for two of them the similarity that most of their matches
agree on. The descriptors are SIFT's (Lowe, IJCV 2004), with square roots taken (Arandjelovic and
Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012).
"""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.curation.duplicates.matching.fingerprint import Picture, luma

MOST = 400  # keypoints of a picture
_RATIO = 0.8  # of the nearest and the next: Lowe's test
_NEAR = 4.0  # pixels between where a match is and where it should be
_LEAST = 4  # matches: two fix a similarity, and two more must agree
_CONTRAST = 0.008
_EDGE = 12.0
_LEVELS = 254.0  # numbers of a descriptor are a half at the most, nearly always
_TRIES = 1000
_SURE = 0.995
_FARTHEST = 16.0  # times that one may be larger than the other
_LEAST_INSIDE = 100  # pixels of the frame
_STEPS = 20

_MIRROR = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (-np.arange(8)) % 8].reshape(-1)
"""What mirroring a picture does to a descriptor: cells across the keypoint's direction swap, and
so do the directions in them."""

_ACROSS = np.array([-1, 1], np.float32)
_mine = threading.local()  # a detector is not shared between threads


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """places : (K, 2) float32, x and y in pixels of the look. codes : (K, 128) int8, descriptors in
    whole numbers. lengths : (K,) float32, of the codes. width : of the look."""

    places: NDArray[np.float32]
    codes: NDArray[np.int8]
    lengths: NDArray[np.float32]
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How `a` lies in `b`: b = matrix @ (x, y, 1), `b` mirrored first if `mirrored`.
    matrix : (2, 3) float64. matched : pairs of keypoints; inliers : those that agree on it."""

    matrix: NDArray[np.float64]
    mirrored: bool
    matched: int
    inliers: int


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One picture upon the other : both (H, W, 3) uint8. inside : (H, W), where both are.
    source, matrix : what `over` was made of, and how, (3, 3)."""

    over: NDArray[np.uint8]
    under: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    source: NDArray[np.uint8]
    matrix: NDArray[np.float64]

    def refined(self) -> "Laid":
        """Moved by parts of a pixel, so that they correlate more (Evangelidis and Psarakis,
        "Parametric image alignment using enhanced correlation coefficient maximization", PAMI
        2008); as it is where that comes to nothing."""
        if np.count_nonzero(self.inside) < _LEAST_INSIDE:
            return self
        cv2 = opencv()
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, 1e-3)
        mask = np.where(self.inside, 255, 0).astype(np.uint8)
        start = np.eye(2, 3, dtype=np.float32)
        try:
            _, change = cv2.findTransformECC(
                luma(self.under), luma(self.over), start, cv2.MOTION_AFFINE, stop, mask, 5
            )
        except cv2.error:  # it does not converge
            return self
        better = _warped(self.source, self.under, np.linalg.inv(_square(change)) @ self.matrix)
        return better if np.count_nonzero(better.inside) >= _LEAST_INSIDE else self


def opencv() -> Any:
    """The library. Raises MissingExtraError."""
    try:
        import cv2
    except ImportError:
        raise MissingExtraError("comparing pictures by their details", "duplicates") from None
    return cv2


def keypoints(rgb: NDArray[np.uint8]) -> Keypoints:
    """Of a look's rgb. Raises MissingExtraError."""
    cv2 = opencv()
    if not hasattr(_mine, "sift"):
        cv2.setNumThreads(1)  # several pictures at once are faster
        _mine.sift = cv2.SIFT_create(
            nfeatures=MOST, contrastThreshold=_CONTRAST, edgeThreshold=_EDGE
        )
    found, descriptors = _mine.sift.detectAndCompute(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), None)
    width = rgb.shape[1]
    if descriptors is None:
        descriptors = np.empty((0, 128), np.float32)
    places = np.array([one.pt for one in found[:MOST]], np.float32).reshape(-1, 2)
    sums = np.maximum(descriptors[:MOST].sum(1, keepdims=True), 1e-6)
    codes = np.rint(np.sqrt(descriptors[:MOST] / sums) * _LEVELS).clip(0, 127).astype(np.int8)
    lengths = np.linalg.norm(codes.astype(np.float32), axis=1)
    return Keypoints(places, codes, np.maximum(lengths, 1.0), width)


def fitted(a: Keypoints, b: Keypoints) -> Fit | None:
    """The similarity that most matches agree on, mirrored or not; None where too few do."""
    if min(len(a.places), len(b.places)) < _LEAST:
        return None
    plain, mirror = _matches(_likeness(a, b)), _matches(_likeness(a, b, _MIRROR))
    mirrored = len(mirror[0]) > len(plain[0])
    mine, others = mirror if mirrored else plain
    if len(mine) < _LEAST:
        return None
    there = b.places[others]
    if mirrored:
        there = there * _ACROSS + np.array([b.width - 1, 0], np.float32)
    return _similarity(a.places[mine], there, mirrored)


def _likeness(a: Keypoints, b: Keypoints, order: slice | NDArray[np.int64] = slice(None)) -> Any:
    """Cosines : (K, L) float32. order : in which the numbers of b's codes are taken."""
    import numkong

    packed = numkong.dots_pack(np.ascontiguousarray(b.codes[:, order]))
    dots = np.asarray(numkong.dots_packed(a.codes, packed)).astype(np.float32)
    return dots / a.lengths[:, None] / b.lengths


def _matches(likeness: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those whose nearest is clearly nearer than the next, each taken once : two (M,)."""
    mine = np.arange(len(likeness))
    others = likeness.argmax(1)
    best = likeness[mine, others]
    likeness[mine, others] = -1.0
    following = likeness.max(1)
    clear = 1 - best < _RATIO**2 * (1 - following)  # squared distances, halved
    mine, others, best = mine[clear], others[clear], best[clear]
    order = np.argsort(-best, kind="stable")
    _, first = np.unique(others[order], return_index=True)
    return mine[order][first], others[order][first]


def _similarity(
    here: NDArray[np.float32], there: NDArray[np.float32], mirrored: bool
) -> Fit | None:
    cv2 = opencv()
    cv2.setRNGSeed(0)  # the same pictures, the same answer
    matrix, inside = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_NEAR, maxIters=_TRIES,
        confidence=_SURE, refineIters=10,
    )  # fmt: skip
    if matrix is None:
        return None
    return Fit(matrix, mirrored, len(here), int(inside.sum()))


def laid(a: Picture, b: Picture, fit: Fit, side: int) -> Laid | None:
    """Both pictures in the frame of the one that lies more in the other, its longer side `side`
    pixels; None for no sensible fit."""
    scale = float(np.sqrt(abs(np.linalg.det(fit.matrix[:, :2]))))
    if not 1 / _FARTHEST < scale < _FARTHEST:
        return None
    over, under = a.rgb, b.rgb[:, ::-1] if fit.mirrored else b.rgb
    matrix = _square(fit.matrix)
    if over.shape[0] * over.shape[1] * scale**2 < under.shape[0] * under.shape[1]:
        over, under = under, over
        matrix = np.asarray(np.linalg.inv(matrix))
        scale = 1 / scale
    shrink = side / max(under.shape[:2])
    under, to_frame = _resized(under, shrink)
    # The upper one is made smaller first, where it has to be: else its details come back as noise.
    over, to_small = _resized(over, min(1.0, scale * shrink))
    matrix = to_frame @ matrix @ np.linalg.inv(to_small)
    return _warped(over, under, matrix)


def _resized(rgb: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture, and how its places have moved : (3, 3)."""
    cv2 = opencv()
    height, width = rgb.shape[:2]
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    across, down = size[0] / width, size[1] / height
    # The middle of a pixel is at a whole number, so corners are at -0.5.
    shift = (across - 1) / 2, (down - 1) / 2
    return small, np.array([[across, 0, shift[0]], [0, down, shift[1]], [0, 0, 1]])


def _warped(over: NDArray[np.uint8], under: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Laid:
    """`matrix` takes places of `over` to places of `under`."""
    cv2 = opencv()
    size = under.shape[1], under.shape[0]
    moved = cv2.warpAffine(over, matrix[:2], size)
    inside = cv2.warpAffine(np.full(over.shape[:2], 255, np.uint8), matrix[:2], size)
    return Laid(moved, under, inside > 250, over, matrix)


def _square(matrix: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.vstack([np.asarray(matrix, np.float64), [0.0, 0.0, 1.0]])
