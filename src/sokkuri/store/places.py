"""Where the store of a collection is: find it, and choose its place.

Takes the path of a folder of images or of a store; returns the folder of the store. Opens nothing.
"""

from pathlib import Path

from sokkuri.core.errors import NoCollectionError, UsageError, as_storage_errors
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, Roots
from sokkuri.core.paths import CATALOG_NAME, STORE_FOLDERS, is_store
from sokkuri.store.catalog import Catalog

STORE_NAME = ".sokkuri"
"""The folder in a folder of images that is its store by default."""


def has_store(where: Path) -> bool:
    """Return whether `where` is a store, or a folder of images with its store inside.

    A store whose creation was cut short does not count.
    """
    places = (folder / CATALOG_NAME for folder in (where, where / STORE_NAME))
    with as_storage_errors():
        return any(place.is_file() and not Catalog.is_unfinished(place) for place in places)


def find_store(where: Path) -> Path:
    """Return the store that `where` is or holds. Raises NoCollectionError."""
    with as_storage_errors():
        for folder in (where, where / STORE_NAME):
            if (folder / CATALOG_NAME).is_file():
                return folder.resolve()
    raise NoCollectionError(f"{where} holds no collection: make one with `{_index_command(where)}`")


def _index_command(where: Path) -> str:
    """Return how to index; a store that lost its catalog is no folder of images."""
    if where.name == STORE_NAME:
        return f"sokkuri index {where.parent}"
    has_vectors = any((where / "features").glob("*/*.npy"))
    return f"sokkuri index {f'FOLDER --store {where}' if has_vectors else where}"


def find_upwards(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds a store, or None.

    git looks for its repository in the same way.
    """
    with as_storage_errors():
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / STORE_NAME / CATALOG_NAME).is_file():
                return folder
    return None


def choose_store(root: Root, store: Path | None, name: str = STORE_NAME) -> Path:
    """Return the folder of a collection's store: `store`, or the folder `name` in the root.

    Raises UsageError when `store` is None and the images are at an address, in several roots, or in
    a store.
    """
    if store is not None:
        return store
    if isinstance(root, Address | Roots):
        raise UsageError(f"say where to keep the collection of {root}: --store DIR, a folder here")
    if _is_in_store(root.resolve()) and not has_store(root / name):
        raise UsageError(
            f"{root} is the store of a collection, or in one: name the folder of images; to index "
            "it all the same, give it a --store DIR"
        )
    return root / name


def _is_in_store(folder: Path) -> bool:
    in_visible = folder.name in STORE_FOLDERS and is_store(folder.parent)
    return is_store(folder) or in_visible or STORE_NAME in folder.parts
