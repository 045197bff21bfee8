"""Suggest the images to label next: the images that teach most beside those that have labels.

Takes a collection and options; returns ranked image ids.

`density` takes in each step the image that best represents the images which no labelled or
suggested image represents yet (greedy facility location; Nemhauser, Wolsey and Fisher, "An analysis
of approximations for maximizing submodular set functions", 1978). An image represents another at
distance d by exp(-s d). The sharpness s grows with the square root of the number of labels, up to
8: early suggestions stand for whole classes, later ones for variety within a class. An image counts
for less where its labelled neighbours agree on its class.

`k-center` takes in each step the image that is farthest from all labelled and suggested images
(Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985): outliers come first.

Neither suggests near-duplicates. docs/labels.md has the measurement that chose the default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import UsageError
from sokkuri.core.product_threads import large_product, small_products
from sokkuri.core.types import Features, OnProgress, Progress
from sokkuri.curation.labeling.knn_vote import NEIGHBOURS, encode_labels, knn_votes
from sokkuri.curation.labeling.live_vectors import LiveVectors
from sokkuri.store.collection import CollectionStore
from sokkuri.store.snapshot import at_one_moment

Method = Literal["density", "k-center"]
Choices = list[tuple[int, float]]
"""Indices into the candidate rows, in the order of the suggestions, each with a score."""

MAX_SUGGESTIONS = 5000
"""The most suggestions that one call returns."""

NEAR = 0.15
"""Cosine distance below which two images teach the same. 99 of 100 copies that were halved, cropped
by a tenth of their area or flipped are nearer than this to their original. 5 of 100 photos of
different garments are nearer than this to another photo, which loses nothing."""

_DENSITY_CANDIDATES = 8000  # rows that stand for all, each compared with each: 256 MB
_MAX_DENSITY_CANDIDATES = 11_000  # for many suggestions: 484 MB
_K_CENTER_CANDIDATES = 100_000  # 512 MB
_MAX_COMPARISONS = 1_000_000_000  # pairs of a candidate and a label: about 20 s
_MAX_SHARPNESS = 8.0
_AGREEMENT_DISCOUNT = 0.6  # the part of its weight that an image loses if its neighbours agree
_MAX_VOTERS = 20_000  # the latest labels, which vote on the weights
_STEP = 256  # rows of the matrix of all distances at a time
_LABEL_STEP = 4096  # rows compared with labels at a time


@dataclass(frozen=True, slots=True)
class SuggestOptions:
    """How many images to suggest, from which part of the collection, and by which method.

    under, where : filters, as in a search. labels : by image id; None means the labels of the
    catalog. without : ids of images not to suggest. same : pairs of ids of known near-duplicates;
    pairs that share an image form one group.
    """

    n: int = 100
    method: Method = "density"
    under: str | None = None
    where: str | None = None
    labels: Mapping[str, str] | None = None
    without: Sequence[str] = ()
    same: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An image to label.

    rank : from 1. score : 0 to 1. For `density`, the part of the collection that this image
    represents and no earlier one does; for `k-center`, the distance to the nearest earlier one.
    """

    rank: int
    id: str
    score: float
    why: str


def suggest(
    collection: CollectionStore,
    options: SuggestOptions | None = None,
    on_progress: OnProgress = lambda _: None,
) -> list[Suggestion]:
    """Return the images to label next, best first: fewer than n where no more would teach anything.

    on_progress : called while images are compared, and after each choice. Raises UsageError for a
    number out of range and for bad filters.
    """
    options = options or SuggestOptions()
    if not 1 <= options.n <= MAX_SUGGESTIONS:
        raise UsageError(
            f"the number of suggestions must be from 1 to {MAX_SUGGESTIONS:,}, not {options.n:,}"
        )
    return at_one_moment(collection, partial(_suggest, collection, options, on_progress))


def _suggest(
    collection: CollectionStore, options: SuggestOptions, on_progress: OnProgress
) -> list[Suggestion]:
    on_progress(Progress("reading", 0, 0))
    vectors = LiveVectors(collection, options.under, options.where)
    labelled, labels = vectors.rows_with_labels(options.labels)
    skipped = np.array([*vectors.rows_by_id(options.without).values()], np.int64)
    rows = np.setdiff1d(vectors.live, np.concatenate([labelled, skipped]))
    rows = vectors.sample(rows, _max_candidates(options, len(labelled)))
    if len(rows) == 0:
        return []
    state = _SuggestionState(vectors, rows, (labelled, labels), skipped, options.same)
    if options.method == "density":
        choices = _choose_by_density(state, options.n, on_progress)
        return _density_suggestions(state, list(_counted(choices, options.n, on_progress)))
    choices = _choose_by_k_center(state, options.n)
    return _k_center_suggestions(state, list(_counted(choices, options.n, on_progress)))


def _counted(
    choices: Iterator[tuple[int, float]], n: int, on_progress: OnProgress
) -> Iterator[tuple[int, float]]:
    """Yield the choices, and report each."""
    for number, choice in enumerate(choices, 1):
        on_progress(Progress("choosing", number, n))
        yield choice


def _max_candidates(options: SuggestOptions, labels: int) -> int:
    """Return the number of rows to choose from, which bounds memory and time."""
    if options.method == "density":
        affordable = max(_MAX_COMPARISONS // (labels + 1), options.n)
        wanted = min(max(_DENSITY_CANDIDATES, 3 * options.n), _MAX_DENSITY_CANDIDATES)
        return min(wanted, affordable)
    return min(_K_CENTER_CANDIDATES, max(_MAX_COMPARISONS // (labels + options.n), options.n))


class _SuggestionState:
    """The candidates, and how near each is to a labelled or suggested image.

    rows : (M,) int64 row numbers of the candidates. candidates : (M, D) float32, of length 1.
    labelled : (L,) int64. distance_to_labelled : (M,) float32, the distance to the nearest labelled
    image, inf without any. nearest_labelled : (M,) int64, its row, -1 without any. excluded : (M,)
    bool, the candidates that must not be suggested. unlabelled_per_row : how many unlabelled
    images of the collection a candidate stands for.
    """

    def __init__(
        self,
        vectors: LiveVectors,
        rows: NDArray[np.int64],
        labelled: tuple[NDArray[np.int64], list[str]],
        skipped: NDArray[np.int64],
        same: Sequence[tuple[str, str]],
    ) -> None:
        self.rows = rows
        self.labelled, self._labels = labelled
        self.vectors = vectors
        self.unlabelled_per_row = len(np.setdiff1d(vectors.live, self.labelled)) / len(rows)
        self.candidates = vectors.unit_vectors(rows)
        self.distance_to_labelled = np.full(len(rows), np.inf, np.float32)
        self.nearest_labelled = np.full(len(rows), -1, np.int64)
        with large_product():
            for block, labelled_vectors in vectors.unit_vector_blocks(self.labelled):
                self._update_nearest(labelled_vectors, self.labelled[block])
            self.excluded = self.distance_to_labelled < NEAR
            for _, skipped_vectors in vectors.unit_vector_blocks(skipped):
                self.excluded |= self._nearest_of(skipped_vectors)[0] < NEAR
        self._copies: dict[int, list[int]] = {}
        self._exclude_labelled_copies(same)

    def weights(self) -> NDArray[np.float32]:
        """Return the weight of each candidate : (M,), with a sum of at most 1.

        A candidate weighs less where its labelled neighbours agree on its class.
        """
        latest = slice(-_MAX_VOTERS, None)
        classes, labels = encode_labels(self._labels[latest])
        voters = self.vectors.unit_vectors(self.labelled[latest])
        weights = np.ones(len(self.rows), np.float32)
        for start in range(0, len(weights), _STEP) if len(classes) > 1 else ():
            part = slice(start, start + _STEP)
            shares = knn_votes(self.candidates[part] @ voters.T, labels, len(classes), NEIGHBOURS)
            shares.sort(axis=1)
            weights[part] -= _AGREEMENT_DISCOUNT * (shares[:, -1] - shares[:, -2])
        return weights / np.float32(len(weights))

    def exclude_with_copies(self, index: int) -> None:
        """Exclude a candidate that is now suggested, and its near-duplicates."""
        distances = 1 - self.candidates @ self.candidates[index]
        self.excluded |= distances < NEAR
        self.excluded[index] = True
        self.excluded[self._copies.get(index, [])] = True

    def count_as_labelled(self, index: int) -> None:
        """Measure `distance_to_labelled` from this candidate too."""
        self._update_nearest(self.candidates[index][None], self.rows[index][None])

    def _update_nearest(self, labelled_vectors: Features, labelled: NDArray[np.int64]) -> None:
        distances, nearest = self._nearest_of(labelled_vectors)
        nearer = distances < self.distance_to_labelled
        self.distance_to_labelled[nearer] = distances[nearer]
        self.nearest_labelled[nearer] = labelled[nearest[nearer]]

    def _nearest_of(self, others: Features) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the distance from each candidate to the nearest of the others, and its index."""
        nearest = np.empty(len(self.candidates), np.int64)
        distances = np.empty(len(self.candidates), np.float32)
        for start in range(0, len(nearest), _LABEL_STEP):
            part = slice(start, start + _LABEL_STEP)
            similarities = self.candidates[part] @ others.T
            nearest[part] = similarities.argmax(axis=1)
            best = np.take_along_axis(similarities, nearest[part, None], axis=1)[:, 0]
            distances[part] = 1 - best
        return np.maximum(distances, 0, out=distances), nearest

    def _exclude_labelled_copies(self, same: Sequence[tuple[str, str]]) -> None:
        """Exclude known copies of labelled images; remember the copies of the other candidates."""
        row_of_id = self.vectors.rows_by_id({id_ for pair in same for id_ in pair})
        index_of_row = {row: index for index, row in enumerate(self.rows.tolist())}
        labelled = {*self.labelled.tolist()}
        for ids in _connected_groups(same):
            rows = [row_of_id[id_] for id_ in ids if id_ in row_of_id]
            indices = [index_of_row[row] for row in rows if row in index_of_row]
            self._copies |= dict.fromkeys(indices, indices)
            if not labelled.isdisjoint(rows):
                self.excluded[indices] = True


def _connected_groups(pairs: Sequence[tuple[str, str]]) -> Iterable[list[str]]:
    """Return the groups of ids that pairs connect, directly or through other ids."""
    groups: dict[str, list[str]] = {}
    for a, b in pairs:
        large, small = sorted((groups.get(a, [a]), groups.get(b, [b])), key=len, reverse=True)
        if large is not small:
            large += small
            groups |= dict.fromkeys(small, large)
            groups[large[0]] = large
    return {id(group): group for group in groups.values()}.values()


def _choose_by_density(
    state: _SuggestionState, n: int, on_progress: OnProgress
) -> Iterator[tuple[int, float]]:
    """Yield (index, gain) of up to n candidates. Computes the distances of all candidates."""
    candidates = state.candidates
    on_progress(Progress("comparing", 0, len(candidates)))
    mean = float(1 - np.square(candidates.mean(axis=0, dtype=np.float64)).sum())
    unit = np.float32(mean if mean > 1e-6 else 1.0)  # distances in units of the mean distance
    with large_product():
        distances = candidates @ candidates.T
        weights = state.weights()
    np.subtract(1, distances, out=distances)  # in place: the matrix is by far the largest array
    distances /= unit
    to_chosen = state.distance_to_labelled / unit
    sharpness, gains = np.float32(0), np.empty(0, np.float32)
    for step in range(1, n + 1):
        new_sharpness = _sharpness(len(state.labelled) + step)
        represented = np.exp(-new_sharpness * to_chosen)
        if new_sharpness != sharpness:
            sharpness = new_sharpness
            gains = _all_gains(distances, represented, weights, sharpness, on_progress)
        gains[state.excluded] = -np.inf
        index = _largest_gain(distances, represented, weights, sharpness, gains)
        if gains[index] < 0:
            return
        state.exclude_with_copies(index)
        to_chosen = np.minimum(to_chosen, distances[index])
        yield index, float(gains[index])


def _sharpness(labels: int) -> np.float32:
    """Return the sharpness, which changes at powers of two only: in between, gains only shrink."""
    return np.float32(min(2.0 ** ((labels.bit_length() - 1) / 2), _MAX_SHARPNESS))


def _all_gains(
    distances: NDArray[np.float32],
    represented: NDArray[np.float32],
    weights: NDArray[np.float32],
    sharpness: np.float32,
    on_progress: OnProgress,
) -> NDArray[np.float32]:
    """Return how much each candidate would add to the mean of `represented` : (M,)."""

    def gains_of(start: int) -> NDArray[np.float32]:
        added = np.exp(-sharpness * distances[start : start + _STEP])
        added -= represented
        gains: NDArray[np.float32] = np.maximum(added, 0, out=added) @ weights
        return gains

    # NumPy lets go of Python's lock in these functions. The threads have the cores for themselves.
    with small_products(), ThreadPoolExecutor(available_cores()) as pool:
        parts = []
        for part in pool.map(gains_of, range(0, len(distances), _STEP)):
            parts.append(part)
            done = min(len(parts) * _STEP, len(distances))
            on_progress(Progress("comparing", done, len(distances)))
        return np.concatenate(parts)


def _largest_gain(
    distances: NDArray[np.float32],
    represented: NDArray[np.float32],
    weights: NDArray[np.float32],
    sharpness: np.float32,
    gains: NDArray[np.float32],
) -> int:
    """Return the index of the largest gain; its gain is below 0 if every candidate is excluded.

    gains : (M,) the last computed gains, which are upper bounds of today's. Only gains that come
    out as the largest are computed again, in place (lazy greedy).
    """
    while True:
        index = int(gains.argmax())
        gain = np.maximum(np.exp(-sharpness * distances[index]) - represented, 0) @ weights
        # Equal but for rounding. A gain that is no number ends the loop too.
        has_shrunk = gain < gains[index] * np.float32(1 - 1e-5)
        if gains[index] < 0 or not has_shrunk:
            return index
        gains[index] = gain


def _choose_by_k_center(state: _SuggestionState, n: int) -> Iterator[tuple[int, float]]:
    """Yield (index, distance) of up to n candidates.

    Without any label, the first candidate is the most similar to the mean of all candidates.
    """
    for _ in range(n):
        if state.excluded.all():
            return
        if np.isinf(state.distance_to_labelled[0]):
            score = state.candidates @ state.candidates.mean(axis=0, dtype=np.float32)
        else:
            score = state.distance_to_labelled
        index = int(np.where(state.excluded, np.float32(-np.inf), score).argmax())
        distance = float(state.distance_to_labelled[index])
        state.exclude_with_copies(index)
        nearest = state.nearest_labelled[index]
        state.count_as_labelled(index)
        state.nearest_labelled[index] = nearest  # keep its neighbour: now it is nearest to itself
        yield index, distance


def _density_suggestions(state: _SuggestionState, choices: Choices) -> list[Suggestion]:
    """Return suggestions that say of how many images each is the nearest label."""
    indices = np.array([index for index, _ in choices], np.int64)
    for index in indices.tolist():
        state.count_as_labelled(index)
    ids = state.vectors.ids_at(state.rows[indices])
    suggestions = []
    for rank, ((index, gain), id_) in enumerate(zip(choices, ids, strict=True), 1):
        nearest_to = int(np.count_nonzero(state.nearest_labelled == state.rows[index]))
        images = round(nearest_to * state.unlabelled_per_row)
        suggestions.append(Suggestion(rank, id_, gain, _density_text(images)))
    return suggestions


def _density_text(images: int) -> str:
    if images < 2:
        return "stands for itself: all others are nearer to another labelled or suggested one"
    return f"stands for about {images:,} images: no labelled or suggested one is nearer to them"


def _k_center_suggestions(state: _SuggestionState, choices: Choices) -> list[Suggestion]:
    """Return suggestions that name the nearest labelled or earlier suggested image of each."""
    indices = np.array([index for index, _ in choices], np.int64)
    nearest = state.nearest_labelled[indices]
    nearest_ids = iter(state.vectors.ids_at(nearest[nearest >= 0]))
    ids = state.vectors.ids_at(state.rows[indices])
    suggestions = []
    for rank, ((_, distance), row, id_) in enumerate(
        zip(choices, nearest.tolist(), ids, strict=True), 1
    ):
        score, why = 1.0, "no image has a label yet, and this one is nearest to the average"
        if row >= 0:
            score, why = (
                min(distance, 1.0),
                f"{next(nearest_ids)} is the nearest, at {distance:.2f}",
            )
        suggestions.append(Suggestion(rank, id_, score, why))
    return suggestions
