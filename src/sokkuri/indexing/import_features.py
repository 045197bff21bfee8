"""Import feature vectors that the article's scripts made.

Takes a folder with one `.npy` file per image (`00/01/<id>.npy`), or pairs of shard files
(`NNNN.features.npy` with `NNNN.object_ids.npy`), or both, and appends their vectors to a collection
under their ids. Checks every vector before it counts. Compares vectors that exist already, so that
a killed import can be repeated. The next `index` finds the image files by their ids.
"""

import json
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import (
    CollectionError,
    ModelMismatchError,
    ReadError,
    StorageError,
    UsageError,
)
from sokkuri.core.locations import Address, Location, is_within
from sokkuri.core.named_roots import Roots
from sokkuri.core.types import Limits
from sokkuri.images.read import read_file
from sokkuri.indexing.export import MANIFEST
from sokkuri.indexing.feature_files import FoundVector, read_vectors
from sokkuri.store.annotations import carry_over
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.content import content_of, key_of_id
from sokkuri.store.images import ImageRow, enter_imported, find_images, reset_imported
from sokkuri.store.recover import recover
from sokkuri.store.rows import NewRow, append_rows

_BATCH = 1000  # rows of one commit, which a crash can cost


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done so far, in vectors.

    known : existed already with equal values, or belong to removed images. refused : not imported;
    each has one line in `notes` of one report. deleted : files with one vector.
    """

    imported: int = 0
    known: int = 0
    refused: int = 0
    deleted: int = 0
    notes: tuple[str, ...] = ()


def import_features(
    collection: CollectionStore, folder: Location, *, delete: bool = False
) -> Generator[Imported]:
    """Import all vectors below `folder`; yield the totals so far after each commit.

    delete : delete files with one vector after it was read back from the collection without a
    difference. Raises CollectionError if `folder` contains this collection, ModelMismatchError if
    it is an export of another model's vectors, UsageError for `delete` if the collection is float16
    or `folder` an address, ReadError if the folder cannot be listed, StorageError.
    """
    _check_folder(collection, folder, delete=delete)
    done = Imported()
    if lines := recover(collection):
        yield replace(done, notes=tuple(lines))
    vectors = read_vectors(folder, collection.model.dimension)
    while batch := list(islice(vectors, _BATCH)):
        checked = [_rounded(collection, vector) for vector in batch]
        new, known, clashes = _commit(
            collection, [vector for vector in checked if isinstance(vector, FoundVector)]
        )
        notes = [note for note in checked if isinstance(note, str)] + [
            f"{clash.where} is left out: {clash.id} has another vector already" for clash in clashes
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


def exported_model(folder: Location) -> tuple[str, str] | None:
    """Return name and fingerprint of the model whose vectors `export` wrote to this folder; None
    for files of other programs."""
    try:
        document = json.loads(read_file(folder / MANIFEST, Limits())[0])
        name, fingerprint = document["model"], document["fingerprint"]
    except (OSError, ReadError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return (name, fingerprint) if isinstance(name, str) and isinstance(fingerprint, str) else None


def check_exported_model(folder: Location, name: str, fingerprint: str) -> None:
    """Check that an export, if `folder` is one, has vectors of this model. The same network with
    another way of decoding will do. Raises ModelMismatchError."""
    exported = exported_model(folder)
    if exported is None or name == exported[0] or fingerprint == exported[1]:
        return
    raise ModelMismatchError(
        f"{folder} has vectors of {exported[0]}, as its {MANIFEST} says, not of {name}, and the "
        "two cannot be compared: import them into a collection of that model, or into a new one "
        f"with --store DIR --model {shlex.quote(exported[0])}"
    )


def _check_folder(collection: CollectionStore, folder: Location, *, delete: bool) -> None:
    """Raise UsageError or CollectionError if the folder cannot be imported from as asked."""
    check_exported_model(folder, collection.model.name, collection.model.fingerprint)
    if delete and isinstance(folder, Address):
        raise UsageError(f"files at an address are only read ({folder}): leave --delete out")
    own = collection.shards.folder
    if own.exists() and is_within(own, folder):
        raise CollectionError(
            f"{folder} holds this collection's own vectors: keep the collection elsewhere, with "
            "--store DIR"
        )
    if delete and collection.dtype != "float32":
        raise UsageError(
            f"{collection.store} keeps its vectors in {collection.dtype}, which has fewer digits "
            "than the files: leave --delete out"
        )


def _rounded(collection: CollectionStore, vector: FoundVector | str) -> FoundVector | str:
    """Return the vector in the precision of the collection's shards, or why they cannot hold it."""
    if isinstance(vector, str):
        return vector
    root = collection.root
    if isinstance(root, Roots) and not root.has_name_of(vector.id):
        return f"{vector.where} is left out: {vector.id!r} begins with no name of a root"
    try:
        rows = collection.shards.to_stored(vector.vector[None])
    except CollectionError as error:
        return f"{vector.where} is left out: {error}"
    return replace(vector, vector=np.asarray(rows[0], np.float32))


def _commit(
    collection: CollectionStore, vectors: Sequence[FoundVector]
) -> tuple[list[FoundVector], list[FoundVector], list[FoundVector]]:
    """Append new vectors in one transaction; return the new, known and clashing vectors."""
    catalog = collection.catalog
    new: list[FoundVector] = []
    known: list[FoundVector] = []
    clashes: list[FoundVector] = []
    rows: list[NewRow] = []
    with catalog.writing():
        images = find_images(catalog, [vector.id for vector in vectors])
        stored = _stored_vectors(collection, images)
        for vector in vectors:
            image = images.get(vector.id)
            if vector.id in stored:
                is_same = np.array_equal(stored[vector.id], vector.vector)
                (known if is_same else clashes).append(vector)
            elif image is not None and image.removed:
                known.append(vector)
            else:
                stored[vector.id] = vector.vector
                new.append(vector)
                rows.append(NewRow(_key(catalog, vector.id, image), vector.id, vector.vector))
        append_rows(collection, rows)
    return new, known, clashes


def _stored_vectors(
    collection: CollectionStore, images: Mapping[str, ImageRow]
) -> dict[str, NDArray[np.float32]]:
    """Return the vectors that the collection has for these ids."""
    places = {
        id_: (image.row.shard, image.row.row)
        for id_, image in images.items()
        if image.row is not None
    }
    vectors = collection.read_vectors(list(places.values()))
    return dict(zip(places, vectors, strict=True))


def _key(catalog: Catalog, id_: str, image: ImageRow | None) -> int:
    """Return the image's key; add the image if it is new. The next run looks at its file."""
    if image is None:
        return enter_imported(catalog, id_)
    carry_over(catalog, content_of(catalog, id_), key_of_id(id_), keep=True)
    reset_imported(catalog, image.key)
    return image.key


def _delete(collection: CollectionStore, kept: Sequence[FoundVector]) -> int:
    """Delete files with one vector that the collection returns unchanged; return how many."""
    small = [(vector, vector.file) for vector in kept if vector.file is not None]
    images = find_images(collection.catalog, [vector.id for vector, _ in small])
    stored = _stored_vectors(collection, images)
    deleted = 0
    for vector, file in small:
        if vector.id not in stored or not np.array_equal(stored[vector.id], vector.vector):
            continue
        try:
            file.unlink()
        except OSError as error:
            raise StorageError(
                f"{file} could not be deleted: {error.strerror}; its vector is kept"
            ) from error
        deleted += 1
    return deleted
