"""Make vectors that are not rows of the collection, to measure an approximate index with.

Takes a collection; returns vectors of parts of its pictures, and of words that people search for.
They need its files and its model. An index finds fewer of their true nearest: vectors of words lie
far from those of pictures, and parts of pictures lie between the rows.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import SokkuriError
from sokkuri.core.types import Box, Metric
from sokkuri.models import has_text_side
from sokkuri.search.query import QueryReader
from sokkuri.search.vectors.recall import QueryKind
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import live_records
from sokkuri.store.row_numbers import RowNumbers

CROPS = 100
"""The number of pictures whose parts are queries."""

_CROP_SIDES = 0.5, 0.9  # least and greatest width and height of a part, as shares of the picture's
_SEED = 7
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


def foreign_queries(
    collection: CollectionStore, metric: Metric
) -> dict[QueryKind, NDArray[np.float32]]:
    """Return the queries of each kind that can be made here : (Q, D) each."""
    queries: dict[QueryKind, NDArray[np.float32]] = {}
    crops = _crop_queries(collection)
    if len(crops):
        queries["crops"] = np.stack(crops)
    if metric == "cosine":  # searches by words have no other metric
        texts = _text_queries(collection)
        if len(texts):
            queries["texts"] = np.stack(texts)
    return queries


def _crop_queries(collection: CollectionStore) -> list[NDArray[np.float32]]:
    """Return vectors of parts of up to CROPS pictures, those whose files are on this machine."""
    reader, vectors = QueryReader(collection), []
    for path, box in _draw_crops(collection):
        try:
            vectors.append(reader.read(path, box).vector)
        except SokkuriError:  # this file cannot be read now, or the model is missing
            continue
    return vectors


def _draw_crops(collection: CollectionStore) -> list[tuple[Path, Box]]:
    """Return the files of random images, and a part of each, in pixels."""
    rng = np.random.default_rng(_SEED)
    numbers = RowNumbers(collection.rows_per_shard())
    drawn = np.sort(rng.choice(numbers.size, min(numbers.size, CROPS), replace=False))
    crops = []
    for image in live_records(collection.catalog, numbers.to_refs(drawn)).values():
        path = collection.locate(image.path)
        if isinstance(path, Path) and path.is_file() and image.width and image.height:
            width, height = (
                max(1, int(side * rng.uniform(*_CROP_SIDES)))
                for side in (image.width, image.height)
            )
            x = int(rng.integers(0, image.width - width + 1))
            y = int(rng.integers(0, image.height - height + 1))
            crops.append((path, (x, y, width, height)))
    return crops


def _text_queries(collection: CollectionStore) -> list[NDArray[np.float32]]:
    """Return the vectors of TEXTS, of length 1; [] if the model knows no words, or its text side
    cannot be loaded here."""
    if not has_text_side(collection.model.source):
        return []
    from sokkuri.search.words import WordReader  # most models know no words

    try:
        words = WordReader(collection)
        return [words.read(text) for text in TEXTS]
    except SokkuriError:  # the model or the extra is missing: searches by words say so
        return []
