"""Make thumbnails in threads, from the cache if possible.

Frames of films have threads and child processes of their own, with a time limit: a film can take
minutes to find a frame, and a damaged one can crash its decoder. So films delay only each other,
and the server goes on.
"""

from pathlib import Path

import xxhash

from sokkuri.core.types import Limits
from sokkuri.images.film_process import FrameReader
from sokkuri.images.thumbnails import render_thumbnail
from sokkuri.web.services.image_files import ServedFile, read_bytes
from sokkuri.web.services.thread_pool import BoundedExecutor
from sokkuri.web.services.thumbnail_cache import ThumbnailCache, ThumbnailKey

_LARGEST_JPEG = 65_500  # pixels of a side
_FRAMES_AT_ONCE = 2
_FRAME_SECONDS = 60.0


class ThumbnailMaker:
    """Makes thumbnails. Use it from one event loop."""

    def __init__(
        self, pictures: BoundedExecutor, cache: ThumbnailCache, limits: Limits, waiting: int
    ) -> None:
        """pictures : threads that decode pictures, which the caller closes. waiting : the most
        frames of films that wait."""
        self._pictures = pictures
        self._cache = cache
        self._limits = limits
        self._frames = BoundedExecutor("frames of films", _FRAMES_AT_ONCE, waiting)
        self._reader = FrameReader(limits, _FRAME_SECONDS)

    async def make(self, file: ServedFile, side: int, *, mosaic: bool = False) -> bytes:
        """Return a JPEG within a square of `side` pixels.

        Raises BusyError if too many wait, ReadError, DecodeError.
        """
        key = ThumbnailKey(file.digest or b"", side, mosaic)
        if file.film is None:
            return await self._pictures.run(self._make, file, key)
        if cached := await self._pictures.run(self._find, key):
            return cached
        return await self._frames.run(self._make, file, key)

    async def make_picture(self, file: ServedFile) -> bytes:
        """Return an image in full size as a JPEG. Raises as `make`."""
        return await self.make(file, _LARGEST_JPEG)

    def close(self) -> None:
        """Cancel what waits for films, and end the child processes."""
        self._frames.close()
        self._reader.close()

    def _find(self, key: ThumbnailKey) -> bytes | None:
        return self._cache.get(key) if key.digest else None

    def _make(self, file: ServedFile, key: ThumbnailKey) -> bytes:
        if cached := self._find(key):
            return cached
        if file.film is not None and isinstance(file.location, Path):
            data = self._reader.read(file.location)
        else:
            data = read_bytes(file, self._limits)
        jpeg = render_thumbnail(data, key.side, self._limits, mosaic=key.mosaic)
        if xxhash.xxh3_128_digest(data) == key.digest:  # a file may change and keep its date
            self._cache.put(key, jpeg)
        return jpeg
