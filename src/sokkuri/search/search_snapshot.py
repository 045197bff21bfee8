"""The rows and indexes of one moment, and searches in them that run together.

Takes query vectors; returns neighbours by row number, and the catalog's records of rows.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, UnsupportedError
from sokkuri.core.types import ImageRecord, Metric, RowRef
from sokkuri.search.ann_files import AnnReader
from sokkuri.search.code_files import CodeReader
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.search.results import SearchMode
from sokkuri.search.vectors import ExactIndex, VectorBlocks, as_float64_queries, distances
from sokkuri.search.vectors.ann import AnnIndex
from sokkuri.search.vectors.base import Neighbours
from sokkuri.search.vectors.recall import MeasuredEffort, MeasuredRecall, choose_effort
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import records_with_checksums
from sokkuri.store.read_rows import check_rows, damaged_row_error, unsound_rows


class SearchSnapshot:
    """The rows of one moment under consecutive numbers, and the indexes over them. An index is
    opened when it is first used."""

    def __init__(
        self,
        collection: CollectionStore,
        codes: CodeReader,
        ann: AnnReader,
        remote: RemoteIndexReader | None,
    ) -> None:
        self.notes: list[str] = []
        self._collection = collection
        self._codes = codes
        self._ann = ann
        self._remote = remote
        self._generation = collection.generation
        self._rows_per_shard = collection.rows_per_shard()
        self.rows = VectorBlocks.from_shards(collection.shards, self._rows_per_shard)

    @cached_property
    def exact(self) -> ExactIndex:
        """The exact index."""
        codes, notes = self._codes.read(self._rows_per_shard)
        self._add_notes(*notes)
        return ExactIndex(self.rows.blocks, codes)

    @cached_property
    def ann(self) -> tuple[AnnIndex, Sequence[MeasuredEffort]] | None:
        """The approximate index and the efforts of searching it, None if it cannot be used."""
        try:
            return self._open_ann()
        except UnsupportedError:
            return None
        except MissingExtraError as error:
            self._add_notes(f"searched exactly: {error}")
            return None

    def _open_ann(self) -> tuple[AnnIndex, Sequence[MeasuredEffort]]:
        """Return the approximate index and the efforts of searching it. Raises UnsupportedError if
        there is none, MissingExtraError."""
        index, efforts, note = self._ann.read(self._rows_per_shard, self.rows)
        self._add_notes(note)
        if index is None:
            store = self._collection.store
            raise UnsupportedError(
                f"{store} has no approximate index: `sokkuri compact --ann-from 0` makes one"
            )
        return index, efforts

    @cached_property
    def remote(self) -> tuple[RemoteIndex, MeasuredRecall] | None:
        """The index over the vector engine and its recall, None without an engine."""
        if self._remote is None:
            return None
        index, recall = self._remote.read(self._rows_per_shard, self.rows)
        return index, MeasuredRecall({"rows": recall})

    def search(
        self, mode: SearchMode, queries: NDArray[np.float32], batch: "SearchBatch"
    ) -> tuple[list[Neighbours], float | None]:
        """Return the neighbours of each query, and the recall of such searches, None if exact.
        `auto` tries the vector engine first, then the approximate index, then the exact search."""
        arguments = (queries, batch.k, batch.metric, batch.accept, batch.mask)
        if mode == "auto" and self.remote is not None:
            remote, measured = self.remote
            if (recall := measured.at(batch.k)) >= (batch.recall or 0.0):
                with suppress(UnsupportedError):  # the exact search can do it
                    return remote.search_many(*arguments), recall
            return self.exact.search_many(*arguments), None
        if mode != "exact":
            # An error is made anew each time: a kept one would collect a traceback in each search.
            ann = self._open_ann() if mode == "ann" and self.ann is None else self.ann
            if ann is not None:
                try:
                    index, recall = _with_recall(*ann, batch)
                    return index.search_many(*arguments), recall
                except UnsupportedError:
                    if mode == "ann":
                        raise
        return self.exact.search_many(*arguments), None

    def _add_notes(self, *lines: str) -> None:
        self.notes += [line for line in lines if line and line not in self.notes]

    def is_live(self) -> bool:
        """Return whether the catalog still has all shards: rows of others are no image's, or of
        another model."""
        if self._generation != self._collection.generation:
            return False
        return self._rows_per_shard.keys() <= self._collection.rows_per_shard().keys()

    def row_number(self, row: RowRef) -> int:
        """Return the number of a row, -1 if it was committed after this moment."""
        return self.rows.numbers.to_number(row)

    def vector(self, row: RowRef) -> NDArray[np.float32]:
        """Return the vector at a position of now, as a copy : (D,). Its shard is open already.

        Raises DamagedRowError, DamagedError.
        """
        place, number = (row.shard, row.row), self.row_number(row)
        vector: NDArray[np.float32]
        if number < 0:
            (vector,) = self._collection.read_vectors([place])
            return vector
        stored = self.rows.stored_rows(np.array([number]))
        check_rows(self._collection.catalog, self._collection.shards, [place], stored)
        (vector,) = stored.astype(np.float32, copy=False)
        return vector

    def images(self, rows: Sequence[int]) -> list[ImageRecord | None]:
        """Return the record of each row's live image, None for a row without one.

        A row that is not as it was written is no image's: its place goes to the next nearest.
        """
        numbers = np.array(rows, np.int64)
        refs = self.rows.numbers.to_refs(numbers)
        live = records_with_checksums(self._collection.catalog, refs)
        found = [live.get(ref) for ref in refs]
        owned = [offset for offset, one in enumerate(found) if one is not None]
        checksums = [one[1] for one in found if one is not None]
        for number in unsound_rows(self.rows.stored_rows(numbers[owned]), checksums).tolist():
            damaged = live.pop(refs[owned[number]])
            self._add_notes(f"left out: {damaged_row_error(damaged[0].id)}")
        return [live[ref][0] if ref in live else None for ref in refs]


def _with_recall(
    index: AnnIndex, efforts: Sequence[MeasuredEffort], batch: "SearchBatch"
) -> tuple[AnnIndex, float]:
    """Return the index with the least effort that reaches the recall of the batch, and the measured
    recall. Raises UnsupportedError if no effort reaches it."""
    chosen = choose_effort(efforts, batch.k, words=batch.words, goal=batch.recall)
    if chosen is None:
        best = efforts[-1].recall.at(batch.k, words=batch.words)
        raise UnsupportedError(
            f"the approximate index reaches a recall of {best:.4f} for {batch.k} hits, "
            f"not {batch.recall}: search exactly"
        )
    return index.with_effort(chosen.effort), chosen.recall.at(batch.k, words=batch.words)


class SearchBatch:
    """Searches that run together: k, the metric, and the rows that may be hits.

    recall : the least recall of the searches, None for the usual one. mask : (N,) bool, the rows
    that pass the filters, None without filters. unwanted : the numbers
    of rows that are never hits. words : the queries have words.
    """

    def __init__(
        self,
        snapshot: SearchSnapshot,
        k: int,
        metric: Metric,
        mask: NDArray[np.bool_] | None,
        unwanted: Sequence[int],
        *,
        words: bool = False,
        recall: float | None = None,
    ) -> None:
        self.words = words
        self.recall = recall
        self.mask = mask
        self._snapshot = snapshot
        self.k = k
        self.metric = metric
        self._unwanted = np.array(unwanted, np.int64)
        self._records: dict[int, ImageRecord | None] = {}

    def images(self, rows: NDArray[np.int64]) -> list[ImageRecord | None]:
        """Return the record of each row's live image, None for a row without one. Each row is
        looked up in the catalog once."""
        new = [row for row in rows.tolist() if row not in self._records]
        if new:
            self._records.update(zip(new, self._snapshot.images(new), strict=True))
        return [self._records[row] for row in rows.tolist()]

    def leaving_out(self, rows: Sequence[int], k: int) -> "SearchBatch":
        """Return a batch for k hits that are none of these rows either."""
        unwanted = [*self._unwanted.tolist(), *rows]
        batch = SearchBatch(
            self._snapshot, k, self.metric, self.mask, unwanted,
            words=self.words, recall=self.recall,
        )  # fmt: skip
        batch._records = self._records
        return batch

    def look_up(self, rows: Sequence[RowRef]) -> None:
        """Look up the images of these rows at once, before they are asked for one by one."""
        if self.mask is None:
            numbers = np.array([self._snapshot.row_number(row) for row in rows], np.int64)
            self.images(numbers[numbers >= 0])

    def hits_among(self, images: Sequence[tuple[str, RowRef]]) -> list[tuple[str, int]]:
        """Return the ids and row numbers of those images that may be hits.

        images : ids and rows of live images.
        """
        if not images:
            return []
        numbers = np.array([self._snapshot.row_number(row) for _, row in images], np.int64)
        may_be = numbers >= 0
        if self.mask is not None:
            may_be[may_be] = self.mask[numbers[may_be]]
        may_be[may_be] = self.accept(numbers[may_be])
        ids = [id_ for id_, _ in images]
        return [(ids[place], int(numbers[place])) for place in np.flatnonzero(may_be).tolist()]

    def accept(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows may be hits. Rows in the mask are live: only live images are in it."""
        may_be = np.ones(len(rows), bool)
        if self.mask is None:
            may_be = np.array([image is not None for image in self.images(rows)], bool)
        return may_be & ~np.isin(rows, self._unwanted) if len(self._unwanted) else may_be

    def query_image_first(
        self, vector: NDArray[np.float32], query_row: RowRef | None, neighbours: Neighbours
    ) -> Neighbours:
        """Move the query image itself to the front, before images with the same vector.

        vector : of the query. query_row : None if the query is not an image of the collection.
        """
        row = -1 if query_row is None else self._snapshot.row_number(query_row)
        if row < 0 or (self.mask is not None and not self.mask[row]):
            return neighbours
        rows, other_distances = neighbours
        if len(rows) and rows[0] == row:
            return neighbours
        own_row = np.array([row])
        if not self.accept(own_row)[0]:
            return neighbours
        own_vector = self._snapshot.rows.vector(row).astype(np.float64)
        query = as_float64_queries(vector[None], self.metric)[0]
        own_distance = distances(own_vector[None], query, self.metric)
        others = rows != row
        return (
            np.concatenate([own_row, rows[others]])[: self.k],
            np.concatenate([own_distance, other_distances[others]])[: self.k],
        )
