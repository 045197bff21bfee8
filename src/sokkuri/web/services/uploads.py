"""Turn pictures and words of a request into query vectors, in threads.

Takes Pictures and texts, and returns QueryVectors. The number of waiting pictures is limited. The
pictures of one request are read one after another, so that it holds little memory and leaves
threads to others.
"""

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from sokkuri.api import Collection
from sokkuri.core.errors import ModelReplacedError
from sokkuri.core.types import Box, Limits
from sokkuri.search.query import QueryReader, QueryVector
from sokkuri.search.terms import split_weight
from sokkuri.web.services.thread_pool import BoundedExecutor

if TYPE_CHECKING:
    from sokkuri.search.words import WordReader
    from sokkuri.store.catalog import Catalog

Made = TypeVar("Made")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to search with. name : for messages. read : returns its bytes, in a thread.
    limits : for decoding it. weight : its share of the query."""

    name: str
    read: Callable[[], bytes]
    limits: Limits
    weight: float = 1.0


class UploadReader:
    """Reads pictures for the collection at `where`. The first call loads the model."""

    def __init__(self, where: Path, workers: int, waiting: int) -> None:
        self._executor = BoundedExecutor("pictures", workers, waiting)
        self._pictures = _OfStore(where, _load_picture_reader)
        self._words = _OfStore(where, _make_word_reader)

    async def read_all(self, pictures: Sequence[Picture], crop: Box | None) -> list[QueryVector]:
        """Return the vectors of pictures or of a part of them. A picture that is there several
        times is read once. Raises BusyError, ReadError, DecodeError, ModelError."""
        vectors: dict[Picture, QueryVector] = {}
        for picture in pictures:
            if picture not in vectors:
                vectors[picture] = await self._executor.run(self._read, picture, crop)
        return [vectors[picture] for picture in pictures]

    async def read_texts(self, texts: Sequence[str]) -> list[QueryVector]:
        """Return the vectors of texts with the weights that are written behind them. Raises
        BusyError, UsageError, and the errors of `WordReader`."""
        return [await self._executor.run(self._read_text, text) for text in texts]

    async def word_reader(self) -> "WordReader":
        """Return the text side of the model. Raises BusyError, and the errors of `WordReader`."""
        return await self._executor.run(self._words.get)

    def _read_text(self, written: str) -> QueryVector:
        words, weight = split_weight(written)
        reader = self._words.get()
        vector = reader.read(words)
        return QueryVector(vector, None, words, weight, reader.card, reader.fingerprint)

    def _read(self, picture: Picture, crop: Box | None) -> QueryVector:
        reader = self._pictures.get()
        query = reader.read(picture.read(), crop, picture.name, picture.limits)
        return replace(query, name=picture.name, weight=picture.weight)

    async def following(self, answer: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what `answer` returns. If another command has replaced the model, load the new
        one, and call `answer` again: it reads pictures and words anew."""
        try:
            return await answer()
        except ModelReplacedError:
            self._pictures.forget()
            self._words.forget()
            return await answer()

    async def load_model(self) -> None:
        """Load the model, so that the first picture need not wait for it."""
        await self._executor.run(self._pictures.get)

    def close(self) -> None:
        """Cancel the waiting calls."""
        self._executor.close()


class _OfStore(Generic[Made]):
    """What `make` makes for the collection at `where`. It is made anew if the store is replaced,
    since the new one may have another model. Thread-safe."""

    def __init__(self, where: Path, make: Callable[[Collection], Made]) -> None:
        self._where = where
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[Made, Catalog] | None = None

    def get(self) -> Made:
        """Return what was made. Raises the errors of opening a collection, and of `make`."""
        with self._lock:
            if self._made is None or self._made[1].is_replaced:
                with Collection.open(self._where, "ro") as collection:
                    self._made = self._make(collection), collection.catalog
            return self._made[0]

    def forget(self) -> None:
        """Make it anew when it is needed next."""
        with self._lock:
            self._made = None


def _load_picture_reader(collection: Collection) -> QueryReader:
    reader = QueryReader(collection)
    reader.load()
    return reader


def _make_word_reader(collection: Collection) -> "WordReader":
    from sokkuri.search.words import WordReader  # most servers search by pictures

    return WordReader(collection)
