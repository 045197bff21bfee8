"""Write a ZIP archive of files piece by piece, with a piece of one file in memory.

The pictures are stored as they are: they are compressed already. The memory grows only with the
directory at the end of the archive, by some hundred bytes a file.
"""

import io
import os
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import IO

_PIECE = 2**20  # bytes
_MISSING_NAME = "not included.txt"
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # a ZIP archive knows no other ones


class _Pipe(io.RawIOBase):
    """Takes what the archive writes, until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._parts.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class ZipStream:
    """An archive that is sent while it is written."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._names = {_same_name(_MISSING_NAME)}
        self._missing: list[str] = []

    def add(self, name: str, file: IO[bytes], modified: float) -> Iterator[bytes]:
        """Yield the bytes of one more file. name : its path in the archive; another one is made if
        a file has it already. modified : seconds since 1970. Raises OSError."""
        info = zipfile.ZipInfo(self._unique_name(name), _moment(modified))
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        with self._zip.open(info, "w", force_zip64=True) as entry:
            while piece := file.read(_PIECE):
                entry.write(piece)
                yield self._pipe.take()
        yield self._pipe.take()

    def leave_out(self, name: str) -> None:
        """Note that a file is not in the archive. Its end has a list of these files."""
        self._missing.append(_encodable(name))

    def finish(self) -> bytes:
        """Return the end of the archive."""
        if self._missing:
            lines = "".join(f"{name}\n" for name in self._missing)
            self._zip.writestr(_MISSING_NAME, f"These files could not be read:\n{lines}")
        self._zip.close()
        return self._pipe.take()

    def _unique_name(self, name: str) -> str:
        """Return a name that no other file has, also where capitals and accents do not count."""
        parts = _encodable(name).replace("\\", "_").split("/")
        name = "/".join(part for part in parts if part not in ("", ".", "..")) or "file"
        stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name in the archive
        number = 1
        while _same_name(name) in self._names:
            number += 1
            name = f"{stem} ({number}){ending}"
        self._names.add(_same_name(name))
        return name


def _moment(modified: float) -> tuple[int, int, int, int, int, int]:
    """Return the local time, or the nearest one that an archive can name."""
    try:
        found = time.localtime(max(0.0, modified))[:6]
    except (OverflowError, OSError):
        found = (_LAST_YEAR + 1, 1, 1, 0, 0, 0)
    if found[0] < _FIRST_YEAR:
        return _FIRST_YEAR, 1, 1, 0, 0, 0
    return found if found[0] <= _LAST_YEAR else (_LAST_YEAR, 12, 31, 23, 59, 58)


def _encodable(name: str) -> str:
    """Return the name with a mark in place of each byte that is not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _same_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
