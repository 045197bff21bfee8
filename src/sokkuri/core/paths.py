"""The user's cache folder, and how to recognise the store of a collection by its names."""

import os
from pathlib import Path

import platformdirs

CATALOG_NAME = "catalog.sqlite"
STORE_FOLDERS = frozenset({"features", "indexes", "thumbnails", "duplicates"})
"""The folders in a store."""


def is_store(folder: Path) -> bool:
    """Return whether this folder looks like the store of a collection.

    It has a catalog and vectors or thumbnails. Nothing is opened. A folder without permission
    counts as none.
    """
    # Unlike Path.is_file, these tests raise no PermissionError.
    return os.path.isfile(folder / CATALOG_NAME) and any(  # noqa: PTH113
        os.path.isdir(folder / name)  # noqa: PTH112
        for name in ("features", "thumbnails")
    )


def is_path_below(path: str) -> bool:
    """Return whether a relative path, with `/` between its parts, names a file below a folder.

    It must not lead out of the folder, on any system that this code runs on.
    """
    if os.sep != "/" and {"\\", ":"} & set(path):
        return False  # on Windows these separate folders and drives
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def cache_folder() -> Path:
    """Return the user's cache folder, or the one in `SOKKURI_CACHE`. It need not exist yet."""
    override = os.environ.get("SOKKURI_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("sokkuri", appauthor=False)
