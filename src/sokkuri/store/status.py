"""The state of a whole collection in numbers: what `sokkuri status` prints."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sokkuri.core.named_roots import Root
from sokkuri.core.types import AnnState, Failure, PushedState
from sokkuri.store.catalog import ModelRow
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import damaged_images
from sokkuri.store.images import count_images, left_aside, read_failures
from sokkuri.store.leases import count_stale_leases
from sokkuri.store.old_shards import old_bytes
from sokkuri.store.photos import count_unknown
from sokkuri.store.replacements import ReplacementState, replacement_state


@dataclass(frozen=True, slots=True)
class Status:
    """What `sokkuri status` prints.

    `total`, `removed`, `missing`, `waiting` : numbers of images; `total` counts live images.
    `size` : the bytes of the store on disk. `ann` : the state of the ANN index, None without one.
    `pushed` : the engines that have copies of the vectors. `part` : the part of all images that
    this collection holds, such as 3/16; None for a whole collection. `left_aside` : files that hold
    pictures which sokkuri does not read, as the last run saw them, by kind. `damaged` : live images
    whose files were read in part. `replacement` : the model that is to replace the collection's,
    None if there is none. `old_bytes` : of the vectors of earlier models, until `compact`.
    `without_metadata` : live images whose metadata was not read yet.
    """

    root: Root
    store: Path
    model: ModelRow
    total: int
    removed: int
    missing: int
    waiting: int
    failures: tuple[Failure, ...]
    stale_leases: int
    size: int
    ann: AnnState | None = None
    pushed: tuple[PushedState, ...] = ()
    part: str | None = None
    left_aside: Mapping[str, int] = field(default_factory=dict)
    damaged: tuple[Failure, ...] = ()
    replacement: ReplacementState | None = None
    old_bytes: int = 0
    without_metadata: int = 0


def read_status(collection: CollectionStore) -> Status:
    """Return the state of the collection, without `ann` and `pushed`."""
    with collection.catalog.reading():
        collection.follow()
        counts = count_images(collection.catalog)
        failures = tuple(read_failures(collection.catalog))
        stale = count_stale_leases(collection.catalog)
        part = collection.catalog.meta("part")
        aside = left_aside(collection.catalog)
        damaged = tuple(damaged_images(collection.catalog))
        replacement = replacement_state(collection)
        old = old_bytes(collection)
        without_metadata = count_unknown(collection.catalog)
    return Status(
        collection.root,
        collection.store,
        collection.model,
        counts.live,
        counts.removed,
        counts.missing,
        counts.todo,
        failures,
        stale,
        _bytes_in(collection.store),
        part=part,
        left_aside=aside,
        damaged=damaged,
        replacement=replacement,
        old_bytes=old,
        without_metadata=without_metadata,
    )


def _bytes_in(folder: Path) -> int:
    """Return the size of all files in and below a folder, without files that vanish meanwhile."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += (Path(place) / name).stat().st_size
    return size
