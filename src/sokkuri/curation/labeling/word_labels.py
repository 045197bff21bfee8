"""Suggest labels by words alone: the label whose words an image fits best.

Takes a collection whose model knows words, and the labels to choose from; returns a label for each
image that has none yet. No image needs to be labelled before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sokkuri.core.errors import UsageError
from sokkuri.core.values import check_number
from sokkuri.curation.labeling.live_vectors import LiveVectors
from sokkuri.search.words import WordReader
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import clean_label, read_labels, set_labels
from sokkuri.store.snapshot import at_one_moment

MAX_LABELS = 1000
_USUAL_SCALE = 100.0  # of cosines in CLIP, and the limit that its training set


@dataclass(frozen=True, slots=True)
class WordLabel:
    """The label that an image fits best. confidence : its share among the given labels, 0 to 1."""

    id: str
    label: str
    confidence: float


def suggest_labels(
    collection: CollectionStore,
    labels: Sequence[str],
    min_confidence: float = 0.5,
    *,
    under: str | None = None,
    where: str | None = None,
    words: WordReader | None = None,
) -> list[WordLabel]:
    """Return the best of the labels for each live image without a label, the surest first.

    under, where : filters, as in a search. words : of the collection, if it is loaded. Raises
    UsageError for fewer than two labels, an invalid one and bad filters, and the errors of
    `WordReader`, such as UnsupportedError if the model knows no words; ModelReplacedError if the
    words were read with a model that was replaced since.
    """
    check_number("min_confidence", min_confidence, 0)
    names = list(dict.fromkeys(map(clean_label, labels)))
    if not 2 <= len(names) <= MAX_LABELS:
        raise UsageError(f"give 2 to {MAX_LABELS:,} labels to choose from, not {len(names):,}")
    words = words or WordReader(collection)
    texts = np.stack([words.read(name) for name in names])
    scale = words.card.logit_scale or _USUAL_SCALE
    texts *= np.float32(scale)

    def suggest() -> list[WordLabel]:
        collection.check_made_by(words.fingerprint, "the words")
        return _suggest(collection, (under, where), names, texts, min_confidence)

    return at_one_moment(collection, suggest)


def _suggest(
    collection: CollectionStore,
    filters: tuple[str | None, str | None],
    names: Sequence[str],
    texts: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    min_confidence: float,
) -> list[WordLabel]:
    """Return the labels at one moment. texts : (L, D), the labels' vectors times the scale."""
    vectors = LiveVectors(collection, *filters)
    labelled = vectors.rows_by_id(read_labels(collection.catalog))
    rows = np.setdiff1d(vectors.live, np.array([*labelled.values()], np.int64))
    found: list[tuple[float, int, int]] = []
    for block, units in vectors.unit_vector_blocks(rows):
        logits = units.astype(np.float64) @ texts.T
        best = logits.argmax(axis=1)
        # The softmax of the largest: 1 over the sum of e to the differences from it.
        shares = 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
        sure = np.flatnonzero(shares >= min_confidence)
        chosen = rows[block][sure].tolist()
        found += zip((-shares[sure]).tolist(), chosen, best[sure].tolist(), strict=True)
    found.sort()
    ids = vectors.ids_at(np.array([row for _, row, _ in found], np.int64))
    return [
        WordLabel(id_, names[label], -negative)
        for id_, (negative, _, label) in zip(ids, found, strict=True)
        if id_
    ]


def apply_labels(collection: CollectionStore, suggested: Sequence[WordLabel]) -> int:
    """Give the images their suggested labels; return how many. Raises ConflictError, before any
    change, if an image has got another label meanwhile."""
    chosen: list[tuple[str, str | None]] = [(one.id, one.label) for one in suggested]
    if chosen:
        set_labels(collection.catalog, chosen, dict.fromkeys(one.id for one in suggested))
    return len(chosen)
