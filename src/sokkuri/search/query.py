"""From what a person asks with to a vector: an image file, an id, bytes, a part of a picture.

Takes queries and a collection; hands on vectors, each with its place where the collection has it.
A vector is read from the shards where it can be, and extracted otherwise.
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
"""How far examples of what is not wanted push the query, in distances between the two."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """A query as it was read. vector : (D,) float32. at : its place in the collection, if it has
    one."""

    vector: NDArray[np.float32]
    at: RowRef | None = None
    name: str = "a vector"


Image = str | Path | Address | bytes | NDArray[np.floating[Any]] | QueryVector
"""A query: an image file's path or address, an id of the collection, an image file's bytes, a
feature vector of the collection's model : (D,), or any of these as QueryReader read it."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a query's vector comes from: a row of the collection, or else a picture."""

    name: str
    at: RowRef | None = None
    picture: Location | bytes = b""


class QueryReader:
    """Reads queries against one collection. The network is loaded when a query first needs it."""

    def __init__(self, collection: CollectionStore, limits: Limits | None = None) -> None:
        self._collection = collection
        self._limits = limits or Limits()
        self._extract: Callable[[_Source, Box | None], NDArray[np.float32]] | None = None

    def read(self, image: Image, crop: Box | None = None, name: str = "the image") -> QueryVector:
        """The vector of a query. crop : use this part of the picture only. name : of bytes.

        Raises UnknownImageError for what is neither a file nor an id, UsageError for what is no
        vector of the model, ReadError, and DecodeError, also for a crop that reaches beyond the
        picture.
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
        """The same for many, extracted side by side; one that cannot be read is an error in its
        place."""

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
        """Where the collection has a query's vector, None for a file it does not have as it is;
        and where its file is."""
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
        """Where the vector of the file at this path is, if it has not changed."""
        catalog = self._collection.catalog
        row = find_image(catalog, path) or find_image(catalog, path.rpartition("/")[2])
        if row is None or row.path != path:  # where names are ids: another file of that name
            return None
        return row.at if row.stat == stat else None

    def load(self) -> Callable[[_Source, Box | None], NDArray[np.float32]]:
        """The network, loaded once: from a source and a crop to a vector; for many threads."""
        if self._extract is None:
            # Only here, so that a search by id needs neither an image library nor ONNX Runtime.
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
    """One query from several : (D,) float32. The middle of what is wanted, pushed away from the
    middle of what is not (Rocchio, "Relevance feedback in information retrieval", 1971). Under
    `cosine` each image counts the same, however long its vector."""
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
    """`x,y,w,h` in pixels of the upright picture. Raises UsageError."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop wants x,y,width,height in pixels, not {text}") from None
    if x < 0 or y < 0 or width < 1 or height < 1:
        raise UsageError(f"--crop {text} is no part of a picture")
    return x, y, width, height
