"""Searcher: queries in, Hits out.

A Searcher opens the collection's rows and the indexes over them: the exact one, the approximate one
(ann_files.py), or one over a vector engine (push_log.py). It turns queries into vectors (query.py)
and filters into a mask of rows (store/filters.py), searches an index, and looks up the records of
the hits in the catalog.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, SokkuriError, UnsupportedError, UsageError
from sokkuri.core.types import ImageRecord, Metric, RowRef
from sokkuri.search.ann_files import AnnReader
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.search.query import Image, QueryReader, QueryVector, combined
from sokkuri.search.results import Hits, SearchMode, SearchOptions
from sokkuri.search.vectors import ExactIndex, VectorBlocks, distances
from sokkuri.search.vectors.ann import AnnIndex
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import condition
from sokkuri.store.images import live_records
from sokkuri.store.live_rows import live_rows
from sokkuri.store.row_numbers import Numbering

_Neighbours = tuple[NDArray[np.int64], NDArray[np.float64]]


class Searcher:
    """Searches the rows that the collection had when the searcher was made or last refreshed.
    Removed images disappear from the results at once. notes : a line for each index that could not
    be used. Not shared between threads.

    engine : the URL of a vector engine that the collection was pushed to; then close the searcher
    in the end. Raises UsageError for an invalid URL, MissingExtraError.
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
        self._open()

    def close(self) -> None:
        """Close the connection to the vector engine, if there is one."""
        if self._engine is not None:
            self._engine.close()

    def _open(self) -> None:
        self._seen = self._now()
        self._snapshot = _Snapshot(self._collection, self._codes, self._ann, self._remote)

    def _now(self) -> tuple[dict[int, int], str, str]:
        pushed = "" if self._remote is None else self._remote.current
        return self._collection.rows_per_shard(), self._ann.current, pushed

    @property
    def notes(self) -> list[str]:
        return self._snapshot.notes

    def refresh(self) -> bool:
        """Load rows and indexes that are newer than this searcher; return if there were any."""
        if self._now() == self._seen:
            return False
        self._open()
        return True

    def search(
        self,
        images: Sequence[Image],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> Hits:
        """Return the k images nearest to `images`, which are combined into one query.

        images : files, ids of the collection, bytes, or vectors, see `query.Image`. metric : that
        of the model card by default. Raises UnknownImageError, ReadError and DecodeError for an
        image; UsageError for no image, k < 1 or an invalid filter; EngineError if the vector engine
        does not answer. In the mode `ann` it also raises MissingExtraError, and UnsupportedError if
        the approximate index cannot do this search.
        """
        asked = options or SearchOptions()
        if not images:
            raise UsageError("a search needs at least one image")
        wanted = [self._reader.read(image, asked.crop) for image in images]
        (hits,) = self._search_batch([wanted], [tuple(map(_name, images))], k, metric, asked)
        return hits

    def search_each(
        self,
        images: Sequence[Image],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> list[Hits | SokkuriError]:
        """Search for each image by itself; faster than calls of `search`. An image that cannot be
        read has its error in its place."""
        asked = options or SearchOptions()
        read = self._reader.read_each(images, asked.crop)
        good = [(image, one) for image, one in zip(images, read, strict=True)
                if isinstance(one, QueryVector)]  # fmt: skip
        names = [(_name(image),) for image, _ in good]
        found = iter(self._search_batch([[one] for _, one in good], names, k, metric, asked))
        return [one if isinstance(one, SokkuriError) else next(found) for one in read]

    def _search_batch(
        self,
        wanted: Sequence[Sequence[QueryVector]],
        names: Sequence[tuple[str, ...]],
        k: int,
        metric: Metric | None,
        asked: SearchOptions,
    ) -> list[Hits]:
        if k < 1:
            raise UsageError("a search needs -k of 1 or more")
        if not wanted:
            return []
        chosen = metric or self._collection.model.metric
        away = [self._reader.read(image) for image in asked.without]
        snapshot = self._snapshot
        refused = [snapshot.row(one.at) for one in away if one.at is not None]
        task = _SearchBatch(
            snapshot, k, chosen, self._mask(asked), [row for row in refused if row >= 0]
        )
        pushed = [one.vector for one in away]
        vectors = np.stack([combined([q.vector for q in one], pushed, chosen) for one in wanted])
        found, recall = snapshot.search(asked.mode, vectors, task)
        made = []
        for one, query, name, pair in zip(wanted, vectors, names, found, strict=True):
            at = one[0].at if len(one) == 1 and not away else None
            rows, measured = task.query_image_first(query, at, pair)
            near = measured <= (np.inf if asked.max_distance is None else asked.max_distance)
            made.append(self._hits(name, query, task, (rows[near], measured[near]), recall))
        return made

    def _hits(
        self,
        name: tuple[str, ...],
        query: NDArray[np.float32],
        task: "_SearchBatch",
        found: _Neighbours,
        recall: float | None,
    ) -> Hits:
        rows, distances = found
        images = task.images(rows)
        kept = [offset for offset, image in enumerate(images) if image is not None]
        return Hits(
            query=name,
            vector=query,
            metric=task.metric,
            images=tuple(image for image in images if image is not None),
            distances=distances[kept],
            root=self._collection.root,
            exact=recall is None,
            recall=1.0 if recall is None else recall,
        )

    def _mask(self, asked: SearchOptions) -> NDArray[np.bool_] | None:
        """Return the rows that pass the filters, None if there are no filters."""
        made = condition(self._collection.root, asked.under, asked.where)
        if made is None:
            return None
        rows = live_rows(self._collection.catalog, made)
        mask = np.zeros(self._snapshot.rows.size, bool)
        numbers = self._snapshot.numbering.numbers(rows)
        mask[numbers[numbers >= 0]] = True
        return mask


class _Snapshot:
    """The rows of one moment under consecutive numbers, and the indexes over them, which are opened
    when they are first used."""

    def __init__(
        self,
        collection: CollectionStore,
        codes: CodeReader,
        ann: AnnReader,
        pushed: RemoteIndexReader | None,
    ) -> None:
        self.notes: list[str] = []
        self._collection = collection
        self._codes = codes
        self._ann = ann
        self._remote = pushed
        self._counted = collection.rows_per_shard()
        self.numbering = Numbering(self._counted)
        self.rows = VectorBlocks([
            collection.shards.features(shard, rows) for shard, rows in self._counted.items()
        ])  # fmt: skip

    @cached_property
    def exact(self) -> ExactIndex:
        codes, notes = self._codes.read(self._counted)
        self._note(*notes)
        return ExactIndex(self.rows.blocks, codes)

    @cached_property
    def ann(self) -> tuple[AnnIndex, Mapping[int, float]] | UnsupportedError | MissingExtraError:
        """The approximate index and its recall by k, or the error if it cannot be used."""
        try:
            index, recall, note = self._ann.read(self._counted, self.rows)
        except MissingExtraError as error:
            return error
        self._note(note)
        if index is None:
            store = self._collection.store
            return UnsupportedError(
                f"{store} has no approximate index: `sokkuri compact --ann-from 0` makes one"
            )
        return index, recall

    @cached_property
    def served(self) -> tuple[RemoteIndex, Mapping[int, float]] | None:
        """The index over the vector engine and its recall by k, None without an engine."""
        return None if self._remote is None else self._remote.read(self._counted, self.rows)

    def search(
        self, mode: SearchMode, queries: NDArray[np.float32], task: "_SearchBatch"
    ) -> tuple[list[_Neighbours], float | None]:
        """Return the neighbours of each query, and the recall of such searches, None if exact.
        `auto` tries the vector engine first, then the approximate index, then the exact search."""
        asked = (queries, task.k, task.metric, task.accept, task.mask)
        if mode == "auto" and self.served is not None:
            with suppress(UnsupportedError):  # the exact search can do it
                served, recall = self.served
                return served.search_many(*asked), _recall_at(recall, task.k)
            return self.exact.search_many(*asked), None
        if mode != "exact":
            try:
                if isinstance(self.ann, SokkuriError):
                    raise self.ann
                index, recall = self.ann
                return index.search_many(*asked), _recall_at(recall, task.k)
            except (UnsupportedError, MissingExtraError) as error:
                if mode == "ann":
                    raise
                if isinstance(error, MissingExtraError):
                    self._note(f"searched exactly: {error}")
        return self.exact.search_many(*asked), None

    def _note(self, *lines: str) -> None:
        self.notes += [line for line in lines if line and line not in self.notes]

    def row(self, at: RowRef) -> int:
        """Return the number of a row, -1 if it was committed after this moment."""
        return int(self.numbering.numbers([(at.shard, at.row)])[0])

    def images(self, rows: Sequence[int]) -> list[ImageRecord | None]:
        """Return the record of each row's live image, None for a row without one."""
        refs = [self.numbering.ref(row) for row in rows]
        live = live_records(self._collection.catalog, refs)
        return [live.get(ref) for ref in refs]


class _SearchBatch:
    """Searches that run together: k, the metric, and the rows that may be hits (in the mask, live,
    not refused)."""

    def __init__(
        self,
        snapshot: _Snapshot,
        k: int,
        metric: Metric,
        mask: NDArray[np.bool_] | None,
        refused: Sequence[int],
    ) -> None:
        self.mask = mask
        self._snapshot = snapshot
        self.k = k
        self.metric = metric
        self._refused = np.array(refused, np.int64)
        self._known: dict[int, ImageRecord | None] = {}

    def images(self, rows: NDArray[np.int64]) -> list[ImageRecord | None]:
        """Return the record of each row's live image, None for a row without one. Each row is
        looked up in the catalog once."""
        new = [row for row in rows.tolist() if row not in self._known]
        if new:
            self._known.update(zip(new, self._snapshot.images(new), strict=True))
        return [self._known[row] for row in rows.tolist()]

    def accept(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows may be hits. Rows in the mask are live: only live images are in it."""
        if self.mask is not None:
            return ~np.isin(rows, self._refused)
        live = np.array([image is not None for image in self.images(rows)], bool)
        return live & ~np.isin(rows, self._refused)

    def query_image_first(
        self, query: NDArray[np.float32], at: RowRef | None, found: _Neighbours
    ) -> _Neighbours:
        """Move the query image itself to the front, before images with the same vector."""
        row = -1 if at is None else self._snapshot.row(at)
        if row < 0 or (self.mask is not None and not self.mask[row]):
            return found
        here = np.array([row])
        if not self.accept(here)[0]:
            return found
        rows, measured = found
        vector = self._snapshot.rows.vector(row).astype(np.float64)
        own = distances(vector[None], query.astype(np.float64), self.metric)
        others = rows != row
        return (
            np.concatenate([here, rows[others]])[: self.k],
            np.concatenate([own, measured[others]])[: self.k],
        )


def _recall_at(recall: Mapping[int, float], k: int) -> float:
    """Return the recall measured at k, or at the next larger number of hits that was measured."""
    measured = [share for most, share in sorted(recall.items()) if most >= k]
    return measured[0] if measured else min(recall.values(), default=0.0)


def _name(image: Image) -> str:
    if isinstance(image, QueryVector):
        return image.name
    if isinstance(image, np.ndarray):
        return "a vector"
    return "-" if isinstance(image, bytes) else str(image)
