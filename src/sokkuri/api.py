"""The Python API's Collection: the folder's collection together with its pipeline.

Composes collection.py, indexing.py and what else acts on a collection as a whole; the shell and
the public names use this one.
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address, Location, located
from sokkuri.core.types import Decoding, Dtype, Fault, Progress
from sokkuri.images.scan import is_folder
from sokkuri.indexing import compact as compacting
from sokkuri.indexing import repair as repairing
from sokkuri.indexing import verify as verifying
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.source import check_root
from sokkuri.indexing.sync import refresh_indexes, sync
from sokkuri.models import Model, resolve_model
from sokkuri.search.ann_files import ann_state
from sokkuri.store.catalog import as_text
from sokkuri.store.collection import CollectionStore, Status, has_store, store_for

if TYPE_CHECKING:  # what few verbs need is imported where it is used: it would slow down all
    from sokkuri.indexing.parts.merge import Merged
    from sokkuri.search.push import PushReport


class Collection(CollectionStore):
    """A folder of images with its feature vectors. Make one with `create` or `open`.

    >>> with Collection.create("photos") as collection:          # doctest: +SKIP
    ...     for progress in collection.sync():
    ...         print(progress.stage, progress.done, progress.total)
    """

    @classmethod
    def create(
        cls,
        root: Location | str,
        *,
        store: Path | str | None = None,
        model: str | None = None,
        decode: Decoding = "fast",
        dtype: Dtype = "float32",
    ) -> Self:
        """Make an empty collection for the images below `root`.

        root : a folder, or an address such as `s3://bucket/photos`, which needs a `store`. store :
        where to keep it, `root/.sokkuri` by default. model : a known model's name, an ONNX
        file or a card. decode : `exact` for the article's way of decoding. dtype : `float16` for
        vectors of half the size. Raises UsageError when `root` is no folder, CollectionError when
        the store holds a collection already, ModelError.
        """
        folder = check_folder(root)
        where = store_for(folder, None if store is None else Path(store))
        if has_store(where):
            raise CollectionError(f"{where} holds a collection already: open it instead")
        made = resolve_model(model).decoding(decode)
        return cls.create_with(folder, where, made, source_of(model), dtype)

    @staticmethod
    def merge(
        parts: Sequence[Path | str],
        into: Path | str | None = None,
        *,
        root: Location | str | None = None,
        told: Callable[[Progress[object]], None] = lambda _: None,
    ) -> "Merged":
        """Unite the parts of a collection, made with `SyncOptions(part=...)`; they are only read.

        parts : their stores, or the folder of images that they lie in. into : the collection's
        store, or its folder of images, by default beside the images. root : where the images are
        now, if not where the parts were made. told : is called with signs of life. See
        `merging.merge`.
        """
        from sokkuri.indexing.parts.merge import merge

        stores = [Path(part) for part in parts]
        whole = None if into is None else Path(into)
        where = None if root is None else check_folder(root)
        return merge(stores, whole, root=where, told=told)

    def sync(self, options: SyncOptions | None = None) -> Generator[Progress[SyncReport]]:
        """Bring the collection up to date with its folder, yielding progress; the last one holds
        the SyncReport. Nothing happens before the first is asked for. See `indexing.sync`.
        """
        return sync(self, self.load_model(), options or SyncOptions())

    def load_model(self, source: str | None = None) -> Model:
        """The model that made the features, from where it was or from `source`.

        Raises ModelError when it is not to be found any more, ModelMismatchError when it is
        another one.
        """
        model = resolve_model(source or self.model.source).decoding(self.model.decode)
        self.check_model(model)
        return model

    def use_model(self, source: str) -> None:
        """Find the collection's model at `source` from now on. Raises as `load_model` does."""
        self.load_model(source)
        kept = source_of(source)
        self.catalog.run("UPDATE models SET source = CAST(? AS TEXT)", [as_text(kept)])
        self.model = replace(self.model, source=kept)

    def push(self, address: str) -> "Generator[Progress[PushReport]]":
        """Bring an engine elsewhere up to date, such as `pgvector://user@host/database/table`,
        yielding progress; the last one holds the PushReport. See `pushing.push`."""
        from sokkuri.search.engines.registry import open_engine
        from sokkuri.search.push import push

        with closing(open_engine(address)) as engine:
            yield from push(self, engine)

    def verify(self, *, deep: bool = False) -> list[Fault]:
        """Compare catalog, shards and files; `deep` extracts a sample again. Empty when sound."""
        return list(verifying.verify(self, self.load_model() if deep else None))

    def repair(self) -> list[str]:
        """Mend what can be mended without losing a good row; a line for each thing done."""
        return repairing.repair(self)

    def compact(
        self, ann_from: int | None = None, told: Callable[[Progress[object]], None] | None = None
    ) -> compacting.Compaction:
        """Rewrite shards without the rows that no longer count, and bring all that makes searches
        fast up to date.

        ann_from : as in SyncOptions. told : is called with signs of life.
        """
        if ann_from is not None:
            self.catalog.set_meta("ann_from", str(ann_from))
        done = compacting.compact(self)
        for progress in refresh_indexes(self, everything=True):
            if told is not None:
                told(progress)
        return done

    def status(self, *, engines: bool = True) -> Status:
        """Counts, failures, sizes, the approximate index, and engines elsewhere, which take a look
        at every image; `engines` : whether they do."""
        from sokkuri.search.push_log import pushed_states

        pushed = pushed_states(self) if engines else ()
        return replace(super().status(), ann=ann_state(self), pushed=pushed)


def check_folder(root: Location | str) -> Location:
    """The folder as an absolute path, or the address. Raises UsageError unless there is one,
    CollectionError for an address that cannot be listed."""
    where = located(root)
    if isinstance(where, Address):
        check_root(where)
        return where
    folder = where.expanduser()
    if not is_folder(folder):
        raise UsageError(f"{root} is not a folder")
    return Path(os.path.abspath(folder))  # noqa: PTH100 - keeps the links a person gave


def source_of(model: str | None) -> str:
    """What finds the model again from any folder: a name as it is, a file by its absolute path."""
    if model is None:
        return resolve_model(None).card.name
    path = Path(model).expanduser()
    return str(path.resolve()) if path.is_file() else model
