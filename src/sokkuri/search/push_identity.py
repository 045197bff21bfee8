"""The identity under which a collection pushes to vector engines, which no copy of it shares.

Takes a collection. The identity is drawn at the first push, and kept in the catalog together with
the number by which the file system knows the catalog's file. A copied or restored catalog has
another number: it gets an identity of its own, so that two collections never write to one place.
"""

import secrets

from sokkuri.store.collection import CollectionStore

_IDENTITY, _FILE = "pushed_as", "pushed_from"


def push_identity(collection: CollectionStore) -> str:
    """Return a random text that identifies the collection; draw one if it has none of its own."""
    catalog = collection.catalog
    with catalog.writing():
        identity = catalog.meta(_IDENTITY)
        if identity is None or is_copied(collection):
            identity = secrets.token_hex(8)
            catalog.set_meta(_IDENTITY, identity)
        if catalog.meta(_FILE) != _file_number(collection):
            catalog.set_meta(_FILE, _file_number(collection))
    return identity


def is_copied(collection: CollectionStore) -> bool:
    """Return whether the catalog was copied, restored or moved to another disk after a push."""
    return collection.catalog.meta(_FILE) not in (None, _file_number(collection))


def new_token(identity: str) -> str:
    """Return a token for a new collection in an engine, which belongs to this identity."""
    return f"{identity}-{secrets.token_hex(8)}"


def owns(collection: CollectionStore, token: str) -> bool:
    """Return whether the collection pushed to the collection in an engine that has this token."""
    identity = collection.catalog.meta(_IDENTITY)
    return token.partition("-")[0] == identity and not is_copied(collection)


def was_copied_from(collection: CollectionStore, token: str) -> bool:
    """Return whether the catalog is a copy of the one that pushed to the collection in an engine
    with this token."""
    identity = collection.catalog.meta(_IDENTITY)
    return token.partition("-")[0] == identity and is_copied(collection)


def _file_number(collection: CollectionStore) -> str:
    file_id = collection.catalog.file_id
    return "" if file_id is None else str(file_id[1])  # devices are numbered anew at each start
