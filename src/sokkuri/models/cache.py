"""Keep converted networks in the user's cache folder.

A file appears there whole or not at all, so that several processes may write the same one at once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import ModelError
from sokkuri.core.paths import cache_folder


def cached(name: str, sha256: str, make: Callable[[], bytes]) -> Path:
    """Return the cached file of this name. Call `make` unless the file is there with this SHA-256.

    Raises ModelError when the folder cannot be written, or `make` returns other bytes.
    """
    path = cache_folder() / name
    if path.is_file() and file_sha256(path) == sha256:
        return path
    data = make()
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise ModelError(
            f"{name} was built with SHA-256 {digest[:12]}, not {sha256[:12]}: its packages differ "
            "from those that sokkuri was tested with; install the versions in constraints.txt"
        )
    try:
        replace_cached(path, data)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({error.strerror}): set SOKKURI_CACHE to another folder"
        ) from error
    return path


def replace_cached(path: Path, data: bytes) -> None:
    """Write a file into the cache, atomically. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(data)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal. Raises ModelError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
