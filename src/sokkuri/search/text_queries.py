"""Vectors of everyday words, as queries to measure an approximate index with.

Takes a collection; returns vectors of words that people search photos for, if its model knows any.
Words lie elsewhere in the space than pictures do, so an index finds fewer of their true nearest.
"""

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import SokkuriError
from sokkuri.models import has_text_side
from sokkuri.store.collection import CollectionStore

_THINGS = (
    "a red bicycle", "a dog", "a cat", "a horse", "a bird in a tree", "a fish", "a butterfly",
    "a baby", "two children", "a crowd", "a wedding", "a birthday cake", "a plate of food",
    "a cup of coffee", "a glass of wine", "fruit", "a flower", "a forest", "a garden", "a mountain",
    "a lake", "the sea", "a beach", "a waterfall", "snow", "rain", "a sunset", "the moon",
    "the night sky", "a city at night", "a street", "a bridge", "a house", "a church", "a castle",
    "a kitchen", "a bedroom", "a desk", "a book", "a handwritten note", "a receipt",
    "a screenshot", "a map", "a car", "a train", "a boat", "an aeroplane", "a football match",
    "a guitar", "a black and white portrait",
)  # fmt: skip
_PROMPTS = ("{}", "a photo of {}")
TEXTS = tuple(prompt.format(thing) for thing in _THINGS for prompt in _PROMPTS)
"""The words of the queries."""


def text_queries(collection: CollectionStore) -> NDArray[np.float32] | None:
    """Return the vectors of TEXTS : (Q, D) of length 1. None if the model knows no words, or its
    text side cannot be loaded here."""
    if not has_text_side(collection.model.source):
        return None
    from sokkuri.search.words import WordReader  # most models know no words

    try:
        words = WordReader(collection)
        return np.stack([words.read(text) for text in TEXTS])
    except SokkuriError:  # the model or the extra is missing: searches by words say so
        return None
