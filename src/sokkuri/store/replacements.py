"""The model that is to replace a collection's model: begin, open, describe and give up.

The catalog names the replacement in its table `replacements`. Until it is complete, the new rows
have a catalog of their own, in the folder `replacement-N` of the store, and the ordinary pipeline
fills it. Its shards are where they stay: in `features/<new model>/`, under numbers that no other
shard of the collection ever has, so that nobody takes rows of one model for rows of another.
`store/switch.py` lets them count.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sokkuri.core.errors import (
    CollectionError,
    ModelReplacedError,
    NoCollectionError,
    StorageError,
    UnfinishedError,
)
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import Dtype
from sokkuri.store.catalog import Catalog, ModelRow
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import as_text
from sokkuri.store.images import count_images
from sokkuri.store.leases import count_active_runs, has_active_run
from sokkuri.store.migrations import create_table
from sokkuri.store.old_shards import delete_old_shards, record_old_shards
from sokkuri.store.shard_table import next_shard_number, number_shards_from, read_shards
from sokkuri.store.shards import ShardFolder
from sokkuri.store.unfinished import marked_files

GENERATION_SHARDS = 100_000
"""The shards of the model N, from 1 on, are numbered from N times this number: room for a billion
images."""

_FOLDER = "replacement-"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A replacement that was begun.

    generation : its number, which no other one has. name : of the folder of its shards. source :
    what loads the model again.
    """

    generation: int
    name: str
    fingerprint: str
    dtype: Dtype
    source: str

    @property
    def first_shard(self) -> int:
        """The number of its first shard."""
        return GENERATION_SHARDS * self.generation


@dataclass(frozen=True, slots=True)
class ReplacementState:
    """How far a replacement is. done, failed, total : images that have a new vector, that cannot
    have one, and that the new model's last listing found. runs : processes that work on it now."""

    model: str
    dimension: int | None
    done: int
    failed: int
    total: int
    runs: int = 0


def find_replacement(catalog: Catalog) -> Replacement | None:
    """Return the replacement that was begun and not finished, or None."""
    if not catalog.has_table("replacements"):
        return None
    row = catalog.fetch_one("SELECT generation, name, fingerprint, dtype, source FROM replacements")
    return None if row is None else Replacement(*row)


def begin_replacement(collection: CollectionStore, model: ModelRow, dtype: Dtype) -> Replacement:
    """Enter a replacement by this model, or return the one that was begun.

    Raises CollectionError if another one was begun.
    """
    catalog = collection.catalog
    with catalog.writing():
        begun = find_replacement(catalog)
        if begun is not None:
            check_begun(collection, model.fingerprint, dtype)
            return begun
        create_table(catalog, "replacements")
        (last,) = catalog.fetch_one(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'replacements'"
        )
        generation = max(last, next_shard_number(catalog) // GENERATION_SHARDS) + 1
        # Its folder must be its own, also if only the preprocessing is another one.
        name = model.name if model.name != collection.model.name else f"{model.name}-2"
        catalog.execute(
            "INSERT INTO replacements VALUES (?, ?, ?, ?, CAST(? AS TEXT))",
            [generation, name, model.fingerprint, dtype, as_text(model.source)],
        )
    return Replacement(generation, name, model.fingerprint, dtype, model.source)


def check_begun(collection: CollectionStore, fingerprint: str, dtype: Dtype) -> None:
    """Raise CollectionError if a replacement by another model or in another dtype was begun."""
    begun = find_replacement(collection.catalog)
    if begun is None or (begun.fingerprint, begun.dtype) == (fingerprint, dtype):
        return
    raise CollectionError(
        f"{collection.store} is getting the vectors of {begun.name} ({begun.dtype}) already: go on "
        f"with `sokkuri index --model {begun.source} --replace`, or give that up with `sokkuri "
        f"index --model {collection.model.source} --replace`"
    )


def open_replacement(
    collection: CollectionStore, begun: Replacement, mode: Literal["ro", "rw"] = "rw"
) -> CollectionStore:
    """Open the store of a replacement. Raises NoCollectionError, UnfinishedError before
    `create_replacement` has made it, StorageError."""
    path = _catalog_path(collection, begun.generation)
    if not path.is_file():
        raise NoCollectionError(f"{path} does not exist yet")
    return _as_store(collection, begun, Catalog.open(path, mode))


@contextmanager
def replacement_if_begun(
    collection: CollectionStore, mode: Literal["ro", "rw"] = "rw"
) -> Iterator[CollectionStore | None]:
    """Open the store of the replacement for the block; None if there is none, or nothing in it."""
    with ExitStack() as stack:
        begun, fresh = find_replacement(collection.catalog), None
        if begun is not None:
            with suppress(NoCollectionError, UnfinishedError):
                fresh = stack.enter_context(open_replacement(collection, begun, mode))
        yield fresh


def create_replacement(
    collection: CollectionStore, begun: Replacement, model: ModelRow
) -> CollectionStore:
    """Open the store of a replacement; make it if it is not there. Raises StorageError."""
    path = _catalog_path(collection, begun.generation)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent} cannot be created ({error.strerror})") from error
    catalog = Catalog.create(path)
    with catalog.writing():
        if catalog.model() is None:
            catalog.set_model(replace(model, name=begun.name))
            catalog.set_meta("dtype", begun.dtype)
            number_shards_from(catalog, begun.first_shard)
        catalog.set_model_source(model.source)
    return _as_store(collection, begun, catalog)


def _as_store(collection: CollectionStore, begun: Replacement, catalog: Catalog) -> CollectionStore:
    """Return the store, of which nothing can be written once it has replaced the model."""
    try:
        fresh = CollectionStore(catalog.where.parent, catalog, collection.root, collection.home)
    except BaseException:
        catalog.close()
        raise
    catalog.guard = partial(check_under_way, collection, begun)
    return fresh


def check_under_way(collection: CollectionStore, begun: Replacement) -> None:
    """Raise ModelReplacedError if the replacement was finished or given up."""
    if find_replacement(collection.catalog) != begun:
        raise ModelReplacedError(
            f"another command has finished or given up the replacement by {begun.name} in "
            f"{collection.store}: run again"
        )


def replacement_state(collection: CollectionStore) -> ReplacementState | None:
    """Return how far the replacement is, None if there is none."""
    begun = find_replacement(collection.catalog)
    if begun is None:
        return None
    try:
        with open_replacement(collection, begun, "ro") as fresh:
            counts = count_images(fresh.catalog)
            dimension = fresh.model.dimension
            runs = count_active_runs(fresh.catalog)
    except (NoCollectionError, UnfinishedError):
        return ReplacementState(begun.name, None, 0, 0, 0)
    total = counts.live + counts.failed + counts.todo
    return ReplacementState(begun.name, dimension, counts.live, counts.failed, total, runs)


def give_up(collection: CollectionStore) -> ReplacementState | None:
    """Give up the replacement that was begun, and delete its files; return how far it was.

    Returns None if there is none. Raises CollectionError while a process works on it.
    """
    state = replacement_state(collection)
    begun = find_replacement(collection.catalog)
    if state is None or begun is None:
        return None
    shards = set(_marked(collection, begun))
    with suppress(NoCollectionError, UnfinishedError), open_replacement(collection, begun) as fresh:
        if has_active_run(fresh.catalog):
            raise CollectionError(
                f"another process extracts the vectors of {begun.name} for {collection.store}: end "
                "it first"
            )
        shards |= {row.shard for row in read_shards(fresh.catalog)}
    with collection.catalog.writing():
        check_under_way(collection, begun)
        record_old_shards(collection.catalog, begun.name, shards)
        collection.catalog.execute("DELETE FROM replacements")
    delete_old_shards(collection, {begun.name: sorted(shards)}, ())
    delete_finished(collection)
    return state


def _marked(collection: CollectionStore, begun: Replacement) -> Iterable[int]:
    """Return the shards that an unfinished write of the replacement left."""
    folder = ShardFolder(collection.home / "features" / begun.name, 1)
    numbers = (int(path.name.partition(".")[0]) for path in marked_files(folder.folder))
    return [number for number in numbers if number >= begun.first_shard]


def delete_finished(collection: CollectionStore) -> None:
    """Delete the catalogs of replacements that were finished or given up."""
    begun = find_replacement(collection.catalog)
    for folder in collection.store.glob(f"{_FOLDER}*"):
        if begun is not None and folder.name == f"{_FOLDER}{begun.generation}":
            continue
        with suppress(OSError):  # a process has it open, or it has files of others
            for path in folder.glob(f"{CATALOG_NAME}*"):
                path.unlink()
            folder.rmdir()


def _catalog_path(collection: CollectionStore, generation: int) -> Path:
    return collection.store / f"{_FOLDER}{generation}" / CATALOG_NAME
