"""A collection: a folder of images, and the store that holds its catalog and shards.

Opens and creates stores, and changes the state of a whole collection. Takes the path of a folder of
images or of a store; returns an open `CollectionStore`. The packages indexing, search and curation
work on it.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sokkuri.core.errors import (
    CollectionError,
    ModelMismatchError,
    ModelReplacedError,
    StorageError,
    UnfinishedError,
    UnknownImageError,
    UsageError,
)
from sokkuri.core.locations import Location
from sokkuri.core.named_roots import Root
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import Dtype, Features
from sokkuri.store.catalog import Catalog, ModelRow
from sokkuri.store.films import frames_of
from sokkuri.store.filter_columns import FilterScope
from sokkuri.store.filters import Condition, build_condition
from sokkuri.store.images import find_images, known_ids, set_removed
from sokkuri.store.places import find_store, has_store
from sokkuri.store.read_rows import read_rows
from sokkuri.store.recorded_root import next_root, read_root, save_root
from sokkuri.store.shard_table import (
    clear_stale_ids,
    find_shard,
    read_shards,
    shard_ids,
)
from sokkuri.store.shards import ShardFolder

if TYPE_CHECKING:
    from sokkuri.models import Model


class CollectionStore:
    """An open collection. Use it as a context manager, or call `close`.

    home : the folder that holds `features` and `indexes`, the store by default. generation : which
    of the models that the collection has had one after another its vectors are from. withheld :
    names that no filter may use.
    """

    withheld: frozenset[str] = frozenset()

    def __init__(self, store: Path, catalog: Catalog, root: Root, home: Path | None = None) -> None:
        self.store = store
        self.home = home or store
        self.root = self._saved_root = root
        self.catalog = catalog
        with catalog.reading():
            self._read_model()
        catalog.guard = self.check_generation

    def _read_model(self) -> None:
        model = self.catalog.model()
        if model is None:
            raise UnfinishedError(f"{self.store} was never finished: run `sokkuri index` again")
        self.model = model
        self.dtype = read_dtype(self.catalog)
        self.generation = read_generation(self.catalog)
        folder = self.home / "features" / model.name
        self.shards = ShardFolder(folder, model.dimension, self.dtype)

    def follow(self) -> bool:
        """Take over the model that another command gave the collection; return whether it did so.

        Call it at the start of a read transaction: from then on `model`, `dtype` and `shards` fit
        what the transaction reads.
        """
        if read_generation(self.catalog) == self.generation:
            return False
        self._read_model()
        return True

    def check_generation(self) -> None:
        """Raise ModelReplacedError if the vectors are another model's by now."""
        if read_generation(self.catalog) != self.generation:
            raise ModelReplacedError(
                f"{self.store} got the vectors of another model at this moment: run again"
            )

    @classmethod
    def open(cls, where: Path | str, mode: Literal["ro", "rw"] = "rw") -> Self:
        """Open the collection of a folder of images, or of a store.

        where : the folder of images, or the store. Raises NoCollectionError when `where` holds no
        collection, UnfinishedError when its creation was cut short, CollectionError when this
        sokkuri cannot read its version.
        """
        store = find_store(Path(where))
        catalog = Catalog.open(store / CATALOG_NAME, mode)
        return cls(store, catalog, read_root(store, catalog))

    @classmethod
    def create_with(
        cls, root: Root, store: Path, model: "Model", source: str, dtype: Dtype | None = None
    ) -> Self:
        """Create an empty collection, or open it if another process created it first.

        source : the model's name or path, to load the model again. dtype : type of the vectors on
        disk. Raises as `create_for`.
        """
        card = model.card
        made_by = ModelRow(
            card.name, model.fingerprint, card.dimension, card.metric, card.decode, source
        )
        return cls.create_for(root, store, made_by, dtype)

    @classmethod
    def create_for(cls, root: Root, store: Path, model: ModelRow, dtype: Dtype | None) -> Self:
        """Do the same for a model that is known by its row in another catalog only.

        Raises StorageError when the store cannot be created, CollectionError when its folder holds
        features without a catalog, ModelMismatchError or UsageError when an existing collection has
        another model or dtype.
        """
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
                f"{kept.folder} holds vectors that no catalog knows: keep this collection "
                "elsewhere with --store DIR, and take them over with `sokkuri import "
                f"{kept.folder}`"
            )
        catalog = Catalog.create(store / CATALOG_NAME)
        with catalog.writing():
            if catalog.model() is None:
                catalog.set_model(model)
                save_root(catalog, root, store)
                catalog.set_meta("dtype", dtype or "float32")
        collection = cls(store, catalog, root)
        collection.check_fingerprint(model.name, model.fingerprint)
        collection.check_dtype(dtype)
        return collection

    def check_model(self, model: "Model") -> None:
        """Check that `model` made the features. Raises ModelMismatchError."""
        self.check_fingerprint(model.card.name, model.fingerprint)

    def check_fingerprint(self, name: str, fingerprint: str) -> None:
        """Check that a model with this fingerprint made the features. Raises ModelMismatchError."""
        if fingerprint == self.model.fingerprint:
            return
        raise ModelMismatchError(
            f"{self.store} holds vectors of {self.model.name} "
            f"(fingerprint {self.model.fingerprint[:12]}), not of {name} "
            f"({fingerprint[:12]}), and the two cannot be compared: leave --model out to go "
            "on with its own, or extract all images anew with `sokkuri index --model MODEL "
            "--replace`, or give --store DIR for a second collection"
        )

    def check_made_by(self, fingerprint: str, what: str) -> None:
        """Check that the model with this fingerprint, which made a query, is the collection's.

        what : the query, for the message. Call it in the transaction that reads the rows.
        Raises ModelReplacedError.
        """
        if fingerprint != self.model.fingerprint:
            raise ModelReplacedError(
                f"{self.store} got the vectors of another model at this moment: read {what} again"
            )

    def check_dtype(self, dtype: Dtype | None) -> None:
        """Check that the vectors are stored in `dtype`; None fits any. Raises UsageError."""
        if dtype not in (None, self.dtype):
            raise UsageError(
                f"{self.store} keeps its vectors in {self.dtype}: leave --dtype out, or extract "
                f"all images anew with `sokkuri index --dtype {dtype} --replace`, or give "
                "--store DIR for a second collection"
            )

    def set_root(self, root: Root) -> None:
        """Record that the images are at `root` now. Named roots are added to named roots.

        Raises UsageError while the recorded folder still exists and is another folder.
        """
        self.use_root(root)
        self.save_root()

    def use_root(self, root: Root) -> None:
        """Take the images from `root` from now on, without recording it: a run may still stop.

        Raises as `set_root`.
        """
        self.root = next_root(self.root, root, self.store)

    def save_root(self) -> None:
        """Record the root that `use_root` set, also inside a transaction of the caller."""
        if self.root != self._saved_root:
            save_root(self.catalog, self.root, self.store)
            self._saved_root = self.root

    def remove(self, ids: Sequence[str]) -> int:
        """Mark images as removed: searches leave them out and later runs do not read them.

        The path of a film stands for all its frames. The image files stay. Returns how many images
        were not removed before. Raises UnknownImageError before any change.
        """
        return self._mark(ids, removed=True)

    def restore(self, ids: Sequence[str]) -> int:
        """Undo `remove`; return how many images were removed before.

        If compaction deleted an image's row, the next run reads the image again. Raises
        UnknownImageError before any change.
        """
        return self._mark(ids, removed=False)

    def _mark(self, ids: Sequence[str], *, removed: bool) -> int:
        with self.catalog.writing():
            named = known_ids(self.catalog, ids)
            ids = [one for id_ in named for one in frames_of(self.catalog, id_) or [id_]]
            known = find_images(self.catalog, ids)
            unknown = [id_ for id_ in ids if id_ not in known]
            if unknown:
                raise UnknownImageError(
                    f"{self.root} has no image {unknown[0]!r}"
                    + (f" (and {len(unknown) - 1} others named)" if len(unknown) > 1 else "")
                    + ": an id is the path below that folder"
                )
            return set_removed(self.catalog, ids, removed=removed)

    def rewrite_id_columns(self) -> None:
        """Rewrite the id columns that are stale because rows moved or were replaced."""
        shards = read_shards(self.catalog)
        self.shards.forget_marks(shard.shard for shard in shards)
        for shard in shards:
            if not shard.stale_ids:
                continue
            with self.catalog.writing():
                current = find_shard(self.catalog, shard.shard)
                if current is not None and current.stale_ids:
                    ids = shard_ids(self.catalog, current.shard, current.rows)
                    self.shards.write_ids(current.shard, ids)
                    clear_stale_ids(self.catalog, current.shard)

    def rows_per_shard(self) -> dict[int, int]:
        """Return the number of rows that count, by shard, for the shards that have any."""
        return {shard.shard: shard.rows for shard in read_shards(self.catalog) if shard.rows}

    def read_vectors(self, places: Sequence[tuple[int, int]]) -> Features:
        """Return the vectors of N (shard, row) positions, in their order : (N, D) float32, a copy.

        Raises DamagedRowError for a vector that is not as it was written, DamagedError when a shard
        is missing or too short.
        """
        return np.asarray(read_rows(self.catalog, self.shards, places), np.float32)

    def condition(self, under: str | None, where: str | None) -> Condition | None:
        """Return the filters of a folder and an expression as one condition; None without filters.

        Raises UsageError. See `filters.build_condition`.
        """
        if where is None:
            return build_condition(self.root, under, None)
        scope = FilterScope.of(self.catalog, self.withheld)
        return build_condition(self.root, under, where, scope)

    def locate(self, path: str) -> Location:
        """Return the present location of an image's file. path : relative to the root, as in the
        catalog."""
        return self.root / path

    def close(self) -> None:
        """Close the catalog."""
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


def read_dtype(catalog: Catalog) -> Dtype:
    """Return the type of the numbers in which the vectors are stored."""
    return "float16" if catalog.meta("dtype") == "float16" else "float32"


def read_generation(catalog: Catalog) -> str:
    """Return which of the collection's models, one after another, the catalog's rows are from."""
    return catalog.meta("generation") or "0"
