"""Searcher: what looks like these images? Queries in, Hits out.

Opens the collection's rows with whatever makes searching them fast, turns queries into one vector
(queries.py) and filters into a mask of rows (filters.py), asks an index, and names what it found.
The index may be in an engine elsewhere (pushed.py).
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
from sokkuri.search.push_log import PushedReader
from sokkuri.search.query import Image, QueryReader, QueryVector, combined
from sokkuri.search.results import Hits, SearchMode, SearchOptions
from sokkuri.search.vectors import ExactIndex, VectorBlocks, distances
from sokkuri.search.vectors.ann import AnnIndex
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import condition
from sokkuri.store.images import LIVE, live_records
from sokkuri.store.row_numbers import Numbering

_Found = tuple[NDArray[np.int64], NDArray[np.float64]]


class Searcher:
    """Searches the rows that the collection has when this is made or refreshed; removed images
    vanish at once. `notes` : lines on what could not be used. Not shared between threads.

    engine : the address of one that the collection was pushed to; close the searcher then. Raises
    UsageError for one that makes no sense, MissingExtraError.
    """

    def __init__(self, collection: CollectionStore, engine: str | None = None) -> None:
        self._collection = collection
        self._reader = QueryReader(collection)
        self._codes = CodeReader(collection)
        self._ann = AnnReader(collection, self._codes)
        self._engine = None if engine is None else open_engine(engine)
        self._pushed = (
            None if self._engine is None else PushedReader(collection, self._codes, self._engine)
        )
        self._open()

    def close(self) -> None:
        """Leave the engine elsewhere, if there is one."""
        if self._engine is not None:
            self._engine.close()

    def _open(self) -> None:
        self._seen = self._now()
        self._snapshot = _Snapshot(self._collection, self._codes, self._ann, self._pushed)

    def _now(self) -> tuple[dict[int, int], str, str]:
        pushed = "" if self._pushed is None else self._pushed.current
        return self._collection.counted(), self._ann.current, pushed

    @property
    def notes(self) -> list[str]:
        return self._snapshot.notes

    def refresh(self) -> bool:
        """Take up what was added since, and a newer index; whether there was anything."""
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
        """The k images most like `images` together: files, ids of the collection, bytes, vectors.

        metric : the model card's own by default. Raises UnknownImageError, ReadError, DecodeError,
        UsageError for no image, k < 1, or filters that make no sense, and for the mode `ann`
        UnsupportedError where it cannot do this, and MissingExtraError; EngineError where one
        elsewhere does not answer.
        """
        asked = options or SearchOptions()
        if not images:
            raise UsageError("a search needs at least one image")
        wanted = [self._reader.read(image, asked.crop) for image in images]
        (hits,) = self._searched([wanted], [tuple(map(_name, images))], k, metric, asked)
        return hits

    def search_each(
        self,
        images: Sequence[Image],
        k: int = 10,
        metric: Metric | None = None,
        options: SearchOptions | None = None,
    ) -> list[Hits | SokkuriError]:
        """The same for each image by itself, which is faster than one after another. In the place
        of an image that cannot be read stands the error."""
        asked = options or SearchOptions()
        read = self._reader.read_each(images, asked.crop)
        good = [(image, one) for image, one in zip(images, read, strict=True)
                if isinstance(one, QueryVector)]  # fmt: skip
        names = [(_name(image),) for image, _ in good]
        found = iter(self._searched([[one] for _, one in good], names, k, metric, asked))
        return [one if isinstance(one, SokkuriError) else next(found) for one in read]

    def _searched(
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
        task = _Task(snapshot, k, chosen, self._mask(asked), [row for row in refused if row >= 0])
        pushed = [one.vector for one in away]
        vectors = np.stack([combined([q.vector for q in one], pushed, chosen) for one in wanted])
        found, recall = snapshot.search(asked.mode, vectors, task)
        made = []
        for one, query, name, pair in zip(wanted, vectors, names, found, strict=True):
            at = one[0].at if len(one) == 1 and not away else None
            rows, measured = task.itself_first(query, at, pair)
            near = measured <= (np.inf if asked.max_distance is None else asked.max_distance)
            made.append(self._hits(name, query, task, (rows[near], measured[near]), recall))
        return made

    def _hits(
        self,
        name: tuple[str, ...],
        query: NDArray[np.float32],
        task: "_Task",
        found: _Found,
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
        """The rows that pass the filters; None without any."""
        made = condition(self._collection.root, asked.under, asked.where)
        if made is None:
            return None
        rows = self._collection.catalog.all(
            f"SELECT shard, row FROM images WHERE {LIVE} AND {made.sql}",  # noqa: S608
            made.values,
        )
        mask = np.zeros(self._snapshot.rows.size, bool)
        numbers = self._snapshot.numbering.numbers(rows)
        mask[numbers[numbers >= 0]] = True
        return mask


class _Snapshot:
    """The rows of some moment, numbered through, and the indexes over them, made when asked for."""

    def __init__(
        self,
        collection: CollectionStore,
        codes: CodeReader,
        ann: AnnReader,
        pushed: PushedReader | None,
    ) -> None:
        self.notes: list[str] = []
        self._collection = collection
        self._codes = codes
        self._ann = ann
        self._pushed = pushed
        self._counted = collection.counted()
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
        """The approximate index, and its recall by k; or why there is none to use."""
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
        """The index in an engine elsewhere, and its recall by k; None where none is to be used."""
        return None if self._pushed is None else self._pushed.read(self._counted, self.rows)

    def search(
        self, mode: SearchMode, queries: NDArray[np.float32], task: "_Task"
    ) -> tuple[list[_Found], float | None]:
        """What each query finds, and the recall of such searches where they are not exact. `auto`
        takes an approximate index where there is one that can do what is asked, the one elsewhere
        first."""
        asked = (queries, task.k, task.metric, task.accept, task.mask)
        if mode == "auto" and self.served is not None:
            with suppress(UnsupportedError):  # which the exact search can do
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
        """The number of a row; -1 for one that was committed after this moment."""
        return int(self.numbering.numbers([(at.shard, at.row)])[0])

    def images(self, rows: Sequence[int]) -> list[ImageRecord | None]:
        """Return the record of each row's live image, None for a row without one."""
        refs = [self.numbering.ref(row) for row in rows]
        live = live_records(self._collection.catalog, refs)
        return [live.get(ref) for ref in refs]


class _Task:
    """Which rows searches may find that are done together: those of the mask, live, not refused."""

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
        """Rows of a mask are live: the catalog was asked for them."""
        if self.mask is not None:
            return ~np.isin(rows, self._refused)
        live = np.array([image is not None for image in self.images(rows)], bool)
        return live & ~np.isin(rows, self._refused)

    def itself_first(self, query: NDArray[np.float32], at: RowRef | None, found: _Found) -> _Found:
        """Among images with the very same vector, the one that was asked for comes first."""
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
    """The recall measured at k, or at the next larger number that it was measured for."""
    measured = [share for most, share in sorted(recall.items()) if most >= k]
    return measured[0] if measured else min(recall.values(), default=0.0)


def _name(image: Image) -> str:
    if isinstance(image, QueryVector):
        return image.name
    if isinstance(image, np.ndarray):
        return "a vector"
    return "-" if isinstance(image, bytes) else str(image)
