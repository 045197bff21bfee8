"""Cache thumbnails on disk, up to a size limit.

The files are in `<store>/thumbnails/`. Deleting them loses nothing. If the folder is not writable,
the server computes every thumbnail again.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.atomic import atomic_write

_FILL_AFTER_CLEANUP = 0.9  # share of the limit that stays when the oldest files are deleted


@dataclass(frozen=True, slots=True)
class ThumbnailKey:
    """digest : of the image file. side : pixels. mosaic : a mosaic of blocks."""

    digest: bytes
    side: int
    mosaic: bool

    @property
    def path(self) -> str:
        """The path below the cache folder. 256 subfolders keep each of them small."""
        digest = self.digest.hex()
        return f"{digest[:2]}/{digest}-{self.side}{'-mosaic' if self.mosaic else ''}.jpg"


class ThumbnailCache:
    """Thumbnails in `folder`, at most `max_bytes` together. Thread-safe."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None  # unknown until the first file is written

    def get(self, key: ThumbnailKey) -> bytes | None:
        """Return the JPEG, or None if it is not in the cache."""
        try:
            data = (self._folder / key.path).read_bytes()
        except OSError:
            return None
        return data or None  # a power cut may leave an empty file

    def put(self, key: ThumbnailKey, data: bytes) -> None:
        """Write a JPEG. Does nothing if it is too large for the limit or the disk refuses it."""
        if len(data) > self._max_bytes * _FILL_AFTER_CLEANUP:
            return
        path = self._folder / key.path
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path, durable=False) as file:
                file.write(data)
            with self._lock:
                if self._bytes is None:
                    self._bytes = sum(size for _, size, _ in self._list_files())
                else:
                    self._bytes += len(data)
                if self._bytes > self._max_bytes:
                    self._bytes = self._delete_oldest()

    def _list_files(self) -> list[tuple[float, int, str]]:
        """Return modification time, bytes and path of each file."""
        files = []
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    stat = (Path(folder) / name).stat()
                    files.append((stat.st_mtime, stat.st_size, str(Path(folder) / name)))
        return files

    def _delete_oldest(self) -> int:
        """Delete the oldest files and return the bytes that are left."""
        files = sorted(self._list_files())
        bytes_left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if bytes_left <= self._max_bytes * _FILL_AFTER_CLEANUP:
                break
            with suppress(OSError):
                Path(path).unlink()
                bytes_left -= size
        return bytes_left
