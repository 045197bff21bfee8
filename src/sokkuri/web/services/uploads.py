"""Turn pictures that clients send into query vectors, in threads.

Takes the bytes of a picture and returns a QueryVector. The number of waiting pictures is limited.
"""

import asyncio
import threading
from pathlib import Path

from sokkuri.api import Collection
from sokkuri.core.types import Box, Limits
from sokkuri.search.query import QueryReader, QueryVector
from sokkuri.web.services.thread_pool import BoundedExecutor


class UploadReader:
    """Reads pictures for the collection at `where`. The first call loads the model."""

    def __init__(self, where: Path, workers: int, waiting: int, limits: Limits) -> None:
        self._where = where
        self._limits = limits
        self._executor = BoundedExecutor("pictures", workers, waiting)
        self._lock = threading.Lock()
        self._reader: QueryReader | None = None

    async def read(self, data: bytes, name: str, crop: Box | None) -> QueryVector:
        """Return the vector of a picture or of a part of it. Raises BusyError, DecodeError,
        ModelError. Messages contain `name`."""
        return await self._executor.run(self._read, data, name, crop)

    async def read_all(
        self, pictures: list[tuple[str, bytes]], crop: Box | None
    ) -> list[QueryVector]:
        """Return the vectors of pictures, (name, data) each, computed in parallel."""
        return list(await asyncio.gather(*(self.read(data, name, crop) for name, data in pictures)))

    def _read(self, data: bytes, name: str, crop: Box | None) -> QueryVector:
        query = self._load_reader().read(data, crop, name)
        return QueryVector(query.vector, None, name)

    def _load_reader(self) -> QueryReader:
        with self._lock:
            if self._reader is None:
                with Collection.open(self._where, "ro") as collection:
                    self._reader = QueryReader(collection, self._limits)
                    self._reader.load()
            return self._reader

    async def load_model(self) -> None:
        """Load the model, so that the first picture need not wait for it."""
        await self._executor.run(self._load_reader)

    def close(self) -> None:
        """Cancel the waiting calls."""
        self._executor.close()
