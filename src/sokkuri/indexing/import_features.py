"""import: takes over features that the article's scripts made.

Takes a folder that holds one `.npy` file an image (`00/01/<id>.npy`), or shard pairs
(`NNNN.features.npy` with `NNNN.object_ids.npy`), or both, and appends their vectors to a collection
under their ids. Everything is checked before it counts. What is there already is compared, so that
an import that was killed can be repeated. The next `index` finds the images' files by their ids.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import CollectionError, StorageError, UsageError
from sokkuri.core.locations import Address, Location, is_within
from sokkuri.indexing.feature_files import FoundVector, read_vectors
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import as_text
from sokkuri.store.images import ImageRow, find_image
from sokkuri.store.rows import NewRow, append_rows

_BATCH = 1000  # rows of one commit: what a crash can cost


@dataclass(frozen=True, slots=True)
class Imported:
    """What has been done so far, in vectors. `known` : were there already, the same, or belong to
    images that were removed. `refused` : not taken over, each with a line in `notes` once.
    `deleted` : small files."""

    imported: int = 0
    known: int = 0
    refused: int = 0
    deleted: int = 0
    notes: tuple[str, ...] = ()


def import_features(
    collection: CollectionStore, folder: Location, *, delete: bool = False
) -> Generator[Imported]:
    """Take over all vectors below `folder`; yields what is done after each commit.

    delete : remove small files whose vectors were read back from the collection and are the same.
    Raises CollectionError when `folder` holds this collection, UsageError for `delete` where
    the collection keeps fewer digits, and at an address, ReadError when it cannot be listed,
    StorageError when the disk refuses.
    """
    if delete and isinstance(folder, Address):
        raise UsageError(f"what lies at {folder} is only ever read: leave --delete out")
    own = collection.shards.folder
    if own.exists() and is_within(own, folder):
        raise CollectionError(
            f"{folder} holds this collection's own features: keep the collection elsewhere, with "
            "--store DIR"
        )
    if delete and collection.dtype != "float32":
        raise UsageError(
            f"{collection.store} keeps its vectors in {collection.dtype}, which has fewer digits "
            "than the files: leave --delete out"
        )
    collection.recover()
    done = Imported()
    found = read_vectors(folder, collection.model.dimension)
    while batch := list(islice(found, _BATCH)):
        checked = [_rounded(collection, one) for one in batch]
        new, known, clashes = _commit(
            collection, [one for one in checked if isinstance(one, FoundVector)]
        )
        notes = [one for one in checked if isinstance(one, str)] + [
            f"{one.where} is left out: {one.id} has another vector already" for one in clashes
        ]
        deleted = _delete(collection, [*new, *known]) if delete else 0
        done = Imported(
            done.imported + len(new),
            done.known + len(known),
            done.refused + len(notes),
            done.deleted + deleted,
            tuple(notes),
        )
        yield done
    yield replace(done, notes=())


def _rounded(collection: CollectionStore, one: FoundVector | str) -> FoundVector | str:
    """The vector as the collection's shards will give it back, or why they cannot hold it."""
    if isinstance(one, str):
        return one
    try:
        rows = collection.shards.stored(one.vector[None])
    except CollectionError as error:
        return f"{one.where} is left out: {error}"
    return replace(one, vector=np.asarray(rows[0], np.float32))


def _commit(
    collection: CollectionStore, found: Sequence[FoundVector]
) -> tuple[list[FoundVector], list[FoundVector], list[FoundVector]]:
    """Append what is new, in one transaction: new, known and clashing vectors."""
    catalog = collection.catalog
    new: list[FoundVector] = []
    known: list[FoundVector] = []
    clashes: list[FoundVector] = []
    rows: list[NewRow] = []
    with catalog.writing():
        images = {one.id: find_image(catalog, one.id) for one in found}
        held = _held(collection, images)
        for one in found:
            image = images[one.id]
            if one.id in held:
                (known if np.array_equal(held[one.id], one.vector) else clashes).append(one)
            elif image is not None and image.removed:
                known.append(one)
            else:
                held[one.id] = one.vector
                new.append(one)
                rows.append(NewRow(_key(catalog, one.id, image), one.id, one.vector))
        append_rows(collection, rows)
    return new, known, clashes


def _held(
    collection: CollectionStore, images: Mapping[str, ImageRow | None]
) -> dict[str, NDArray[np.float32]]:
    """The vectors that the collection's shards hold for these ids."""
    places = {
        id_: (image.at.shard, image.at.row)
        for id_, image in images.items()
        if image is not None and image.at is not None
    }
    vectors = collection.vectors(list(places.values()))
    return dict(zip(places, vectors, strict=True))


def _key(catalog: Catalog, id_: str, image: ImageRow | None) -> int:
    """The image's number, entered where it has none: its file is still to be looked at."""
    if image is None:
        catalog.run(
            "INSERT INTO images (id, path, size, mtime_ns, todo)"
            " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), -1, 0, 0)",
            [as_text(id_), as_text(id_)],
        )
        return int(catalog.one("SELECT last_insert_rowid()")[0])
    catalog.run(
        "UPDATE images SET digest = NULL, stage = NULL, reason = NULL, missing = NULL,"
        " size = -1, claim = NULL, todo = 0 WHERE key = ?",
        [image.key],
    )
    return image.key


def _delete(collection: CollectionStore, kept: Sequence[FoundVector]) -> int:
    """Remove the small files whose vectors the collection gives back as they were."""
    small = [(one, one.file) for one in kept if one.file is not None]
    held = _held(collection, {one.id: find_image(collection.catalog, one.id) for one, _ in small})
    deleted = 0
    for one, file in small:
        if one.id not in held or not np.array_equal(held[one.id], one.vector):
            continue
        try:
            file.unlink()
        except OSError as error:
            raise StorageError(
                f"{file} could not be deleted: {error.strerror}; its vector is kept"
            ) from error
        deleted += 1
    return deleted
