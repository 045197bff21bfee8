"""Keep photo metadata up to date: read changed sidecars, and metadata of files where it is missing.

Takes an open collection whose images are indexed; yields Progress. Each part is committed when it
is read, so the next run goes on where a run was stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Never, TypeVar

import xxhash

from sokkuri.core.errors import ImageError
from sokkuri.core.types import FileStat, Limits, PhotoMetadata, Progress
from sokkuri.images.metadata import read_photo, read_sidecar
from sokkuri.images.read import read_file
from sokkuri.store.collection import CollectionStore
from sokkuri.store.photos import (
    count_photo_change,
    count_unknown,
    record_photos,
    unknown_photos,
)
from sokkuri.store.sidecars import (
    changed_sidecars,
    forget_sidecars,
    note_sidecar_ctimes,
    record_sidecars,
)

_CHUNK = 256  # files of one commit
_OF_SIDECAR = Limits(max_bytes=4 * 2**20)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def refresh_sidecars(
    collection: CollectionStore, unread: set[str], threads: int
) -> Iterator[Progress[Never]]:
    """Read the sidecars of the listing that are new or changed, and forget those that are gone.

    unread : folders that could not be listed. Their sidecars are not gone.
    """
    catalog = collection.catalog

    def is_gone(path: str) -> bool:
        parents = (path[:at] for at, char in enumerate(path) if char == "/")
        return str(collection.root) not in unread and unread.isdisjoint(parents)

    paths = changed_sidecars(catalog)
    done = 0
    read = partial(_read_sidecar, collection)
    for found in _in_parts(read, paths, threads):
        with catalog.writing():
            sidecars = [one for one in found if one is not None]
            record_sidecars(catalog, sidecars)
            note_sidecar_ctimes(catalog, [path for path, _, _ in sidecars])
            count_photo_change(catalog)
        done += len(found)
        yield Progress("sidecars", done, len(paths))
    if catalog.has_table("sidecars"):
        with catalog.writing():
            if forget_sidecars(catalog, is_gone):
                count_photo_change(catalog)


def fill_photos(
    collection: CollectionStore, limits: Limits, threads: int
) -> Iterator[Progress[Never]]:
    """Read the metadata of files of which it was not read yet. No vector is extracted.

    A file that cannot be read, or that changed since it was indexed, is left for the next run.
    """
    catalog = collection.catalog
    total = count_unknown(catalog)
    last = done = skipped = 0
    with ThreadPoolExecutor(threads, thread_name_prefix="sokkuri-metadata") as pool:
        while part := unknown_photos(catalog, last, _CHUNK):
            wanted = {digest: path for _, digest, path in part}
            read = pool.map(partial(_read_photo, collection, limits), wanted.items())
            photos = {digest: photo for digest, photo in read if photo is not None}
            with catalog.writing():
                record_photos(catalog, photos)
                count_photo_change(catalog)
            last = part[-1][0]
            done += len(part)
            skipped += len(wanted) - len(photos)
            yield Progress("metadata", done, max(done, total), failed=skipped)
    if skipped:
        note = (
            f"{skipped:,} of {total:,} files could not be read, or have changed since they were "
            "indexed: run the command again"
        )
        yield Progress("metadata", done, max(done, total), note, skipped)


def _in_parts(
    read: Callable[[_Item], _Result], items: Sequence[_Item], threads: int
) -> Iterator[list[_Result]]:
    """Call `read` for the items in threads; yield the results, a part of them at a time."""
    if not items:
        return
    remaining = iter(items)
    with ThreadPoolExecutor(threads, thread_name_prefix="sokkuri-metadata") as pool:
        while part := list(islice(remaining, _CHUNK)):
            yield list(pool.map(read, part))


def _read_sidecar(
    collection: CollectionStore, path: str
) -> tuple[str, FileStat, PhotoMetadata] | None:
    try:
        data, stat = read_file(collection.locate(path), _OF_SIDECAR)
    except (ImageError, FileNotFoundError):
        return None  # the next run looks again
    return path, stat, read_sidecar(data)


def _read_photo(
    collection: CollectionStore, limits: Limits, wanted: tuple[bytes, str]
) -> tuple[bytes, PhotoMetadata | None]:
    digest, path = wanted
    try:
        data, _ = read_file(collection.locate(path), limits)
    except (ImageError, FileNotFoundError):
        return digest, None
    same = xxhash.xxh3_128_digest(data) == digest
    return digest, read_photo(data) if same else None
