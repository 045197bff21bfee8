"""Searcher: queries in, Hits out.

A Searcher opens the collection's rows and the indexes over them: the exact one, the approximate one
(ann_files.py), or one over a vector engine (push_log.py). It turns queries into vectors (query.py)
and filters into a mask of rows (store/filters.py), searches an index, and looks up the records of
the hits in the catalog.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import SokkuriError, UnsupportedError, UsageError
from sokkuri.core.types import Metric, RowRef
from sokkuri.search.ann_files import AnnReader
from sokkuri.search.code_files import CodeReader
from sokkuri.search.collapse import CollapsedHits, GroupedCollection, collapse_copies
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.search.query import Query, QueryReader, QueryVector, combine, query_name
from sokkuri.search.results import Hits, SearchMode, SearchOptions, check_search
from sokkuri.search.search_snapshot import SearchBatch, SearchSnapshot
from sokkuri.search.vectors.base import Neighbours
from sokkuri.store.collection import CollectionStore
from sokkuri.store.live_rows import live_rows
from sokkuri.store.snapshot import at_one_moment

_Versions = tuple[str, dict[int, int], str, str]
"""What a snapshot was opened from: the generation of the model, rows by shard, the approximate
index, the vector engine."""


class Searcher:
    """Searches the rows that the collection had when the searcher was made or last refreshed.
    Removed images disappear from the results at once. When another process has rewritten the
    shards, or given the collection another model, the searcher follows by itself. notes : a line
    for each index that could not be used, and for each damaged vector. Not shared between threads.

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
        self._snapshot = SearchSnapshot(self._collection, self._codes, self._ann, self._remote)

    def _current_versions(self) -> _Versions:
        remote = "" if self._remote is None else self._remote.current
        rows_per_shard = self._collection.rows_per_shard()
        return self._collection.generation, rows_per_shard, self._ann.current, remote

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

    def read_vector(self, row: RowRef) -> NDArray[np.float32]:
        """Return the vector at a position, checked : (D,). Faster than from the collection: the
        shards are open already.

        Call it at one moment with `refresh`. Raises DamagedRowError, DamagedError.
        """
        return self._snapshot.vector(row)

    def search(
        self,
        images: Sequence[Query],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> Hits:
        """Return the k images nearest to `images`, which are combined into one query.

        images : files, ids of the collection, bytes, vectors, or words, with or without weights,
        see `query.Query`. metric : by default that of the model card.

        Raises UnsupportedError for words if the model knows none, UnknownImageError,
        DamagedRowError, ReadError and DecodeError for an image; UsageError for no image, k < 1 or
        an invalid filter; EngineError if the vector engine does not answer. In the mode `ann` it
        also raises MissingExtraError, and UnsupportedError if the approximate index cannot do this
        search, or not with this recall. Raises StoreReplacedError if the store was deleted or made
        anew, StorageError.
        """
        options = options or SearchOptions()
        check_search(k, metric, options)
        if not images:
            raise UsageError("a search needs at least one image, or words")
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
        has_words = any(term.text is not None for term in chain(unwanted, *queries))
        batch = SearchBatch(
            self._snapshot,
            k,
            metric,
            self._mask(options),
            [row for row in rows if row >= 0],
            words=has_words,
            recall=options.recall,
        )
        if metric != "cosine" and has_words:
            raise UsageError("words are compared by cosine: leave the metric out")
        vectors = np.stack([combine(images, unwanted, metric) for images in queries])
        results, recall = self._snapshot.search(options.mode, vectors, batch)
        hits = []
        for images, vector, name, result in zip(queries, vectors, names, results, strict=True):
            query_row = images[0].row if len(images) == 1 and not unwanted else None
            neighbours = batch.query_image_first(vector, query_row, result)
            if options.collapse:
                found = self._collapse(batch, options.mode, vector, neighbours, recall)
            else:
                count = len(neighbours[0])
                found = CollapsedHits(neighbours, [()] * count, [False] * count, recall)
            found = found.up_to(np.inf if options.max_distance is None else options.max_distance)
            made = self._make_hits(name, vector, batch, found, collapsed=options.collapse)
            hits.append(self._judge(made, images, unwanted))
        return hits

    def _collapse(
        self,
        batch: SearchBatch,
        mode: SearchMode,
        vector: NDArray[np.float32],
        first: Neighbours,
        recall: float | None,
    ) -> CollapsedHits:
        """Return one row for each group of copies. first, recall : the k nearest rows."""
        if not isinstance(self._collection, GroupedCollection):
            raise UnsupportedError("open the collection with sokkuri.Collection to collapse copies")

        def search_again(others: SearchBatch) -> tuple[Neighbours, float | None]:
            (result,), recall = self._snapshot.search(mode, vector[None], others)
            return result, recall

        return collapse_copies(batch, first, recall, self._collection.known_copies(), search_again)

    def _make_hits(
        self,
        name: tuple[str, ...],
        vector: NDArray[np.float32],
        batch: SearchBatch,
        found: CollapsedHits,
        *,
        collapsed: bool,
    ) -> Hits:
        """Return the rows of live images as hits."""
        images = batch.images(found.neighbours[0])
        live = np.array([image is not None for image in images], bool)
        found = found.select(np.flatnonzero(live))
        return Hits(
            query=name,
            vector=vector,
            metric=batch.metric,
            images=tuple(image for image in images if image is not None),
            distances=found.neighbours[1],
            root=self._collection.root,
            exact=found.recall is None,
            recall=1.0 if found.recall is None else found.recall,
            copies=tuple(found.copies) if collapsed else None,
            not_compared=sum(found.not_compared),
        )

    def _judge(
        self, hits: Hits, wanted: Sequence[QueryVector], unwanted: Sequence[QueryVector]
    ) -> Hits:
        """Add to hits of words which of them are good matches, and how probable each is."""
        if all(term.text is None for term in (*wanted, *unwanted)):
            return hits
        from sokkuri.search.words import good_distance, probabilities

        card = wanted[0].text if len(wanted) == 1 and not unwanted else None
        chances = None if card is None else probabilities(card, hits.distances)
        good = good_distance(hits.vector, self._snapshot.rows)
        return replace(hits, good_distance=good, probabilities=chances)

    def _mask(self, options: SearchOptions) -> NDArray[np.bool_] | None:
        """Return the rows that pass the filters : (N,) bool, None if there are no filters."""
        filters = self._collection.condition(options.under, options.where)
        if filters is None:
            return None
        rows = live_rows(self._collection.catalog, filters)
        mask = np.zeros(self._snapshot.rows.size, bool)
        numbers = self._snapshot.rows.numbers.to_numbers(rows)
        mask[numbers[numbers >= 0]] = True
        return mask
