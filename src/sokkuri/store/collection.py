"""A collection: a folder of images, and the store that holds its catalog and shards.

Finds, opens and creates stores, and answers for the collection as a whole. The pipeline
(indexing.py), the checks (verifying.py) and the search (searching.py) work on what this opens.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sokkuri.core.errors import (
    CollectionError,
    ModelMismatchError,
    NoCollectionError,
    StorageError,
    UnfinishedError,
    UnknownImageError,
    UsageError,
)
from sokkuri.core.locations import Address, Location, parse_location
from sokkuri.core.types import AnnState, Dtype, Failure, Features, PushedState
from sokkuri.images.scan import is_folder
from sokkuri.store.catalog import Catalog, ModelRow
from sokkuri.store.images import count_images, find_image, read_failures, set_removed
from sokkuri.store.leases import count_stale_leases
from sokkuri.store.shard_table import (
    clear_stale_ids,
    find_shard,
    next_shard_number,
    read_shards,
    shard_ids,
)
from sokkuri.store.shards import ShardFolder

if TYPE_CHECKING:
    from sokkuri.models import Model

STORE_NAME = ".sokkuri"
CATALOG_NAME = "catalog.sqlite"


@dataclass(frozen=True, slots=True)
class Status:
    """What `sokkuri status` prints. `total` : live images; `size` : the store's bytes on disk;
    `ann` : the approximate index, if it has one; `pushed` : engines elsewhere; `part` : the share
    of the images that it has, as in 3/16, None for all."""

    root: Location
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


class CollectionStore:
    """An open collection. Use it as a context manager, or call `close`."""

    def __init__(self, store: Path, catalog: Catalog, root: Location) -> None:
        model = catalog.model()
        if model is None:
            raise UnfinishedError(f"{store} was never finished: run `sokkuri index` again")
        self.store = store
        self.root = root
        self.catalog = catalog
        self.model = model
        self.dtype = read_dtype(catalog)
        self.shards = ShardFolder(store / "features" / model.name, model.dimension, self.dtype)

    @classmethod
    def open(cls, where: Path | str, mode: Literal["ro", "rw"] = "rw") -> Self:
        """Open the collection of a folder of images, or of a store.

        Raises NoCollectionError when there is none in `where`.
        """
        store = find_store(Path(where))
        catalog = Catalog.open(store / CATALOG_NAME, mode)
        return cls(store, catalog, read_root(store, catalog))

    @classmethod
    def create_with(
        cls, root: Location, store: Path, model: "Model", source: str, dtype: Dtype | None = None
    ) -> Self:
        """Make an empty collection, or open it where another process was quicker.

        source : what resolves to the model again, a name or a path. dtype : of the vectors on disk.
        """
        card = model.card
        made_by = ModelRow(
            card.name, model.fingerprint, card.dimension, card.metric, card.decode, source
        )
        return cls.create_for(root, store, made_by, dtype)

    @classmethod
    def create_for(cls, root: Location, store: Path, model: ModelRow, dtype: Dtype | None) -> Self:
        """The same for a model of which only its row in another catalog is at hand."""
        try:
            store.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{store} cannot be created ({error.strerror}): keep the store elsewhere with "
                "--store DIR"
            ) from error
        kept = ShardFolder(store / "features" / model.name, model.dimension)
        if not has_store(store) and kept.list_shards():
            raise CollectionError(
                f"{kept.folder} holds features that no catalog knows: keep this collection "
                "elsewhere with --store DIR, and take them over with `sokkuri import "
                f"{kept.folder}`"
            )
        catalog = Catalog.create(store / CATALOG_NAME)
        with catalog.writing():
            if catalog.model() is None:
                catalog.set_model(model)
                catalog.set_meta("root", _remembered(root, store))
                catalog.set_meta("dtype", dtype or "float32")
        collection = cls(store, catalog, root)
        collection.check_fingerprint(model.name, model.fingerprint)
        collection.check_dtype(dtype)
        return collection

    def check_model(self, model: "Model") -> None:
        """Raises ModelMismatchError unless `model` is the one that made the features."""
        self.check_fingerprint(model.card.name, model.fingerprint)

    def check_fingerprint(self, name: str, fingerprint: str) -> None:
        """Raises ModelMismatchError unless the features are of the model of this fingerprint."""
        if fingerprint == self.model.fingerprint:
            return
        raise ModelMismatchError(
            f"{self.store} holds features of {self.model.name} "
            f"(fingerprint {self.model.fingerprint[:12]}), not of {name} "
            f"({fingerprint[:12]}), and the two cannot be compared: leave --model out to go "
            "on with its own, or give --store DIR for a second collection"
        )

    def check_dtype(self, dtype: Dtype | None) -> None:
        """Raises UsageError unless the vectors are kept so, or None was asked for."""
        if dtype not in (None, self.dtype):
            raise UsageError(
                f"{self.store} keeps its vectors in {self.dtype}: leave --dtype out, or give "
                "--store DIR for a second collection"
            )

    def set_root(self, root: Location) -> None:
        """The photos are at `root` now. Refused while the folder they came from still exists."""
        if root == self.root:
            return
        if is_folder(self.root) and not _is_same(self.root, root):
            raise UsageError(
                f"{self.store} belongs to {self.root}: give another --store for {root}"
            )
        self.catalog.set_meta("root", _remembered(root, self.store))
        self.root = root

    def status(self) -> Status:
        with self.catalog.reading():
            counts = count_images(self.catalog)
            failures = tuple(read_failures(self.catalog))
            stale = count_stale_leases(self.catalog)
            part = self.catalog.meta("part")
        size = _bytes_in(self.store)
        return Status(
            self.root,
            self.store,
            self.model,
            counts.live,
            counts.removed,
            counts.missing,
            counts.todo,
            failures,
            stale,
            size,
            part=part,
        )

    def remove(self, ids: Sequence[str]) -> int:
        """Mark images removed: out of every search, and left alone by later runs. The photos stay.

        Gives back how many were not removed before. Raises UnknownImageError before any change.
        """
        return self._mark(ids, removed=True)

    def restore(self, ids: Sequence[str]) -> int:
        """Undo `remove`. An image whose row was compacted away is read by the next run."""
        return self._mark(ids, removed=False)

    def _mark(self, ids: Iterable[str], *, removed: bool) -> int:
        with self.catalog.writing():
            unknown = [id_ for id_ in ids if find_image(self.catalog, id_) is None]
            if unknown:
                raise UnknownImageError(
                    f"{self.root} has no image {unknown[0]!r}"
                    + (f" (and {len(unknown) - 1} others named)" if len(unknown) > 1 else "")
                    + ": an id is the path below that folder"
                )
            return sum(set_removed(self.catalog, id_, removed=removed) for id_ in ids)

    def recover(self) -> None:
        """Clear what a crash left: rows and shards never committed, id columns that lag behind.

        Under the write lock, so no other process is in the middle of a write.
        """
        with self.catalog.writing():
            counted = {shard.shard: shard.rows for shard in read_shards(self.catalog)}
            for shard, rows in counted.items():
                self.shards.truncate(shard, rows)
            # A number up to the next one is ours, and is never used again once it is given up.
            for number in self.shards.list_shards():
                if number not in counted and number <= next_shard_number(self.catalog):
                    self.shards.delete(number)
            self.shards.delete_partial_files()
        self.rewrite_id_columns()

    def rewrite_id_columns(self) -> None:
        """Rewrite the id columns that moves and replaced rows have made stale."""
        for shard in read_shards(self.catalog):
            if not shard.stale_ids:
                continue
            with self.catalog.writing():
                current = find_shard(self.catalog, shard.shard)
                if current is not None and current.stale_ids:
                    ids = shard_ids(self.catalog, current.shard, current.rows)
                    self.shards.write_ids(current.shard, ids)
                    clear_stale_ids(self.catalog, current.shard)

    def rows_per_shard(self) -> dict[int, int]:
        """The shards that hold rows, and how many count in each."""
        return {shard.shard: shard.rows for shard in read_shards(self.catalog) if shard.rows}

    def read_vectors(self, places: Sequence[tuple[int, int]]) -> Features:
        """The vectors at (shard, row) places, in their order : (N, D) float32, a copy."""
        out = np.empty((len(places), self.model.dimension), np.float32)
        numbers = np.array([shard for shard, _ in places])
        rows = np.array([row for _, row in places])
        for number in np.unique(numbers).tolist():
            here = numbers == number
            held = self.shards.map_rows(number, int(rows[here].max()) + 1)
            out[here] = held[rows[here]]
        return out

    def locate(self, path: str) -> Location:
        """Where an image's file is now. path : as the catalog has it, relative to the root."""
        return self.root / path

    def close(self) -> None:
        self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _bytes_in(folder: Path) -> int:
    """Of all files in it and below; those that go meanwhile are not counted."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += (Path(place) / name).stat().st_size
    return size


def has_store(where: Path) -> bool:
    """Whether `where` is a store, or a folder of images with its store inside. One whose making
    was cut short is none yet."""
    places = (folder / CATALOG_NAME for folder in (where, where / STORE_NAME))
    return any(place.is_file() and not Catalog.is_unfinished(place) for place in places)


def find_store(where: Path) -> Path:
    """The store that `where` is or holds. Raises NoCollectionError."""
    for folder in (where, where / STORE_NAME):
        if (folder / CATALOG_NAME).is_file():
            return folder.resolve()
    raise NoCollectionError(f"{where} holds no collection: make one with `sokkuri index {where}`")


def find_upwards(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that holds a store, as git looks for its own."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / STORE_NAME / CATALOG_NAME).is_file():
            return folder
    return None


def choose_store(root: Location, store: Path | None, name: str = STORE_NAME) -> Path:
    """Where a collection's store is: as given, or beside its images, called `name`. Raises
    UsageError where nothing can be beside them."""
    if store is not None:
        return store
    if isinstance(root, Address):
        raise UsageError(f"say where to keep the collection of {root}: --store DIR, a folder here")
    return root / name


def read_root(store: Path, catalog: Catalog) -> Location:
    """Where the collection's images are: the store's parent, or where they were last."""
    root = catalog.meta("root")
    if root is None:
        raise UnfinishedError(f"{store} was never finished: run `sokkuri index` again")
    where = parse_location(root)
    return where if isinstance(where, Address) else Path(os.path.normpath(store / where))


def read_dtype(catalog: Catalog) -> Dtype:
    """What numbers the vectors are kept in."""
    return "float16" if catalog.meta("dtype") == "float16" else "float32"


def _is_same(one: Location, other: Location) -> bool:
    return isinstance(one, Path) and isinstance(other, Path) and one.samefile(other)


def _remembered(root: Location, store: Path) -> str:
    """`..` for a store beside its photos, a part's too, so that both can be moved; else an
    absolute path, or the address."""
    if isinstance(root, Address):
        return root.url
    inside = store.name.startswith(STORE_NAME) and store.parent.resolve() == root.resolve()
    return ".." if inside else str(root.resolve())
