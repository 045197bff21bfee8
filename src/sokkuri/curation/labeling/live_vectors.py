"""The live images of a collection at one moment, as rows numbered through, and as directions.

Takes a collection; hands on row numbers, samples of them, their vectors at length 1, and names.
What is like what is told by angles, whatever the model's metric.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.search.vectors import VectorBlocks, normalised
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import condition
from sokkuri.store.images import find_image, live_images_at
from sokkuri.store.labels import placed_labels
from sokkuri.store.live_rows import live_rows

_SEED = 20250117
_STEP = 4096  # rows compared at a time


class Population:
    """live : (M,) int64, the rows of live images that pass the filters, ascending.

    Be inside of `catalog.reading()`, so that rows and names are those of one moment.
    """

    def __init__(
        self, collection: CollectionStore, under: str | None = None, where: str | None = None
    ) -> None:
        self._catalog = collection.catalog
        counted = collection.rows_per_shard()
        self.rows = VectorBlocks.from_shards(collection.shards, counted)
        made = condition(collection.root, under, where)
        found = live_rows(self._catalog, made)
        self.live = np.sort(self.rows.numbers.to_numbers(found))

    def labelled(self, labels: Mapping[str, str] | None) -> tuple[NDArray[np.int64], list[str]]:
        """Rows (L,) int64 and their labels : of these ids, or by default the catalog's, in the
        order of labelling. Ids of no live image are left out."""
        if labels is None:
            placed = placed_labels(self._catalog)
            return self.rows.numbers.to_numbers([place[:2] for place in placed]), [
                place[2] for place in placed
            ]
        found = self.rows_of(labels)
        return np.array([*found.values()], np.int64), [labels[id_] for id_ in found]

    def rows_of(self, ids: Iterable[str]) -> dict[str, int]:
        """The rows of those ids that live images have."""
        places = {}
        for id_ in ids:
            image = find_image(self._catalog, id_)
            if image is not None and image.at is not None and image.live:
                places[id_] = (image.at.shard, image.at.row)
        numbers = self.rows.numbers.to_numbers([*places.values()]).tolist()
        return dict(zip(places, numbers, strict=True))

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """The ids of live rows, in their order."""
        refs = self.rows.numbers.to_refs(rows)
        found = live_images_at(self._catalog, refs)
        return [found[ref][0] if ref in found else "" for ref in refs]

    def sample(self, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """At most so many of the rows, drawn : ascending. A row that is drawn stays so while
        others leave."""
        if len(rows) <= most:
            return rows
        luck = np.random.default_rng(_SEED).random(self.rows.size, np.float32)[rows]
        return np.sort(rows[np.argpartition(luck, most)[:most]])

    def points(self, rows: NDArray[np.int64]) -> Features:
        """The rows, in any order, at length 1 : (M, D) float32."""
        order = np.argsort(rows, kind="stable")
        dimension = self.rows.blocks[0].shape[1] if self.rows.blocks else 0
        found = np.empty((len(rows), dimension), np.float32)
        for at in range(0, len(rows), _STEP):
            here = order[at : at + _STEP]
            found[here] = normalised(self.rows.take(rows[here]), "cosine")
        return found

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[slice, Features]]:
        """The same, some thousand at a time, each with where it stands."""
        for at in range(0, len(rows), _STEP):
            here = slice(at, at + _STEP)
            yield here, self.points(rows[here])
