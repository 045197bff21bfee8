"""The user's cache folder, how to recognise the store of a collection, spellings of names."""

import os
import unicodedata
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


def other_spellings(name: str) -> list[str]:
    """Return the other Unicode forms of a name, which look the same.

    A keyboard gives "é" as one character (NFC), and files from a Mac may have two (NFD).
    """
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    return sorted(forms - {name})


def cache_folder() -> Path:
    """Return the user's cache folder, or the one in `SOKKURI_CACHE`. It need not exist yet."""
    override = os.environ.get("SOKKURI_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("sokkuri", appauthor=False)
