"""Fits the weights of `matching/scoring.py` and `candidates.py`.

    python -m benchmarks.copies PHOTOS FOLDER
    sokkuri index FOLDER
    python -m benchmarks.fit_matching FOLDER

The copies of 150 photos, and 300 photos without a copy, are compared with the pictures nearest to
them among 450 that have not been edited; prints the weights. The quality benchmark leaves all these
copies and photos out. The same folder, the same weights.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import layout
from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.candidates import FEATURE_NEIGHBOURS, LENIENT_MARGIN, pair_features
from sokkuri.curation.duplicates.contents import (
    live_contents,
    project_contents,
    projection_of,
)
from sokkuri.curation.duplicates.matching import MIN_INLIERS
from sokkuri.curation.duplicates.matching.block_agreement import measure_agreement
from sokkuri.curation.duplicates.matching.fingerprint import (
    SQUARE_SIDE,
    Preview,
    canonical_orientation,
    fingerprint,
    make_preview,
    normalise_fingerprints,
)
from sokkuri.curation.duplicates.matching.keypoints import (
    Keypoints,
    SimilarityTransform,
    align,
    estimate_similarity,
    find_keypoints,
)
from sokkuri.curation.duplicates.matching.scoring import (
    aligned_features,
    combined_features,
    unaligned_features,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions

_NEAREST_PRINTS = 4
_MISSED = 0.002  # share of copies that `PAIR_MODEL` may leave out
_STILL = ("crop", "rotate", "strong", "flip")  # edits after which pictures do not lie as they did
_PENALTY, _ROUNDS = 1.0, 60

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """query, row : (M,), pictures of the collection. copy : (M,) bool. measured : (M, 6)."""

    query: NDArray[np.int64]
    row: NDArray[np.int64]
    copy: NDArray[np.bool_]
    measured: Array


def logistic(measured: Array, true: NDArray[np.bool_]) -> tuple[Array, float]:
    """Weights and bias by Newton's method, with a penalty on weights of standardised measures."""
    mean, deviation = measured.mean(0), measured.std(0) + 1e-9
    given = np.column_stack([(measured - mean) / deviation, np.ones(len(measured))])
    penalty = np.append(np.full(measured.shape[1], _PENALTY), 0.0)
    weights = np.zeros(given.shape[1])
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        slope = given.T @ (share - true) + penalty * weights
        curve = (given * (share * (1 - share) + 1e-9)[:, None]).T @ given + np.diag(penalty)
        weights = weights - np.linalg.solve(curve, slope)
    found = weights[:-1] / deviation
    return found, float(weights[-1] - found @ mean)


class Pictures:
    """A laid-out collection's pictures : their files' paths, looks and keypoints when asked for."""

    def __init__(self, root: Path) -> None:
        with CollectionStore.open(root, "ro") as collection:
            contents = [*live_contents(collection, Decisions()).values()]
            self.heads = project_contents(collection, contents, projection_of(collection))
            self.paths = [content.images[0].path for content in contents]
        self._root = root
        self._looks: dict[int, Preview] = {}
        self._points: dict[int, Keypoints] = {}
        self.layout = layout(self.paths)

    def data(self, number: int) -> bytes:
        return (self._root / self.paths[number]).read_bytes()

    def look(self, number: int) -> Preview:
        if number not in self._looks:
            self._looks[number] = make_preview(self.data(number), Limits())
        return self._looks[number]

    def points(self, number: int) -> Keypoints:
        if number not in self._points:
            self._points[number] = find_keypoints(self.look(number).rgb)
        return self._points[number]


def pairs_of(pictures: Pictures) -> Pairs:
    """Each query with the plain pictures nearest to it, by features and by prints."""
    of = pictures.layout
    plain = np.isin(of.kind, ["original", "gallery"])
    rows, queries = np.flatnonzero(plain & of.fitted), np.flatnonzero(~plain & of.fitted)
    with ThreadPoolExecutor() as pool:
        squares = pool.map(
            lambda number: make_preview(pictures.data(number), Limits()).square,
            range(len(pictures.paths)),
        )
        prints = np.array([*map(fingerprint, squares)])
    likeness = pictures.heads[queries] @ pictures.heads[rows].T
    correlation = np.maximum(*(
        some[queries] @ some[rows].T
        for some in map(normalise_fingerprints, (prints, canonical_orientation(prints)))
    ))  # fmt: skip
    nearest = -np.sort(-likeness, axis=1)[:, :FEATURE_NEIGHBOURS]
    near = np.argsort(-likeness, axis=1)[:, :FEATURE_NEIGHBOURS]
    printed = np.argsort(-correlation, axis=1)[:, :_NEAREST_PRINTS]
    found = [(q, r) for q in range(len(queries)) for r in {*near[q], *printed[q]}]
    q, r = np.array(found).T
    measured = pair_features(likeness[q, r], correlation[q, r], nearest[q])
    copy = (of.source[queries[q]] == of.source[rows[r]]) & (of.source[queries[q]] >= 0)
    return Pairs(queries[q], rows[r], copy, measured)


def fit(pictures: Pictures) -> dict[str, tuple[Array, float]]:
    pairs = pairs_of(pictures)
    weights, bias = logistic(pairs.measured, pairs.copy)
    logits = pairs.measured @ weights + bias
    least = float(np.quantile(logits[pairs.copy], _MISSED))
    found = {"PAIR_MODEL": (weights, bias - least)}
    chosen = np.flatnonzero((logits >= least - LENIENT_MARGIN) | pairs.copy)
    print(f"{len(pairs.copy)} pairs, {len(chosen)} of them worth a look", file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = [*pool.map(lambda at: _seen(pictures, pairs, at), chosen.tolist())]
    copy = np.array([one.copy for one in seen])
    lies = [(one.lies[number], true) for one in seen for number, true in one.counts()]
    found["UNALIGNED_MODEL"] = logistic(*_stacked(lies))
    laid_ = [(one.laid, one.copy) for one in seen if one.laid is not None]
    found["ALIGNED_MODEL"] = logistic(*_stacked(laid_))
    both = np.array([_both(one, found) for one in seen])
    found["COMBINED_MODEL"] = logistic(both, copy)
    return found


def _stacked(lines: list[tuple[Array, bool]]) -> tuple[Array, NDArray[np.bool_]]:
    return np.array([line[0] for line in lines]), np.array([line[1] for line in lines])


@dataclass(frozen=True)
class Seen:
    """What is measured of a pair: as it lies and mirrored, and where keypoints lay it."""

    copy: bool
    edit: str
    lies: tuple[Array, Array]
    laid: Array | None
    fit: SimilarityTransform | None
    fewer: int

    def counts(self) -> list[tuple[int, bool]]:
        """Which of `lies` teach something, and what."""
        if not self.copy:
            return [(0, False), (1, False)]
        return (
            [(1, True)] if self.edit == "flip" else [(0, True)] * (not self.edit.startswith(_STILL))
        )


def _both(one: Seen, found: dict[str, tuple[Array, float]]) -> Array:
    (still_, still_bias), (moved_, moved_bias) = found["UNALIGNED_MODEL"], found["ALIGNED_MODEL"]
    lies = max(float(line @ still_) + still_bias for line in one.lies)
    laid_ = None if one.laid is None else float(one.laid @ moved_) + moved_bias
    return combined_features(lies, laid_, one.fit, one.fewer)


def _seen(pictures: Pictures, pairs: Pairs, at: int) -> Seen:
    query, row, copy = int(pairs.query[at]), int(pairs.row[at]), bool(pairs.copy[at])
    a, b = pictures.look(query), pictures.look(row)
    mirrored = np.ascontiguousarray(b.square[:, ::-1])
    lies = (
        unaligned_features(measure_agreement(a.square, b.square)),
        unaligned_features(measure_agreement(a.square, mirrored)),
    )
    mine, others = pictures.points(query), pictures.points(row)
    fit_ = estimate_similarity(mine, others)
    measured = None
    if (
        fit_ is not None
        and fit_.inliers >= MIN_INLIERS
        and (roughly := align(a, b, fit_, SQUARE_SIDE))
    ):
        exactly = roughly.refine()
        found = measure_agreement(exactly.over, exactly.under, exactly.inside)
        measured = aligned_features(found, fit_, float(exactly.inside.mean()))
    fewer = min(len(mine.positions), len(others.positions))
    return Seen(copy, str(pictures.layout.edit[query]), lies, measured, fit_, fewer)


def main() -> None:
    for name, (weights, bias) in fit(Pictures(Path(sys.argv[1]))).items():
        print(f"{name} = Logistic(({', '.join(f'{one:.4g}' for one in weights)}), {bias:.4g})")


if __name__ == "__main__":
    main()
