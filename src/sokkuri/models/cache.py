"""Keeps converted networks in the user's cache folder.

A file appears there whole or not at all, so several processes may make the same one at once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import ModelError
from sokkuri.core.paths import cache_folder


def cached(name: str, sha256: str, make: Callable[[], bytes]) -> Path:
    """The cached file of that name, made by `make` unless it is there with these very bytes.

    Raises ModelError when the folder cannot be written, or `make` gives other bytes.
    """
    path = cache_folder() / name
    if path.is_file() and file_sha256(path) == sha256:
        return path
    data = make()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{name} came out with SHA-256 {found[:12]}, not {sha256[:12]}: its packages differ "
            "from those that sokkuri was tested with; install the versions in constraints.txt"
        )
    try:
        replace_cached(path, data)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({error.strerror}): name another folder in SOKKURI_CACHE"
        ) from error
    return path


def replace_cached(path: Path, data: bytes) -> None:
    """Put a file into the cache, whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(data)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises ModelError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
