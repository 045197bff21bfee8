"""Turn words into query vectors, and tell which hits fit them.

Takes a collection and words; returns vectors of the space that the collection's pictures are in.
The text side of the model is loaded when words first need it.
"""

import math
import threading
from statistics import NormalDist

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.core.errors import UnsupportedError
from sokkuri.models import TextCard, resolve_model
from sokkuri.models.text_encoder import TextEncoder
from sokkuri.search.vectors import VectorBlocks, as_float64_queries, distances
from sokkuri.store.collection import CollectionStore

EXAMPLE = "hf:immich-app/ViT-B-16-SigLIP2__webli"
"""A model that knows words, for messages."""

_REMEMBERED = 256  # texts
_RUNS, _RUN = 64, 32  # the sample: 64 runs of 32 rows each, which a disk reads fast
_LEAST_SAMPLE = 8  # rows; of fewer, nothing can be said about what is usual


class WordReader:
    """The text side of a collection's model. Safe to call from many threads at once.

    Raises UnsupportedError if the model knows no words, MissingExtraError without the extra
    `words`, ModelError, ModelMismatchError.
    """

    def __init__(self, collection: CollectionStore) -> None:
        saved = collection.model
        model = resolve_model(saved.source).decoding(saved.decode)
        collection.check_model(model)
        if model.card.text is None:
            raise UnsupportedError(no_words_text(saved.name))
        self.card: TextCard = model.card.text
        self.fingerprint = model.fingerprint
        self._encoder = TextEncoder(model)
        self._vectors: LRUCache[str, NDArray[np.float32]] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def read(self, words: str) -> NDArray[np.float32]:
        """Return the vector of the words : (D,) float32 of length 1. Raises UsageError,
        ModelError."""
        with self._lock:
            vector = self._vectors.get(words)
        if vector is None:
            vector = self._encoder.encode(words)
            with self._lock:
                self._vectors[words] = vector
        return vector


def no_words_text(name: str) -> str:
    """Return a line that says that a model knows no words, and what to do."""
    from sokkuri.models.recommended import recommended_models

    sizes = {model.name: model.megabytes for model in recommended_models()}
    return (
        f"the collection's model {name} knows no words: give it one that does: install the extras "
        f"words and hub, then `sokkuri models add {EXAMPLE}` (it fetches {sizes[EXAMPLE]:,} MB), "
        f"then `sokkuri index FOLDER --model {EXAMPLE.rpartition('/')[2]} --replace`"
    )


def probabilities(card: TextCard, away: NDArray[np.float64]) -> tuple[float, ...] | None:
    """Return the probability that each picture fits the words; None for a model that was not
    trained to give any. away : (N,) cosine distances of the pictures from the words."""
    if card.logit_scale is None or card.logit_bias is None:
        return None
    logits = card.logit_scale * (1.0 - away) + card.logit_bias
    return tuple(_sigmoid(logit) for logit in logits.tolist())


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -700.0), 700.0)))


def good_distance(query: NDArray[np.float32], rows: VectorBlocks) -> float | None:
    """Return the cosine distance up to which a hit is a good match; None for a small collection.

    Most pictures of a collection have nothing to do with the words. Their distances are the
    background: its middle is the median, and its spread is taken from the farther half, where the
    pictures that fit do not disturb. A good match is nearer than the nearest of as many pictures
    as the collection has would be by chance, if distances were distributed normally.

    query : (D,). rows : of the collection; an even sample of them is measured.
    """
    if rows.size < _LEAST_SAMPLE:
        return None
    starts = np.linspace(0, max(0, rows.size - _RUN), _RUNS).astype(np.int64)
    sample = np.unique(np.minimum(starts[:, None] + np.arange(_RUN), rows.size - 1))
    vectors = rows.take(sample).astype(np.float64)
    away = distances(vectors, as_float64_queries(query[None], "cosine")[0], "cosine")
    away = away[np.isfinite(away)]
    if away.size < _LEAST_SAMPLE:
        return None
    middle, farther = np.quantile(away, [0.5, NormalDist().cdf(1)])
    by_chance = NormalDist().inv_cdf(1 - 1 / (2 * rows.size))
    return float(middle - by_chance * (farther - middle))
