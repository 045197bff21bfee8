"""Copy vectors, labels and decisions of a part into the target of a merge.

Takes an open part and the open target, inside transactions of the caller (merge.py). Checks every
vector. The rows of the catalog are in store/part_images.py.
"""

from collections.abc import Sequence

from sokkuri.core.errors import DamagedError
from sokkuri.core.types import RowRef, StoredRows
from sokkuri.indexing.parts.gather import PartStore
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import read_damage, record_damage
from sokkuri.store.decisions import add_decisions, read_decisions
from sokkuri.store.labels import add_labels, all_labels
from sokkuri.store.part_images import PartImage, annotations_digest
from sokkuri.store.photos import copy_photos
from sokkuri.store.read_rows import read_rows
from sokkuri.store.rows import store_rows


def copy_rows(
    whole: CollectionStore, store: PartStore, part: CollectionStore, images: Sequence[PartImage]
) -> list[RowRef | None]:
    """Append the images' vectors to the target; return their rows, None for images without one.

    Raises DamagedError, StorageError.
    """
    with_row = [image for image in images if image.shard is not None]
    vectors = _vectors(store, part, with_row)
    at = iter(store_rows(whole, vectors, [image.id for image in with_row]))
    return [None if image.shard is None else next(at) for image in images]


def _vectors(store: PartStore, part: CollectionStore, images: Sequence[PartImage]) -> StoredRows:
    """Return the images' vectors, (N, D) in the dtype of the part. Raises DamagedError."""
    try:
        places = [(image.shard or 0, image.row or 0) for image in images]
        return read_rows(part.catalog, part.shards, places)
    except DamagedError as error:
        raise store.damaged_error(error) from error


def merge_annotations(catalog: Catalog, part: Catalog, key: str) -> None:
    """Copy labels and decisions from the part, if they have changed since the last merge.

    Later labels and decisions in the target stay.
    """
    digest = annotations_digest(part)
    if digest == catalog.meta(key):
        return
    with catalog.writing():
        add_labels(catalog, all_labels(part))
        add_decisions(catalog, read_decisions(part))
        catalog.set_meta(key, digest)


def merge_damage(catalog: Catalog, part: Catalog) -> None:
    """Copy what the part knows of damaged files."""
    if notes := read_damage(part):
        with catalog.writing():
            record_damage(catalog, notes)


def merge_photos(catalog: Catalog, part: Catalog) -> None:
    """Copy the metadata of photos and of sidecars from a part."""
    with catalog.writing():
        copy_photos(catalog, part)


def annotations_key(store: PartStore) -> str:
    """Return the key under which the target saves the digest of a part's annotations."""
    return f"said {store.part}"
