"""Turn queries into vectors: image files, ids, bytes, feature vectors, crops of images, and words.

Takes queries and a collection; returns vectors, each with its row if the collection has one. A
vector is read from the shards if possible, and extracted by the network otherwise.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import (
    DamagedRowError,
    ImageError,
    ReadError,
    SokkuriError,
    UnknownImageError,
    UsageError,
)
from sokkuri.core.locations import Address, Location, parse_location
from sokkuri.core.named_roots import path_of
from sokkuri.core.types import Box, FileStat, Limits, Metric, RowRef
from sokkuri.images.read import stat_file
from sokkuri.search.terms import Text, check_weight
from sokkuri.search.vectors import normalised
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import find_image, known_ids

if TYPE_CHECKING:
    from sokkuri.models import TextCard
    from sokkuri.search.words import WordReader

Result = TypeVar("Result")

STEP_AWAY = 0.5
"""How far unwanted images push the query away, as a multiple of the distance between the means of
the wanted and the unwanted vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """A query that was read. vector : (D,) float32. row : its row in the collection, None if it has
    none. name : for messages and `Hits.query`. weight : its share where several are one query.
    text : the text side that made it of words, None for others. fingerprint : of the model that
    made it, "" if nobody says."""

    vector: NDArray[np.float32]
    row: RowRef | None = None
    name: str = "a vector"
    weight: float = 1.0
    text: "TextCard | None" = None
    fingerprint: str = ""


Term = str | Path | Address | bytes | NDArray[np.floating[Any]] | QueryVector | Text
"""The path or address of an image file, an id of the collection, the bytes of an image file, a
feature vector of the collection's model : (D,), the QueryVector of any of these, or words."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A term with a weight above 0: its share where several terms are one query. Terms without one
    have the weight 1."""

    term: Term
    weight: float


Query = Term | Weighted
"""A term, with or without a weight."""


def query_name(query: Query) -> str:
    """Return the name of a query for messages and `Hits.query`; "-" for bytes."""
    if isinstance(query, Weighted):
        return query_name(query.term)
    if isinstance(query, Text):
        return query.words
    if isinstance(query, QueryVector):
        return query.name
    if isinstance(query, np.ndarray):
        return "a vector"
    return "-" if isinstance(query, bytes) else str(query)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the vector of a query comes from: a row of the collection, or otherwise an image, which
    is a file or bytes. limits : for this image, None for those of the reader."""

    name: str
    row: RowRef | None = None
    image: Location | bytes = b""
    limits: Limits | None = None


class QueryReader:
    """Reads queries for one collection. Loads the network when a query first needs it."""

    def __init__(self, collection: CollectionStore, limits: Limits | None = None) -> None:
        self._collection = collection
        self._limits = limits or Limits()
        self._extract: Callable[[_Source, Box | None], NDArray[np.float32]] | None = None
        self._words: WordReader | None = None
        self._generation = collection.generation

    def read(
        self,
        query: Query,
        crop: Box | None = None,
        name: str = "the image",
        limits: Limits | None = None,
    ) -> QueryVector:
        """Return the vector of a query. crop : the part of the image to use. name, limits : of
        bytes; None stands for the limits of this reader.

        Raises the errors of `WordReader` for words. Raises UnknownImageError if the query is
        neither a file nor an id, UsageError if an array is not a vector of the model,
        ModelReplacedError for a QueryVector of another model,
        DamagedRowError if its vector is damaged, ReadError, and DecodeError, also for a crop that
        reaches beyond the image.
        """
        if isinstance(query, Weighted):
            weight = check_weight(query.weight)
            return replace(self.read(query.term, crop, name, limits), weight=weight)
        if isinstance(query, QueryVector):
            return self._check_model(query)
        if isinstance(query, Text):
            reader = self.words()
            vector = reader.read(query.words)
            return self._made(QueryVector(vector, None, query.words, text=reader.card))
        if isinstance(query, np.ndarray):
            return QueryVector(self._check_vector(query))
        if isinstance(query, bytes):
            return self._read_source(_Source(name, None, query, limits), crop)
        return self._read_source(self._find_source(query, crop), crop)

    def _check_model(self, query: QueryVector) -> QueryVector:
        """Return the query. Raises ModelReplacedError if another model has made its vector."""
        if query.fingerprint:
            self._collection.check_made_by(query.fingerprint, query.name)
        return query

    def _made(self, query: QueryVector) -> QueryVector:
        return replace(query, fingerprint=self._collection.model.fingerprint)

    def _check_vector(self, vector: NDArray[Any]) -> NDArray[np.float32]:
        """Return the vector as float32. Raises UsageError if it does not fit the model."""
        dimension = self._collection.model.dimension
        if vector.shape != (dimension,):
            raise UsageError(
                f"a query vector must have {dimension} numbers: this one has the shape "
                f"{vector.shape}"
            )
        if vector.dtype.kind not in "fiu":
            raise UsageError(f"a query vector must have real numbers, not {vector.dtype}")
        if not np.isfinite(vector).all():
            raise UsageError("a query vector must have finite numbers only")
        if np.abs(vector.astype(np.float64)).max(initial=0) > np.finfo(np.float32).max:
            raise UsageError("a query vector must have numbers that fit float32")
        return vector.astype(np.float32)

    def read_each(
        self, queries: Sequence[Query], crop: Box | None = None
    ) -> list[QueryVector | SokkuriError]:
        """Return the vectors of many queries, extracted in parallel threads. A query that cannot be
        read has its error in its place."""

        def find(query: Query) -> _Source | QueryVector:
            if isinstance(query, np.ndarray | QueryVector | Text | Weighted):
                return self.read(query, crop)
            source = self._find_source(query, crop)
            # Here, and not in another thread: only this one may use the catalog.
            return source if source.row is None else self._read_source(source, crop)

        def read(source: _Source | QueryVector | SokkuriError) -> QueryVector | SokkuriError:
            if isinstance(source, _Source):
                return _result_or_error(self._read_source, source, crop)
            return source

        sources = [_result_or_error(find, query) for query in queries]
        if any(isinstance(source, _Source) for source in sources):
            self.load()
            with ThreadPoolExecutor(available_cores()) as pool:
                return list(pool.map(read, sources))
        return [read(source) for source in sources]

    def _read_source(self, source: _Source, crop: Box | None) -> QueryVector:
        """Read the vector from its shard, or extract it."""
        if source.row is None:
            return self._made(QueryVector(self.load()(source, crop)))
        (vector,) = self._collection.read_vectors([(source.row.shard, source.row.row)])
        return self._made(QueryVector(vector, source.row))

    def _find_source(self, query: str | Location | bytes, crop: Box | None) -> _Source:
        """Return the row of the query if there is one and no crop, otherwise its image."""
        if isinstance(query, bytes):
            return _Source("the image", None, query)
        row, location = self._locate(query)
        if row is not None and crop is None:
            return _Source(str(query), row)
        if location is None:
            raise UnknownImageError(f"the file of {query} does not exist, so it cannot be cropped")
        return _Source(str(location), None, location)

    def _locate(self, query: str | Location) -> tuple[RowRef | None, Location | None]:
        """Return the row of the query's vector, None if the collection does not have this version
        of the file, and where its file is, None if it is missing."""
        location = parse_location(query)
        if isinstance(location, Address):
            return self._find_address_row(location), location
        try:
            stat = stat_file(location)
        except (OSError, ValueError):
            return self._locate_id(str(query))
        return self._find_path_row(location, stat), location

    def _locate_id(self, id_: str) -> tuple[RowRef, Location | None]:
        """Return the row of the image with this id, and its file, None if it is missing."""
        catalog = self._collection.catalog
        image = find_image(catalog, *known_ids(catalog, [id_]))
        if image is not None and image.row is None:
            raise UnknownImageError(
                f"{id_} is an image of the collection, but it has no vector: see `sokkuri status`"
            )
        if image is None or image.row is None:
            raise UnknownImageError(
                f"{id_} is neither an image file nor an id of the collection in "
                f"{self._collection.root}"
            )
        file = self._collection.locate(image.path)
        exists = isinstance(file, Address) or file.is_file()  # an address would cost a request
        return image.row, file if exists else None

    def _find_path_row(self, path: Path, stat: FileStat) -> RowRef | None:
        """Return the row of a file on this machine, None if it is not in the collection."""
        relative = path_of(self._collection.root, path.parent.resolve() / path.name)
        return None if relative is None else self._find_row(relative, stat)

    def _find_address_row(self, address: Address) -> RowRef | None:
        """Return the row of a remote file, None if it is not in the collection."""
        root = self._collection.root
        relative = root.relative_path(address.url) if isinstance(root, Address) else None
        if relative is None:
            return None
        try:
            stat = stat_file(address)
        except OSError as error:
            raise ReadError(f"{address}: {error.strerror}") from None
        return self._find_row(relative, stat)

    def _find_row(self, path: str, stat: FileStat) -> RowRef | None:
        """Return the row of the file at this relative path, None if the file has changed."""
        catalog = self._collection.catalog
        image = find_image(catalog, path) or find_image(catalog, path.rpartition("/")[2])
        if image is None or image.path != path:  # ids are names: it is another file of this name
            return None
        return image.row if image.stat == stat else None

    def _follow(self) -> None:
        """Forget the networks of a model that the collection does not have any more."""
        if self._generation != self._collection.generation:
            self._extract = self._words = None
            self._generation = self._collection.generation

    def words(self) -> "WordReader":
        """Return the text side of the collection's model, which is loaded once."""
        self._follow()
        if self._words is None:
            from sokkuri.search.words import WordReader  # a search by images needs no text side

            self._words = WordReader(self._collection)
        return self._words

    def load(self) -> Callable[[_Source, Box | None], NDArray[np.float32]]:
        """Return a function from a source and a crop to a vector; it loads the network once and may
        be called from several threads."""
        self._follow()
        if self._extract is None:
            # Imported here: a search by id needs neither an image library nor ONNX Runtime.
            from sokkuri.images.decode import decode
            from sokkuri.models import resolve_model
            from sokkuri.models.extractor import Extractor

            saved = self._collection.model
            model = resolve_model(saved.source).decoding(saved.decode)
            self._collection.check_model(model)
            extractor, limits = Extractor(model), self._limits

            def extract(source: _Source, crop: Box | None) -> NDArray[np.float32]:
                try:
                    own_limits = source.limits or limits
                    data = _read_bytes(source.image, own_limits)
                    pixels = decode(data, replace(model.card.pixels, crop=crop), own_limits)
                    return np.array(extractor.extract(pixels.rgb[None])[0])
                except ImageError as error:
                    raise type(error)(f"{source.name}: {error}") from error

            self._extract = extract
        return self._extract


def _read_bytes(image: Location | bytes, limits: Limits) -> bytes:
    from sokkuri.images.read import read_file

    if isinstance(image, bytes):
        return image
    try:
        return read_file(image, limits)[0]
    except FileNotFoundError:
        raise UnknownImageError(f"{image} does not exist") from None


def _result_or_error(function: Callable[..., Result], *arguments: object) -> Result | SokkuriError:
    """Return the function's result, or the error if it raises one about a single image."""
    try:
        return function(*arguments)
    except (ImageError, UnknownImageError, DamagedRowError) as error:
        return error


def combine(
    wanted: Sequence[QueryVector], unwanted: Sequence[QueryVector], metric: Metric
) -> NDArray[np.float32]:
    """Return one query from several : (D,) float32. It is the weighted mean of the wanted vectors,
    pushed away from that of the unwanted ones (Rocchio, "Relevance feedback in information
    retrieval", 1971), the farther the greater the mean weight of these. For `cosine` the length of
    a vector does not count."""
    if len(wanted) == 1 and not unwanted:
        return wanted[0].vector
    mean = _mean(wanted, metric)
    if unwanted:
        step = STEP_AWAY * sum(query.weight for query in unwanted) / len(unwanted)
        mean = mean + step * (mean - _mean(unwanted, metric))
    return mean.astype(np.float32)


def _mean(queries: Sequence[QueryVector], metric: Metric) -> NDArray[np.float64]:
    vectors = np.stack([query.vector for query in queries]).astype(np.float64)
    weights = [query.weight for query in queries]
    mean: NDArray[np.float64] = np.average(normalised(vectors, metric), axis=0, weights=weights)
    return mean


def parse_box(text: str) -> Box:
    """Return the box that `x,y,w,h` means, in pixels of the upright image. Raises UsageError."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop needs x,y,width,height in pixels, not {text}") from None
    if x < 0 or y < 0 or width < 1 or height < 1:
        raise UsageError(
            f"--crop {text} is not a part of an image: x and y must be 0 or more, width and height "
            "1 or more"
        )
    return x, y, width, height
