"""Vectors of the live images of a collection at one moment.

Takes a collection. Returns row numbers, samples of them, ids, and vectors of length 1, which are
checked when they are first read. Similarity is always cosine, whatever the model's metric.
"""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Features
from sokkuri.search.vectors import VectorBlocks, normalised
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import find_images, live_records
from sokkuri.store.labels import labelled_rows
from sokkuri.store.live_rows import live_checksums, live_rows
from sokkuri.store.read_rows import damaged_row_error, unsound_rows

_SEED = 20250117
_STEP = 4096  # rows in a block


class LiveVectors:
    """Vectors of the live images that pass the filters.

    live : (M,) int64, the row numbers of these images, ascending. Create and use it inside
    `at_one_moment`, to see rows and ids of the same moment. Raises UsageError for bad filters.
    """

    def __init__(
        self, collection: CollectionStore, under: str | None = None, where: str | None = None
    ) -> None:
        self._catalog = collection.catalog
        self._vectors = VectorBlocks.from_shards(collection.shards, collection.rows_per_shard())
        self._numbers = self._vectors.numbers
        refs = live_rows(self._catalog, collection.condition(under, where))
        self.live = np.sort(self._numbers.to_numbers(refs))
        self._checksums = np.zeros(self._vectors.size, np.int64)
        self._is_checked = np.ones(self._vectors.size, bool)
        places, checksums = live_checksums(self._catalog)
        numbers = self._numbers.to_numbers(places)
        self._checksums[numbers] = checksums
        self._is_checked[numbers] = False

    def rows_with_labels(
        self, labels: Mapping[str, str] | None
    ) -> tuple[NDArray[np.int64], list[str]]:
        """Return the row numbers of labelled images : (L,) int64, and their labels.

        labels : by image id. None means the labels of the catalog, in the order in which people
        set them. Ids of images that are not live are left out.
        """
        if labels is None:
            placed = labelled_rows(self._catalog)
            rows = self._numbers.to_numbers([(shard, row) for shard, row, _ in placed])
            return rows, [label for _, _, label in placed]
        rows_by_id = self.rows_by_id(labels)
        return np.array([*rows_by_id.values()], np.int64), [labels[id_] for id_ in rows_by_id]

    def rows_by_id(self, ids: Collection[str]) -> dict[str, int]:
        """Return the row number of each id, without the ids of images that are not live."""
        images = find_images(self._catalog, ids)
        refs = {
            id_: (image.row.shard, image.row.row)
            for id_ in ids
            if (image := images.get(id_)) is not None and image.row is not None and image.live
        }
        rows = self._numbers.to_numbers([*refs.values()]).tolist()
        return dict(zip(refs, rows, strict=True))

    def ids_at(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the id of each row; "" for a row that is not live."""
        refs = self._numbers.to_refs(rows)
        records = live_records(self._catalog, refs)
        return [records[ref].id if ref in records else "" for ref in refs]

    def sample(self, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Return at most `size` of the rows, drawn at random : ascending.

        The draw of a row depends on its number alone: a drawn row stays drawn while other rows
        leave.
        """
        if len(rows) <= size:
            return rows
        draw = np.random.default_rng(_SEED).random(self._vectors.size, np.float32)[rows]
        return np.sort(rows[np.argpartition(draw, size)[:size]])

    def unit_vectors(self, rows: NDArray[np.int64]) -> Features:
        """Return the vectors of rows in any order, normalised to length 1 : (M, D) float32.

        Raises DamagedRowError for a vector that is not as it was written.
        """
        order = np.argsort(rows, kind="stable")
        dimension = self._vectors.blocks[0].shape[1] if self._vectors.blocks else 0
        vectors = np.empty((len(rows), dimension), np.float32)
        for start in range(0, len(rows), _STEP):
            block = order[start : start + _STEP]
            self._check(rows[block])
            vectors[block] = normalised(self._vectors.take(rows[block]), "cosine")
        return vectors

    def _check(self, rows: NDArray[np.int64]) -> None:
        """Check the rows, which are in ascending order, unless they were checked before."""
        rows = np.unique(rows[~self._is_checked[rows]])
        for block, part, offsets in self._numbers.split(rows):
            stored, checksums = self._vectors.blocks[block][offsets], self._checksums[rows[part]]
            bad = unsound_rows(stored, checksums.tolist())
            if len(bad):
                raise damaged_row_error(self.ids_at(rows[part][bad[:1]])[0])
        self._is_checked[rows] = True

    def unit_vector_blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[slice, Features]]:
        """Yield the vectors of rows in blocks of up to 4,096, each with its slice of `rows`."""
        for start in range(0, len(rows), _STEP):
            block = slice(start, start + _STEP)
            yield block, self.unit_vectors(rows[block])
