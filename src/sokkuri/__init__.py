"""sokkuri: similar-image search for a folder of photos.

Holds the public names. Each is imported when it is first used, so that `import sokkuri` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.core.errors import SokkuriError
    from sokkuri.core.types import Progress
    from sokkuri.indexing.options import SyncOptions, SyncReport
    from sokkuri.search.results import Hit, Hits, SearchOptions
    from sokkuri.search.searcher import Searcher

__all__ = [
    "Collection",
    "Hit",
    "Hits",
    "Progress",
    "SearchOptions",
    "Searcher",
    "SokkuriError",
    "SyncOptions",
    "SyncReport",
]

_HOMES = {
    "Collection": "sokkuri.api",
    "Hit": "sokkuri.search.results",
    "Hits": "sokkuri.search.results",
    "Progress": "sokkuri.core.types",
    "SearchOptions": "sokkuri.search.results",
    "Searcher": "sokkuri.search.searcher",
    "SokkuriError": "sokkuri.core.errors",
    "SyncOptions": "sokkuri.indexing.options",
    "SyncReport": "sokkuri.indexing.options",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sokkuri' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
