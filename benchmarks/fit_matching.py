"""Fit the weights of `matching/scoring.py` and `candidates.py`.

    python -m benchmarks.copies PHOTOS FOLDER
    sokkuri index FOLDER
    python -m benchmarks.fit_matching FOLDER

Compares the copies of 150 photos, and 300 photos without a copy, with their nearest images among
450 unedited photos, and prints the weights. The quality benchmark does not use these copies and
photos. The same folder gives the same weights.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import parse_layout
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
from sokkuri.store.snapshot import open_snapshot

_NEAREST_FINGERPRINTS = 4
_MISSED = 0.002  # share of copies that `PAIR_MODEL` may leave out
_MOVING = ("crop", "rotate", "strong", "flip")  # edits that move or mirror the content
_PENALTY, _ROUNDS = 1.0, 60

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """M pairs. query, row : (M,), numbers of images. copy : (M,) bool. measured : (M, 6)."""

    query: NDArray[np.int64]
    row: NDArray[np.int64]
    copy: NDArray[np.bool_]
    measured: Array


def logistic(measured: Array, true: NDArray[np.bool_]) -> tuple[Array, float]:
    """Return weights and bias of a logistic regression, by Newton's method.

    measured : (M, F). true : (M,). The weights of standardised measures have a penalty.
    """
    mean, deviation = measured.mean(0), measured.std(0) + 1e-9
    design = np.column_stack([(measured - mean) / deviation, np.ones(len(measured))])
    penalty = np.append(np.full(measured.shape[1], _PENALTY), 0.0)
    weights = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (share - true) + penalty * weights
        curve = (design * (share * (1 - share) + 1e-9)[:, None]).T @ design + np.diag(penalty)
        weights = weights - np.linalg.solve(curve, slope)
    scaled = weights[:-1] / deviation
    return scaled, float(weights[-1] - scaled @ mean)


class Images:
    """The images of an indexed layout. Makes previews and keypoints when they are first needed."""

    def __init__(self, root: Path) -> None:
        with CollectionStore.open(root, "ro") as collection, open_snapshot(collection) as shards:
            contents = [*live_contents(collection, Decisions()).values()]
            self.heads = project_contents(shards, contents, projection_of(shards))
            self.paths = [content.images[0].path for content in contents]
        self._root = root
        self._previews: dict[int, Preview] = {}
        self._points: dict[int, Keypoints] = {}
        self.layout = parse_layout(self.paths)

    def data(self, number: int) -> bytes:
        return (self._root / self.paths[number]).read_bytes()

    def preview(self, number: int) -> Preview:
        if number not in self._previews:
            self._previews[number] = make_preview(self.data(number), Limits())
        return self._previews[number]

    def points(self, number: int) -> Keypoints:
        if number not in self._points:
            self._points[number] = find_keypoints(self.preview(number).rgb)
        return self._points[number]


def make_pairs(images: Images) -> Pairs:
    """Return each query with the unedited images nearest to it, by vectors and by fingerprints."""
    roles = images.layout
    plain = np.isin(roles.kind, ["original", "gallery"])
    rows, queries = np.flatnonzero(plain & roles.fitted), np.flatnonzero(~plain & roles.fitted)
    with ThreadPoolExecutor() as pool:
        squares = pool.map(
            lambda number: make_preview(images.data(number), Limits()).square,
            range(len(images.paths)),
        )
        fingerprints = np.array([*map(fingerprint, squares)])
    similarity = images.heads[queries] @ images.heads[rows].T
    correlation = np.maximum(*(
        vectors[queries] @ vectors[rows].T
        for vectors in map(
            normalise_fingerprints, (fingerprints, canonical_orientation(fingerprints))
        )
    ))  # fmt: skip
    nearest = -np.sort(-similarity, axis=1)[:, :FEATURE_NEIGHBOURS]
    near = np.argsort(-similarity, axis=1)[:, :FEATURE_NEIGHBOURS]
    near_by_fingerprint = np.argsort(-correlation, axis=1)[:, :_NEAREST_FINGERPRINTS]
    numbers = [(q, r) for q in range(len(queries)) for r in {*near[q], *near_by_fingerprint[q]}]
    q, r = np.array(numbers).T
    measured = pair_features(similarity[q, r], correlation[q, r], nearest[q])
    copy = (roles.source[queries[q]] == roles.source[rows[r]]) & (roles.source[queries[q]] >= 0)
    return Pairs(queries[q], rows[r], copy, measured)


def fit(images: Images) -> dict[str, tuple[Array, float]]:
    """Return weights and bias of each model by name."""
    pairs = make_pairs(images)
    weights, bias = logistic(pairs.measured, pairs.copy)
    logits = pairs.measured @ weights + bias
    least = float(np.quantile(logits[pairs.copy], _MISSED))
    models = {"PAIR_MODEL": (weights, bias - least)}
    chosen = np.flatnonzero((logits >= least - LENIENT_MARGIN) | pairs.copy)
    print(f"{len(pairs.copy)} pairs, {len(chosen)} of them are compared", file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = [*pool.map(lambda index: _measure_pair(images, pairs, index), chosen.tolist())]
    copy = np.array([pair.copy for pair in seen])
    unaligned = [
        (pair.unaligned[number], true) for pair in seen for number, true in pair.training_labels()
    ]
    models["UNALIGNED_MODEL"] = logistic(*_stack(unaligned))
    aligned = [(pair.aligned, pair.copy) for pair in seen if pair.aligned is not None]
    models["ALIGNED_MODEL"] = logistic(*_stack(aligned))
    both = np.array([_combined_measures(pair, models) for pair in seen])
    models["COMBINED_MODEL"] = logistic(both, copy)
    return models


def _stack(lines: list[tuple[Array, bool]]) -> tuple[Array, NDArray[np.bool_]]:
    return np.array([line[0] for line in lines]), np.array([line[1] for line in lines])


@dataclass(frozen=True)
class MeasuredPair:
    """The measures of a pair: unaligned (as it is, and mirrored), and aligned by keypoints."""

    copy: bool
    edit: str
    unaligned: tuple[Array, Array]
    aligned: Array | None
    fit: SimilarityTransform | None
    fewer: int

    def training_labels(self) -> list[tuple[int, bool]]:
        """Return which of `unaligned` to train on, and whether each shows a copy."""
        if not self.copy:
            return [(0, False), (1, False)]
        return (
            [(1, True)]
            if self.edit == "flip"
            else [(0, True)] * (not self.edit.startswith(_MOVING))
        )


def _combined_measures(pair: MeasuredPair, models: dict[str, tuple[Array, float]]) -> Array:
    unaligned_model, aligned_model = models["UNALIGNED_MODEL"], models["ALIGNED_MODEL"]
    unaligned = max(_logit(unaligned_model, measures) for measures in pair.unaligned)
    aligned = None if pair.aligned is None else _logit(aligned_model, pair.aligned)
    return combined_features(unaligned, aligned, pair.fit, pair.fewer)


def _logit(model: tuple[Array, float], measures: Array) -> float:
    weights, bias = model
    return float(measures @ weights) + bias


def _measure_pair(images: Images, pairs: Pairs, index: int) -> MeasuredPair:
    query, row, copy = int(pairs.query[index]), int(pairs.row[index]), bool(pairs.copy[index])
    a, b = images.preview(query), images.preview(row)
    mirrored = np.ascontiguousarray(b.square[:, ::-1])
    unaligned = (
        unaligned_features(measure_agreement(a.square, b.square)),
        unaligned_features(measure_agreement(a.square, mirrored)),
    )
    mine, others = images.points(query), images.points(row)
    fit_ = estimate_similarity(mine, others)
    measured = None
    if (
        fit_ is not None
        and fit_.inliers >= MIN_INLIERS
        and (roughly := align(a, b, fit_, SQUARE_SIDE))
    ):
        exactly = roughly.refine()
        agreement = measure_agreement(exactly.over, exactly.under, exactly.inside)
        measured = aligned_features(agreement, fit_, float(exactly.inside.mean()))
    fewer = min(len(mine.positions), len(others.positions))
    return MeasuredPair(copy, str(images.layout.edit[query]), unaligned, measured, fit_, fewer)


def main() -> None:
    for name, (weights, bias) in fit(Images(Path(sys.argv[1]))).items():
        print(f"{name} = Logistic(({', '.join(f'{one:.4g}' for one in weights)}), {bias:.4g})")


if __name__ == "__main__":
    main()
