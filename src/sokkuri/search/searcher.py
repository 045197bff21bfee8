"""Searcher: queries in, Hits out.

A Searcher opens the collection's rows and the indexes over them: the exact one, the approximate one
(ann_files.py), or one over a vector engine (push_log.py). It turns queries into vectors (query.py)
and filters into a mask of rows (store/filters.py), searches an index, and looks up the records of
the hits in the catalog.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, SokkuriError, UnsupportedError, UsageError
from sokkuri.core.types import ImageRecord, Metric, RowRef
from sokkuri.search.ann_files import AnnReader
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.search.query import Query, QueryReader, QueryVector, combine_vectors, query_name
from sokkuri.search.results import Hits, SearchMode, SearchOptions, check_search
from sokkuri.search.vectors import ExactIndex, VectorBlocks, as_float64_queries, distances
from sokkuri.search.vectors.ann import AnnIndex
from sokkuri.search.vectors.base import Neighbours
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import build_condition
from sokkuri.store.images import records_with_checksums
from sokkuri.store.live_rows import live_rows
from sokkuri.store.read_rows import damaged_row_error, unsound_rows
from sokkuri.store.snapshot import at_one_moment

_Versions = tuple[dict[int, int], str, str]
"""What a snapshot was opened from: rows by shard, the approximate index, the vector engine."""


class Searcher:
    """Searches the rows that the collection had when the searcher was made or last refreshed.
    Removed images disappear from the results at once. When another process has rewritten the
    shards, the searcher follows by itself. notes : a line for each index that could not be used,
    and for each damaged vector. Not shared between threads.

    engine : the URL of a vector engine that the collection was pushed to; the searcher must then be
    closed. Raises UsageError for an invalid URL, MissingExtraError.
    """

    def __init__(self, collection: CollectionStore, engine: str | None = None) -> None:
        self._collection = collection
        self._reader = QueryReader(collection)
        self._codes = CodeReader(collection)
        self._ann = AnnReader(collection, self._codes)
        self._engine = None if engine is None else open_engine(engine)
        self._remote: RemoteIndexReader | None = None
        if self._engine is not None:
            self._remote = RemoteIndexReader(collection, self._codes, self._engine)
        at_one_moment(collection, self._open_snapshot)

    def close(self) -> None:
        """Close the connection to the vector engine, if there is one."""
        if self._engine is not None:
            self._engine.close()

    def _open_snapshot(self) -> None:
        self._versions = self._current_versions()
        self._snapshot = _Snapshot(self._collection, self._codes, self._ann, self._remote)

    def _current_versions(self) -> _Versions:
        remote = "" if self._remote is None else self._remote.current
        return self._collection.rows_per_shard(), self._ann.current, remote

    @property
    def notes(self) -> list[str]:
        """A line for each index that could not be used."""
        return self._snapshot.notes

    def refresh(self) -> bool:
        """Load rows and indexes that are newer than this searcher; return if there were any.

        Raises StoreReplacedError if the store was deleted or made anew.
        """
        return at_one_moment(self._collection, self._refresh)

    def _refresh(self) -> bool:
        if self._current_versions() == self._versions:
            return False
        self._open_snapshot()
        return True

    def search(
        self,
        images: Sequence[Query],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> Hits:
        """Return the k images nearest to `images`, which are combined into one query.

        images : files, ids of the collection, bytes, or vectors, see `query.Query`. metric : by
        default that of the model card.

        Raises UnknownImageError, DamagedRowError, ReadError and DecodeError for an image;
        UsageError for no image, k < 1 or an invalid filter; EngineError if the vector engine does
        not answer. In the mode `ann` it also raises MissingExtraError, and UnsupportedError if the
        approximate index cannot do this search. Raises StoreReplacedError if the store was deleted
        or made anew, StorageError.
        """
        options = options or SearchOptions()
        check_search(k, metric, options)
        if not images:
            raise UsageError("a search needs at least one image")
        search = partial(self._search, images, k, metric, options)
        return at_one_moment(self._collection, search)

    def _search(
        self, images: Sequence[Query], k: int, metric: Metric | None, options: SearchOptions
    ) -> Hits:
        wanted = [self._reader.read(image, options.crop) for image in images]
        names = tuple(map(query_name, images))
        (hits,) = self._search_batch([wanted], [names], k, metric, options)
        return hits

    def search_each(
        self,
        images: Sequence[Query],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> list[Hits | SokkuriError]:
        """Search for each image by itself; faster than calls of `search`. An image that cannot be
        read has its error in its place."""
        options = options or SearchOptions()
        check_search(k, metric, options)
        search = partial(self._search_each, images, k, metric, options)
        return at_one_moment(self._collection, search)

    def _search_each(
        self, images: Sequence[Query], k: int, metric: Metric | None, options: SearchOptions
    ) -> list[Hits | SokkuriError]:
        results = self._reader.read_each(images, options.crop)
        queries: list[list[QueryVector]] = []
        names: list[tuple[str, ...]] = []
        for image, result in zip(images, results, strict=True):
            if isinstance(result, QueryVector):
                queries.append([result])
                names.append((query_name(image),))
        hits = iter(self._search_batch(queries, names, k, metric, options))
        return [result if isinstance(result, SokkuriError) else next(hits) for result in results]

    def _search_batch(
        self,
        queries: Sequence[Sequence[QueryVector]],
        names: Sequence[tuple[str, ...]],
        k: int,
        metric: Metric | None,
        options: SearchOptions,
    ) -> list[Hits]:
        """Return the hits of each query, which is combined from one or more images. names : of the
        images of each query."""
        if not queries:
            return []
        if not self._snapshot.is_live():
            self._open_snapshot()
        metric = metric or self._collection.model.metric
        unwanted = [self._reader.read(image) for image in options.without]
        rows = [self._snapshot.row_number(image.row) for image in unwanted if image.row is not None]
        batch = _SearchBatch(
            self._snapshot, k, metric, self._mask(options), [row for row in rows if row >= 0]
        )
        away = [image.vector for image in unwanted]
        vectors = np.stack([
            combine_vectors([image.vector for image in images], away, metric) for images in queries
        ])  # fmt: skip
        results, recall = self._snapshot.search(options.mode, vectors, batch)
        hits = []
        for images, vector, name, result in zip(queries, vectors, names, results, strict=True):
            query_row = images[0].row if len(images) == 1 and not unwanted else None
            neighbours = batch.query_image_first(vector, query_row, result)
            neighbours = _up_to(neighbours, options.max_distance)
            hits.append(self._make_hits(name, vector, batch, neighbours, recall))
        return hits

    def _make_hits(
        self,
        name: tuple[str, ...],
        vector: NDArray[np.float32],
        batch: "_SearchBatch",
        neighbours: Neighbours,
        recall: float | None,
    ) -> Hits:
        """Return the neighbours that are still live images. recall : None if exact."""
        rows, distances = neighbours
        images = batch.images(rows)
        live = [offset for offset, image in enumerate(images) if image is not None]
        return Hits(
            query=name,
            vector=vector,
            metric=batch.metric,
            images=tuple(image for image in images if image is not None),
            distances=distances[live],
            root=self._collection.root,
            exact=recall is None,
            recall=1.0 if recall is None else recall,
        )

    def _mask(self, options: SearchOptions) -> NDArray[np.bool_] | None:
        """Return the rows that pass the filters : (N,) bool, None if there are no filters."""
        filters = build_condition(self._collection.root, options.under, options.where)
        if filters is None:
            return None
        rows = live_rows(self._collection.catalog, filters)
        mask = np.zeros(self._snapshot.rows.size, bool)
        numbers = self._snapshot.rows.numbers.to_numbers(rows)
        mask[numbers[numbers >= 0]] = True
        return mask


class _Snapshot:
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
        self._rows_per_shard = collection.rows_per_shard()
        self.rows = VectorBlocks.from_shards(collection.shards, self._rows_per_shard)

    @cached_property
    def exact(self) -> ExactIndex:
        """The exact index."""
        codes, notes = self._codes.read(self._rows_per_shard)
        self._add_notes(*notes)
        return ExactIndex(self.rows.blocks, codes)

    @cached_property
    def ann(self) -> tuple[AnnIndex, Mapping[int, float]] | None:
        """The approximate index and its recall by k, None if it cannot be used."""
        try:
            return self._open_ann()
        except UnsupportedError:
            return None
        except MissingExtraError as error:
            self._add_notes(f"searched exactly: {error}")
            return None

    def _open_ann(self) -> tuple[AnnIndex, Mapping[int, float]]:
        """Return the approximate index and its recall by k. Raises UnsupportedError if there is
        none, MissingExtraError."""
        index, recall, note = self._ann.read(self._rows_per_shard, self.rows)
        self._add_notes(note)
        if index is None:
            store = self._collection.store
            raise UnsupportedError(
                f"{store} has no approximate index: `sokkuri compact --ann-from 0` makes one"
            )
        return index, recall

    @cached_property
    def remote(self) -> tuple[RemoteIndex, Mapping[int, float]] | None:
        """The index over the vector engine and its recall by k, None without an engine."""
        return None if self._remote is None else self._remote.read(self._rows_per_shard, self.rows)

    def search(
        self, mode: SearchMode, queries: NDArray[np.float32], batch: "_SearchBatch"
    ) -> tuple[list[Neighbours], float | None]:
        """Return the neighbours of each query, and the recall of such searches, None if exact.
        `auto` tries the vector engine first, then the approximate index, then the exact search."""
        arguments = (queries, batch.k, batch.metric, batch.accept, batch.mask)
        if mode == "auto" and self.remote is not None:
            with suppress(UnsupportedError):  # the exact search can do it
                remote, recall = self.remote
                return remote.search_many(*arguments), _recall_at(recall, batch.k)
            return self.exact.search_many(*arguments), None
        if mode != "exact":
            # An error is made anew each time: a kept one would collect a traceback in each search.
            ann = self._open_ann() if mode == "ann" and self.ann is None else self.ann
            if ann is not None:
                index, recall = ann
                try:
                    return index.search_many(*arguments), _recall_at(recall, batch.k)
                except UnsupportedError:
                    if mode == "ann":
                        raise
        return self.exact.search_many(*arguments), None

    def _add_notes(self, *lines: str) -> None:
        self.notes += [line for line in lines if line and line not in self.notes]

    def is_live(self) -> bool:
        """Return whether the catalog still has all shards: rows of others are no image's."""
        return self._rows_per_shard.keys() <= self._collection.rows_per_shard().keys()

    def row_number(self, row: RowRef) -> int:
        """Return the number of a row, -1 if it was committed after this moment."""
        return self.rows.numbers.to_number(row)

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


class _SearchBatch:
    """Searches that run together: k, the metric, and the rows that may be hits.

    mask : (N,) bool, the rows that pass the filters, None without filters. unwanted : the numbers
    of rows that are never hits.
    """

    def __init__(
        self,
        snapshot: _Snapshot,
        k: int,
        metric: Metric,
        mask: NDArray[np.bool_] | None,
        unwanted: Sequence[int],
    ) -> None:
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

    def accept(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows may be hits. Rows in the mask are live: only live images are in it."""
        if self.mask is not None:
            return ~np.isin(rows, self._unwanted)
        live = np.array([image is not None for image in self.images(rows)], bool)
        return live & ~np.isin(rows, self._unwanted)

    def query_image_first(
        self, vector: NDArray[np.float32], query_row: RowRef | None, neighbours: Neighbours
    ) -> Neighbours:
        """Move the query image itself to the front, before images with the same vector.

        vector : of the query. query_row : None if the query is not an image of the collection.
        """
        row = -1 if query_row is None else self._snapshot.row_number(query_row)
        if row < 0 or (self.mask is not None and not self.mask[row]):
            return neighbours
        own_row = np.array([row])
        if not self.accept(own_row)[0]:
            return neighbours
        own_vector = self._snapshot.rows.vector(row).astype(np.float64)
        query = as_float64_queries(vector[None], self.metric)[0]
        own_distance = distances(own_vector[None], query, self.metric)
        rows, other_distances = neighbours
        others = rows != row
        return (
            np.concatenate([own_row, rows[others]])[: self.k],
            np.concatenate([own_distance, other_distances[others]])[: self.k],
        )


def _up_to(neighbours: Neighbours, max_distance: float | None) -> Neighbours:
    """Return the neighbours that are not farther away than `max_distance`."""
    rows, distances = neighbours
    near = distances <= (np.inf if max_distance is None else max_distance)
    return rows[near], distances[near]


def _recall_at(recall: Mapping[int, float], k: int) -> float:
    """Return the recall measured at k, or at the next larger k that was measured."""
    shares = [share for measured_k, share in sorted(recall.items()) if measured_k >= k]
    return shares[0] if shares else min(recall.values(), default=0.0)
