"""Pictures that were sent, as query vectors: decoded and extracted by threads of their own.

Takes a picture's bytes; hands on a QueryVector. How many may wait is bounded.
"""

import asyncio
import threading
from pathlib import Path

from sokkuri.api import Collection
from sokkuri.core.types import Box, Limits
from sokkuri.search.query import QueryReader, QueryVector
from sokkuri.web.services.thread_pool import Bounded


class Uploads:
    """Reads pictures for the collection in `where`. The network is loaded when first needed, or by
    `warm`."""

    def __init__(self, where: Path, workers: int, waiting: int, limits: Limits) -> None:
        self._where = where
        self._limits = limits
        self._bounded = Bounded("pictures", workers, waiting)
        self._lock = threading.Lock()
        self._reader: QueryReader | None = None

    async def read(self, picture: bytes, name: str, crop: Box | None) -> QueryVector:
        """Raises BusyError, DecodeError, ModelError."""
        return await self._bounded.run(self._read, picture, name, crop)

    async def read_all(
        self, pictures: list[tuple[str, bytes]], crop: Box | None
    ) -> list[QueryVector]:
        """Several, side by side."""
        return list(await asyncio.gather(*(self.read(data, name, crop) for name, data in pictures)))

    def _read(self, picture: bytes, name: str, crop: Box | None) -> QueryVector:
        """The picture's own name is told in what is raised: several may have been sent."""
        found = self._loaded().read(picture, crop, name)
        return QueryVector(found.vector, None, name)

    def _loaded(self) -> QueryReader:
        with self._lock:
            if self._reader is None:
                with Collection.open(self._where, "ro") as collection:
                    self._reader = QueryReader(collection, self._limits)
                    self._reader.load()
            return self._reader

    async def warm(self) -> None:
        """Load the network now, so that the first picture need not wait for it."""
        await self._bounded.run(self._loaded)

    def close(self) -> None:
        self._bounded.close()
