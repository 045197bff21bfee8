"""Estimate where one image lies in another, by keypoints: moved, scaled, turned, mirrored.

Takes previews and returns Keypoints; takes two Keypoints and returns the similarity transform that
most of their matches agree on. Needs OpenCV. The descriptors are SIFT's (Lowe, IJCV 2004) with
square roots taken, which is RootSIFT (Arandjelovic and Zisserman, "Three things everyone should
know to improve object retrieval", CVPR 2012).
"""

import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError
from sokkuri.curation.duplicates.matching.fingerprint import HasPixels, luma

MAX_KEYPOINTS = 400  # of an image
_RATIO = 0.8  # of the nearest and the second nearest distance: Lowe's test
_MAX_ERROR = 4.0  # pixels between a match and where the transform puts it
_MIN_MATCHES = 4  # two determine a similarity, and two more must agree
_CONTRAST, _EDGE = 0.008, 12.0  # least contrast of a keypoint, and how far it may be an edge
_FAINT_CONTRAST, _FAINT_EDGE = 0.003, 15.0  # the same of faint ones
_LEVELS = 254.0  # components of a descriptor rarely exceed a half
_RANSAC_TRIES = 1000
_RANSAC_CONFIDENCE = 0.995
_MAX_SCALE = 16.0  # of one image to the other
_MIN_OVERLAP = 100  # pixels
_ECC_STEPS = 20
_SHRUNK = 0.98  # above it, an image is as large as it was: a resized one would be blurred
_UNSCALED = 0.01  # largest difference of a scale from 1 that is an error of the estimate

_MIRRORED_ORDER = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (-np.arange(8)) % 8].reshape(-1)
"""The order of a descriptor's components after its image is mirrored: the cells across the
keypoint's direction swap, and so do the directions in them."""

_ONE = np.flatnonzero(np.arange(128) < _MIRRORED_ORDER)
_OTHER = _MIRRORED_ORDER[_ONE]
"""The 64 pairs of components that swap when an image is mirrored."""

Matches = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The numbers of the keypoints in both images : two (M,)."""

_FLIP_X = np.array([-1, 1], np.float32)
_thread_local = threading.local()  # threads must not share a detector, nor memory for products


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """The keypoints of a preview.

    positions : (K, 2) float32, x and y in pixels. sums, differences : (K, 64) uint8 and int8, of
    the components of the descriptors in whole numbers that swap when the image is mirrored.
    lengths : (K,) float32, of the descriptors. width : of the preview, in pixels.
    """

    positions: NDArray[np.float32]
    sums: NDArray[np.uint8]
    differences: NDArray[np.int8]
    lengths: NDArray[np.float32]
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityTransform:
    """Where `a` lies in `b`: b = matrix @ (x, y, 1), with `b` mirrored first if `mirrored`.

    matrix : (2, 3) float64. matched : pairs of keypoints. inliers : pairs that agree with it.
    """

    matrix: NDArray[np.float64]
    mirrored: bool
    matched: int
    inliers: int


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """One image upon the other.

    over, under : (H, W, 3) uint8. inside : (H, W), where both are. source, matrix : the image that
    `over` was warped from, and the (3, 3) matrix that warped it. resizing : the (3, 3) matrices
    that made `source` and `under` from the two images. swapped : whether `over` is the second one.
    """

    over: NDArray[np.uint8]
    under: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    source: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    resizing: tuple[NDArray[np.float64], NDArray[np.float64]]
    swapped: bool

    def whole_matrix(self) -> NDArray[np.float64]:
        """Return the (3, 3) matrix from the first image to the second one."""
        to_source, to_under = self.resizing
        matrix = np.linalg.inv(to_under) @ self.matrix @ to_source
        return np.asarray(np.linalg.inv(matrix)) if self.swapped else matrix

    def refine(self) -> "Alignment":
        """Return an alignment that is better by parts of a pixel, or this one if there is none.

        It maximises the enhanced correlation coefficient (Evangelidis and Psarakis, "Parametric
        image alignment using enhanced correlation coefficient maximization", PAMI 2008).
        """
        if np.count_nonzero(self.inside) < _MIN_OVERLAP:
            return self
        cv2 = opencv()
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_STEPS, 1e-3)
        mask = np.where(self.inside, 255, 0).astype(np.uint8)
        start = np.eye(2, 3, dtype=np.float32)
        try:
            _, change = cv2.findTransformECC(
                luma(self.under), luma(self.over), start, cv2.MOTION_AFFINE, stop, mask, 5
            )
        except cv2.error:  # it does not converge
            return self
        matrix = np.linalg.inv(_to_3x3(change)) @ self.matrix
        over, inside = _warp(self.source, self.under, matrix)
        if np.count_nonzero(inside) < _MIN_OVERLAP:
            return self
        return replace(self, over=over, inside=inside, matrix=matrix)

    def in_whole_pixels(self) -> "Alignment":
        """Return the alignment that moves by whole pixels and changes no size.

        A crop and a caption leave the pixels as they are. Return this one if a size differs.
        """
        change = self.matrix[:2, :2] - np.eye(2)
        if np.abs(change).max() > _UNSCALED:
            return self
        middle = np.array([self.under.shape[1], self.under.shape[0]]) / 2
        moved = _to_3x3(np.eye(2, 3))
        moved[:2, 2] = np.rint(self.matrix[:2, 2] + change @ middle)
        over, inside = _warp(self.source, self.under, moved)
        return replace(self, over=over, inside=inside, matrix=moved)


def opencv() -> Any:
    """Return the module cv2. Raises MissingExtraError."""
    try:
        import cv2
    except ImportError:
        raise MissingExtraError("comparing pictures by their details", "duplicates") from None
    return cv2


def find_keypoints(
    rgb: NDArray[np.uint8], *, faint: bool = False, most: int = MAX_KEYPOINTS
) -> Keypoints:
    """Return the keypoints of a picture. Raises MissingExtraError.

    rgb : (H, W, 3) uint8, of a preview or smaller. faint : also those with little contrast.
    most : the number of the strongest ones that count.
    """
    detector = _detector(*((_FAINT_CONTRAST, _FAINT_EDGE) if faint else (_CONTRAST, _EDGE)), most)
    grey = opencv().cvtColor(rgb, opencv().COLOR_RGB2GRAY)
    points, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        descriptors = np.empty((0, 128), np.float32)
    descriptors = descriptors[:most]
    positions = np.array([point.pt for point in points[:most]], np.float32).reshape(-1, 2)
    sums = np.maximum(descriptors.sum(1, keepdims=True), 1e-6)
    codes = np.rint(np.sqrt(descriptors / sums) * _LEVELS).clip(0, 127)
    lengths = np.linalg.norm(codes, axis=1)
    one, other = codes[:, _ONE], codes[:, _OTHER]
    return Keypoints(
        positions, (one + other).astype(np.uint8), (one - other).astype(np.int8),
        np.maximum(lengths, 1.0), rgb.shape[1],
    )  # fmt: skip


def _detector(contrast: float, edge: float, most: int) -> Any:
    """Return this thread's detector."""
    detectors = _thread_local.__dict__.setdefault("detectors", {})
    if (contrast, most) not in detectors:
        cv2 = opencv()
        cv2.setNumThreads(1)  # the callers use one thread an image, which is faster
        detectors[contrast, most] = cv2.SIFT_create(
            nfeatures=most, contrastThreshold=contrast, edgeThreshold=edge
        )
    return detectors[contrast, most]


def estimate_similarity(a: Keypoints, b: Keypoints) -> SimilarityTransform | None:
    """Return the transform that most matches agree on, mirrored or not; None if too few match."""
    if min(len(a.positions), len(b.positions)) < _MIN_MATCHES:
        return None
    plain, flipped = _match(_similarities(a, b))
    mirrored = len(flipped[0]) > len(plain[0])
    in_a, in_b = flipped if mirrored else plain
    if len(in_a) < _MIN_MATCHES:
        return None
    target = b.positions[in_b]
    if mirrored:
        target = target * _FLIP_X + np.array([b.width - 1, 0], np.float32)
    return _fit_transform(a.positions[in_a], target, mirrored)


def _similarities(a: Keypoints, b: Keypoints) -> NDArray[np.float32]:
    """Return the cosines of the descriptors, of `a` as it is and mirrored : (2, K, L).

    Mirroring changes the sign of the differences only, so twice the products of the descriptors are
    the products of the sums plus those of the differences, or minus them. All are whole numbers
    below 2**24, which float32 has exactly. The next call of the thread overwrites the result.
    """
    shape = len(a.lengths), len(b.lengths)
    size = shape[0] * shape[1]
    buffer = _buffer(3 * size)
    both, of_sums = buffer[: 2 * size].reshape(2, *shape), buffer[2 * size :].reshape(shape)
    products = np.matmul(a.sums.astype(np.float32), b.sums.T.astype(np.float32), out=of_sums)
    of_differences = np.matmul(
        a.differences.astype(np.float32), b.differences.T.astype(np.float32), out=both[1]
    )
    np.add(products, of_differences, out=both[0])
    np.subtract(products, of_differences, out=both[1])
    both /= 2 * a.lengths[:, None]
    both /= b.lengths
    return both


def _buffer(size: int) -> NDArray[np.float32]:
    """Return memory of this thread : (size,). New memory for each product would cost more time
    than the product."""
    known: NDArray[np.float32] | None = _thread_local.__dict__.get("buffer")
    if known is None or len(known) < size:
        known = _thread_local.__dict__["buffer"] = np.empty(size, np.float32)
    return known[:size]


def _match(similarities: NDArray[np.float32]) -> list[Matches]:
    """Return the pairs that pass Lowe's test, of `a` as it is, and of `a` mirrored.

    Each keypoint is in one pair at most. similarities : (2, K, L), which it overwrites.
    """
    count = similarities.shape[1]
    lines = similarities.reshape(2 * count, -1)
    in_a = np.arange(len(lines))
    in_b = lines.argmax(1)
    best = lines[in_a, in_b]
    lines[in_a, in_b] = -1.0
    second = lines.max(1)
    clear = 1 - best < _RATIO**2 * (1 - second)  # half of the squared distances
    in_a, in_b, best = in_a[clear], in_b[clear], best[clear]
    mirrored = int(in_a.searchsorted(count))
    return [
        _best_for_each(in_a[:mirrored], in_b[:mirrored], best[:mirrored]),
        _best_for_each(in_a[mirrored:] - count, in_b[mirrored:], best[mirrored:]),
    ]


def _best_for_each(
    in_a: NDArray[np.int64], in_b: NDArray[np.int64], best: NDArray[np.float32]
) -> Matches:
    """Return the best pair of each keypoint of `b` : three (M,)."""
    order = np.lexsort((-best, in_b))
    in_a, in_b = in_a[order], in_b[order]
    first = np.ones(len(in_b), bool)
    np.not_equal(in_b[1:], in_b[:-1], out=first[1:])
    return in_a[first], in_b[first]


def _fit_transform(
    source: NDArray[np.float32], target: NDArray[np.float32], mirrored: bool
) -> SimilarityTransform | None:
    cv2 = opencv()
    cv2.setRNGSeed(0)  # the same images give the same result
    matrix, inside = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_MAX_ERROR,
        maxIters=_RANSAC_TRIES, confidence=_RANSAC_CONFIDENCE, refineIters=10,
    )  # fmt: skip
    if matrix is None:
        return None
    return SimilarityTransform(matrix, mirrored, len(source), int(inside.sum()))


def align(
    a: HasPixels, b: HasPixels, transform: SimilarityTransform, side: int
) -> Alignment | None:
    """Return both images in the frame of the one that lies more inside the other.

    side : pixels of the frame's longer side. None if the transform's scale makes no sense.
    """
    scale = float(np.sqrt(abs(np.linalg.det(transform.matrix[:, :2]))))
    if not 1 / _MAX_SCALE < scale < _MAX_SCALE:
        return None
    over, under = a.rgb, b.rgb[:, ::-1] if transform.mirrored else b.rgb
    matrix = _to_3x3(transform.matrix)
    swapped = over.shape[0] * over.shape[1] * scale**2 < under.shape[0] * under.shape[1]
    if swapped:
        over, under = under, over
        matrix = np.asarray(np.linalg.inv(matrix))
        scale = 1 / scale
    shrink = side / max(under.shape[:2])
    under, to_under = _resize(under, shrink)
    # Shrink the upper image before it is warped: otherwise its details turn into noise.
    shrink *= scale
    source, to_source = _resize(over, shrink if shrink < _SHRUNK else 1.0)
    matrix = to_under @ matrix @ np.linalg.inv(to_source)
    over, inside = _warp(source, under, matrix)
    return Alignment(over, under, inside, source, matrix, (to_source, to_under), swapped)


def _resize(rgb: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the resized image, and the (3, 3) matrix from old to new positions."""
    cv2 = opencv()
    height, width = rgb.shape[:2]
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    x_scale, y_scale = size[0] / width, size[1] / height
    # The centre of a pixel is at a whole number, so the corner is at -0.5.
    x_shift, y_shift = (x_scale - 1) / 2, (y_scale - 1) / 2
    return small, np.array([[x_scale, 0, x_shift], [0, y_scale, y_shift], [0, 0, 1]])


def _warp(
    source: NDArray[np.uint8], under: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Warp `source` into the frame of `under` by a (3, 3) matrix; also where it lies there."""
    cv2 = opencv()
    size = under.shape[1], under.shape[0]
    over = cv2.warpAffine(source, matrix[:2], size)
    inside = cv2.warpAffine(np.full(source.shape[:2], 255, np.uint8), matrix[:2], size)
    return over, inside > 250


def _to_3x3(matrix: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.vstack([np.asarray(matrix, np.float64), [0.0, 0.0, 1.0]])
