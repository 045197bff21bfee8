"""The folders of this user that sokkuri writes to, apart from collections."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache folder, or the one in `SOKKURI_CACHE`. It need not exist yet."""
    override = os.environ.get("SOKKURI_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("sokkuri", appauthor=False)
