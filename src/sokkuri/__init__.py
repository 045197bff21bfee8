"""sokkuri: similar-image search for a folder of photos.

The public names, nothing else; each is imported when it is first used, so that `import sokkuri`
costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.errors import SokkuriError
    from sokkuri.searching import Hit, Hits, Searcher, SearchOptions
    from sokkuri.syncing import Progress, SyncOptions, SyncReport

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
    "Hit": "sokkuri.searching",
    "Hits": "sokkuri.searching",
    "Progress": "sokkuri.indexing",
    "SearchOptions": "sokkuri.searching",
    "Searcher": "sokkuri.searching",
    "SokkuriError": "sokkuri.errors",
    "SyncOptions": "sokkuri.indexing",
    "SyncReport": "sokkuri.indexing",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sokkuri' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
