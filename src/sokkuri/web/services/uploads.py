"""Turn pictures of a request into query vectors, in threads.

Takes Pictures and returns QueryVectors. The number of waiting pictures is limited. The pictures of
one request are read one after another, so that it holds little memory and leaves threads to others.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sokkuri.api import Collection
from sokkuri.core.types import Box, Limits
from sokkuri.search.query import QueryReader, QueryVector
from sokkuri.web.services.thread_pool import BoundedExecutor


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to search with. name : for messages. read : returns its bytes, in a thread.
    limits : for decoding it."""

    name: str
    read: Callable[[], bytes]
    limits: Limits


class UploadReader:
    """Reads pictures for the collection at `where`. The first call loads the model."""

    def __init__(self, where: Path, workers: int, waiting: int) -> None:
        self._where = where
        self._executor = BoundedExecutor("pictures", workers, waiting)
        self._lock = threading.Lock()
        self._reader: QueryReader | None = None

    async def read_all(self, pictures: Sequence[Picture], crop: Box | None) -> list[QueryVector]:
        """Return the vectors of pictures or of a part of them. A picture that is there several
        times is read once. Raises BusyError, ReadError, DecodeError, ModelError."""
        vectors: dict[Picture, QueryVector] = {}
        for picture in pictures:
            if picture not in vectors:
                vectors[picture] = await self._executor.run(self._read, picture, crop)
        return [vectors[picture] for picture in pictures]

    def _read(self, picture: Picture, crop: Box | None) -> QueryVector:
        reader = self._load_reader()
        query = reader.read(picture.read(), crop, picture.name, picture.limits)
        return QueryVector(query.vector, None, picture.name)

    def _load_reader(self) -> QueryReader:
        with self._lock:
            if self._reader is None:
                with Collection.open(self._where, "ro") as collection:
                    self._reader = QueryReader(collection)
                    self._reader.load()
            return self._reader

    async def load_model(self) -> None:
        """Load the model, so that the first picture need not wait for it."""
        await self._executor.run(self._load_reader)

    def close(self) -> None:
        """Cancel the waiting calls."""
        self._executor.close()
