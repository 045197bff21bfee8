"""Searcher: what looks like these images? Queries in, Hits out.

A query is an image file or an id of the collection. Its vector is read from the shards where the
collection has it, and extracted otherwise; several queries are one, their mean direction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokkuri.coding import read_codes
from sokkuri.collection import Collection
from sokkuri.errors import ImageError, UnknownImageError, UsageError
from sokkuri.indexes import ExactIndex
from sokkuri.indexes.exact import distances
from sokkuri.records import FileStat, Limits, Metric, RowRef


@dataclass(frozen=True, slots=True)
class Hit:
    """One image found. `rank` counts from 1; `path` is where its file is now."""

    rank: int
    id: str
    path: Path
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What was found, nearest first; iterating gives `Hit`s.

    query : the queries as they were asked. ids, paths : K strings each, paths absolute.
    distances : (K,) float64, ascending.
    """

    query: tuple[str, ...]
    metric: Metric
    ids: tuple[str, ...]
    paths: tuple[str, ...]
    distances: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Hit]:
        for number, (id_, path) in enumerate(zip(self.ids, self.paths, strict=True)):
            yield Hit(number + 1, id_, Path(path), float(self.distances[number]))


class Searcher:
    """Searches the collection as it is when this is made. Not shared between threads."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        catalog, shards = collection.catalog, collection.shards
        rows = [(shard.shard, shard.rows) for shard in catalog.shards() if shard.rows]
        self._numbers = [number for number, _ in rows]
        self._starts = np.cumsum([0, *(count for _, count in rows)])
        coded = [read_codes(collection, number, count) for number, count in rows]
        self.notes = [note for _, note in coded if note]  # lines for the user
        blocks = [shards.features(number, count) for number, count in rows]
        self._index = ExactIndex(blocks, [codes for codes, _ in coded])

    def search(
        self, images: Sequence[str | Path], k: int = 10, metric: Metric | None = None
    ) -> Hits:
        """The k images most like `images`: files, or ids of the collection.

        metric : the model card's own by default. Raises UnknownImageError, ReadError, DecodeError,
        and UsageError for no image or k < 1.
        """
        if not images or k < 1:
            raise UsageError("a search needs at least one image, and -k of 1 or more")
        chosen = metric or self._collection.model.metric
        vectors, rows = zip(*(self._vector(image) for image in images), strict=True)
        query = _combined(vectors, chosen)
        found, measured = self._index.search(query, k, chosen, self._are_live)
        if len(images) == 1 and rows[0] is not None:
            found, measured = self._itself_first(query, rows[0], found, measured, chosen)
        images_found = self._collection.catalog.live_images(map(self._ref, found.tolist()))
        pairs = [images_found[self._ref(row)] for row in found.tolist()]
        root = self._collection.root
        return Hits(
            query=tuple(str(image) for image in images),
            metric=chosen,
            ids=tuple(id_ for id_, _ in pairs),
            paths=tuple(str(root / path) for _, path in pairs),
            distances=measured,
        )

    def _vector(self, image: str | Path) -> tuple[NDArray[np.float32], int | None]:
        """The feature vector (D,) of a query, and its row where this searcher has it."""
        at = self._place(image)
        if at is None:
            return self._extract(Path(image)), None
        row = self._row(at)
        if row is not None:
            return self._index.vector(row), row
        shard = self._collection.shards.features(at.shard, at.row + 1)  # committed since
        return np.array(shard[at.row]), None

    def _place(self, image: str | Path) -> RowRef | None:
        """Where the collection has a query's vector; None for a file it does not have as it is.

        Raises UnknownImageError for what is neither a file nor an id.
        """
        path, catalog, root = Path(image), self._collection.catalog, self._collection.root
        try:
            stat = path.stat()
        except OSError:
            row = catalog.find(str(image))
            if row is None or row.at is None:
                raise UnknownImageError(
                    f"{image} is neither an image file nor an id of the collection in {root}"
                ) from None
            return row.at
        try:
            inside = (path.parent.resolve() / path.name).relative_to(root.resolve())
        except ValueError:
            return None
        row = catalog.find(inside.as_posix()) or catalog.find(inside.name)
        if row is not None and row.path != inside.as_posix():
            return None  # where names are ids: another file of that name
        unchanged = row is not None and row.stat == FileStat(stat.st_size, stat.st_mtime_ns)
        return row.at if row is not None and unchanged else None

    def _extract(self, path: Path) -> NDArray[np.float32]:
        # Only here, so that a search by id needs neither an image library nor ONNX Runtime.
        from sokkuri.decode import decode
        from sokkuri.extract import Extractor
        from sokkuri.models import resolve_model
        from sokkuri.reading import read_file

        kept = self._collection.model
        model = resolve_model(kept.source).decoding(kept.decode)
        self._collection.check_model(model)
        limits = Limits()
        try:
            data, _ = read_file(path.parent, path.name, limits)
            pixels = decode(data, model.card.pixels, limits)
        except ImageError as error:
            raise type(error)(f"{path}: {error}") from error
        except FileNotFoundError:
            raise UnknownImageError(f"{path} is not there") from None
        vector: NDArray[np.float32] = Extractor(model).extract(pixels.rgb[None])[0]
        return vector

    def _itself_first(
        self,
        query: NDArray[np.float32],
        row: int,
        found: NDArray[np.int64],
        measured: NDArray[np.float64],
        metric: Metric,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Among images with the very same vector, the one that was asked for comes first."""
        here = np.array([row])
        if not self._are_live(here)[0]:
            return found, measured
        vector = self._index.vector(row).astype(np.float64)
        own = distances(vector[None], query.astype(np.float64), metric)
        others = found != row
        k = max(len(found), 1)
        return (
            np.concatenate([here, found[others]])[:k],
            np.concatenate([own, measured[others]])[:k],
        )

    def _are_live(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        refs = [self._ref(row) for row in rows.tolist()]
        live = self._collection.catalog.live_images(refs)
        return np.array([ref in live for ref in refs], bool)

    def _ref(self, row: int) -> RowRef:
        shard = int(np.searchsorted(self._starts, row, side="right")) - 1
        return RowRef(self._numbers[shard], int(row - self._starts[shard]))

    def _row(self, at: RowRef) -> int | None:
        """The index's number for a row; None for one committed after this searcher was made."""
        try:
            shard = self._numbers.index(at.shard)
        except ValueError:
            return None
        row = int(self._starts[shard]) + at.row
        return row if row < self._starts[shard + 1] else None


def _combined(vectors: Sequence[NDArray[np.float32]], metric: Metric) -> NDArray[np.float32]:
    """One query from several : (D,) float32. Under `cosine` each image counts the same, however
    long its vector."""
    if len(vectors) == 1:
        return vectors[0]
    stacked = np.stack(vectors).astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
        stacked = stacked / np.where(lengths > 0, lengths, 1.0)
    mean: NDArray[np.float32] = stacked.mean(axis=0).astype(np.float32)
    return mean
