"""Turn queries into vectors: image files, ids, bytes, feature vectors, and crops of images.

Takes queries and a collection; returns vectors, each with its row if the collection has one. A
vector is read from the shards if possible, and extracted by the network otherwise.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ImageError, ReadError, SokkuriError, UnknownImageError, UsageError
from sokkuri.core.locations import Address, Location, parse_location
from sokkuri.core.types import Box, FileStat, Limits, Metric, RowRef
from sokkuri.images import remote
from sokkuri.search.vectors import normalised
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import find_image

Result = TypeVar("Result")

STEP_AWAY = 0.5
"""How far unwanted images push the query away, as a multiple of the distance between the means of
the wanted and the unwanted vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """A query that was read. vector : (D,) float32. at : its row in the collection, None if it has
    none. name : for messages and `Hits.query`."""

    vector: NDArray[np.float32]
    at: RowRef | None = None
    name: str = "a vector"


Image = str | Path | Address | bytes | NDArray[np.floating[Any]] | QueryVector
"""A query: the path or address of an image file, an id of the collection, the bytes of an image
file, a feature vector of the collection's model : (D,), or the QueryVector of any of these."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the vector of a query comes from: a row of the collection, or otherwise an image."""

    name: str
    at: RowRef | None = None
    picture: Location | bytes = b""


class QueryReader:
    """Reads queries for one collection. Loads the network when a query first needs it."""

    def __init__(self, collection: CollectionStore, limits: Limits | None = None) -> None:
        self._collection = collection
        self._limits = limits or Limits()
        self._extract: Callable[[_Source, Box | None], NDArray[np.float32]] | None = None

    def read(self, image: Image, crop: Box | None = None, name: str = "the image") -> QueryVector:
        """Return the vector of a query. crop : the part of the image to use. name : of bytes.

        Raises UnknownImageError if the query is neither a file nor an id, UsageError if an array is
        not a vector of the model, ReadError, and DecodeError, also for a crop that reaches beyond
        the image.
        """
        if isinstance(image, QueryVector):
            return image
        if isinstance(image, np.ndarray):
            return QueryVector(self._checked(image))
        return self._vector(self._source(image, crop, name), crop)

    def _checked(self, vector: NDArray[Any]) -> NDArray[np.float32]:
        dimension = self._collection.model.dimension
        if vector.shape != (dimension,) or not np.isfinite(vector).all():
            raise UsageError(f"a query vector has {dimension} finite numbers, not {vector.shape}")
        return vector.astype(np.float32)

    def read_each(
        self, images: Sequence[Image], crop: Box | None = None
    ) -> list[QueryVector | SokkuriError]:
        """Return the vectors of many queries, extracted in parallel threads. A query that cannot be
        read has its error in its place."""

        def vector(source: _Source | QueryVector | SokkuriError) -> QueryVector | SokkuriError:
            if isinstance(source, _Source):
                return _or_error(self._vector, source, crop)
            return source

        def found(image: Image) -> _Source | QueryVector:
            if isinstance(image, np.ndarray | QueryVector):
                return self.read(image)
            return self._source(image, crop)

        sources = [_or_error(found, image) for image in images]
        if any(isinstance(one, _Source) and one.at is None for one in sources):
            self.load()
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return list(pool.map(vector, sources))
        return [vector(source) for source in sources]

    def _vector(self, source: _Source, crop: Box | None) -> QueryVector:
        if source.at is None:
            return QueryVector(self.load()(source, crop))
        shard = self._collection.shards.features(source.at.shard, source.at.row + 1)
        return QueryVector(np.array(shard[source.at.row], np.float32), source.at)

    def _source(
        self, image: str | Location | bytes, crop: Box | None, name: str = "the image"
    ) -> _Source:
        if isinstance(image, bytes):
            return _Source(name, None, image)
        at, path = self._place(image)
        if at is not None and crop is None:
            return _Source(str(image), at)
        if path is None:
            raise UnknownImageError(f"the file of {image} is not there, so it cannot be cropped")
        return _Source(str(path), None, path)

    def _place(self, image: str | Location) -> tuple[RowRef | None, Location | None]:
        """Return the row of an image's vector, None if the collection does not have this version of
        the file, and where its file is, None if it is missing."""
        path, catalog, root = parse_location(image), self._collection.catalog, self._collection.root
        if isinstance(path, Address):
            return self._place_of(path)
        try:
            stat = path.stat()
        except (OSError, ValueError):
            row = find_image(catalog, str(image))
            if row is None or row.at is None:
                raise UnknownImageError(
                    f"{image} is neither an image file nor an id of the collection in {root}"
                ) from None
            file = self._collection.file(row.path)
            there = isinstance(file, Address) or file.is_file()  # a look would be a request
            return row.at, file if there else None
        if isinstance(root, Address):
            return None, path
        try:
            inside = (path.parent.resolve() / path.name).relative_to(root.resolve())
        except ValueError:
            return None, path
        return self._known(inside.as_posix(), FileStat(stat.st_size, stat.st_mtime_ns)), path

    def _place_of(self, address: Address) -> tuple[RowRef | None, Location]:
        root = self._collection.root
        inside = root.relative_path(address.url) if isinstance(root, Address) else None
        if inside is None:
            return None, address
        try:
            return self._known(inside, remote.stat(address).stat), address
        except OSError as error:
            raise ReadError(f"{address}: {error.strerror}") from None

    def _known(self, path: str, stat: FileStat) -> RowRef | None:
        """Return the row of the file at this path, None if the file has changed."""
        catalog = self._collection.catalog
        row = find_image(catalog, path) or find_image(catalog, path.rpartition("/")[2])
        if row is None or row.path != path:  # where names are ids: another file of that name
            return None
        return row.at if row.stat == stat else None

    def load(self) -> Callable[[_Source, Box | None], NDArray[np.float32]]:
        """Return a function from a source and a crop to a vector; it loads the network once and may
        be called from several threads."""
        if self._extract is None:
            # Imported here: a search by id needs neither an image library nor ONNX Runtime.
            from sokkuri.images.decode import decode
            from sokkuri.models import resolve_model
            from sokkuri.models.extractor import Extractor

            kept = self._collection.model
            model = resolve_model(kept.source).decoding(kept.decode)
            self._collection.check_model(model)
            extractor, limits = Extractor(model), self._limits

            def extract(source: _Source, crop: Box | None) -> NDArray[np.float32]:
                try:
                    data = _bytes(source.picture, limits)
                    pixels = decode(data, replace(model.card.pixels, crop=crop), limits)
                    return np.array(extractor.extract(pixels.rgb[None])[0])
                except ImageError as error:
                    raise type(error)(f"{source.name}: {error}") from error

            self._extract = extract
        return self._extract


def _bytes(picture: Location | bytes, limits: Limits) -> bytes:
    from sokkuri.images.read import read_file

    if isinstance(picture, bytes):
        return picture
    try:
        return read_file(picture, limits)[0]
    except FileNotFoundError:
        raise UnknownImageError(f"{picture} is not there") from None


def _or_error(work: Callable[..., Result], *given: object) -> Result | SokkuriError:
    try:
        return work(*given)
    except (ImageError, UnknownImageError) as error:
        return error


def combined(
    wanted: Sequence[NDArray[np.float32]], unwanted: Sequence[NDArray[np.float32]], metric: Metric
) -> NDArray[np.float32]:
    """Return one query from several : (D,) float32. It is the mean of the wanted vectors, pushed
    away from the mean of the unwanted ones (Rocchio, "Relevance feedback in information retrieval",
    1971). For `cosine` each image has the same weight, whatever the length of its vector."""
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    middle = _middle(wanted, metric)
    if unwanted:
        middle = middle + STEP_AWAY * (middle - _middle(unwanted, metric))
    return middle.astype(np.float32)


def _middle(vectors: Sequence[NDArray[np.float32]], metric: Metric) -> NDArray[np.float64]:
    stacked = normalised(np.stack(vectors).astype(np.float64), metric)
    middle: NDArray[np.float64] = stacked.mean(axis=0)
    return middle


def parsed_box(text: str) -> Box:
    """Return the box that `x,y,w,h` means, in pixels of the upright picture. Raises UsageError."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop wants x,y,width,height in pixels, not {text}") from None
    if x < 0 or y < 0 or width < 1 or height < 1:
        raise UsageError(f"--crop {text} is no part of a picture")
    return x, y, width, height
