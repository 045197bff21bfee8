"""Thumbnails that were made, kept on disk within a bound.

Takes a picture's content digest and a size; hands on the JPEG. They lie in `<store>/thumbnails/`;
deleting them loses nothing, and where none can be written all are made anew.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.atomic import replacing

_ENOUGH = 0.9  # of the bound is left when the oldest go


@dataclass(frozen=True, slots=True)
class Wanted:
    """digest : of the picture's file. side : pixels. mosaic : in blocks."""

    digest: bytes
    side: int
    mosaic: bool

    @property
    def name(self) -> str:
        """Below the folder: a subfolder of a 256th, so that none grows large."""
        name = self.digest.hex()
        return f"{name[:2]}/{name}-{self.side}{'-mosaic' if self.mosaic else ''}.jpg"


class Thumbnails:
    """Those in `folder`, of `most` bytes together. Shared by threads."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._bytes: int | None = None  # unknown until the first is written

    def find(self, wanted: Wanted) -> bytes | None:
        """The JPEG, if it is there."""
        try:
            return (self._folder / wanted.name).read_bytes() or None  # empty after a power cut
        except OSError:
            return None

    def keep(self, wanted: Wanted, data: bytes) -> None:
        """Put it on disk, if the disk will have it: else it is made anew at the next request."""
        if len(data) > self._most * _ENOUGH:  # nothing may be kept, or no room could be made for it
            return
        path = self._folder / wanted.name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, durable=False) as file:
                file.write(data)
            with self._lock:
                known = self._bytes
                self._bytes = self._measured() if known is None else known + len(data)
                if self._bytes > self._most:
                    self._bytes = self._make_room()

    def _measured(self) -> int:
        return sum(size for _, size, _ in self._all())

    def _all(self) -> list[tuple[float, int, str]]:
        """Time of making, bytes and path of each."""
        found = []
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    stat = (Path(folder) / name).stat()
                    found.append((stat.st_mtime, stat.st_size, str(Path(folder) / name)))
        return found

    def _make_room(self) -> int:
        """Delete the oldest; the bytes that are left."""
        kept = sorted(self._all())
        left = sum(size for _, size, _ in kept)
        for _, size, name in kept:
            if left <= self._most * _ENOUGH:
                break
            with suppress(OSError):
                Path(name).unlink()
                left -= size
        return left
