"""The Collection of the Python API: a collection in its store, with the pipeline that fills it.

Adds to `store.collection.CollectionStore` the tasks of the packages above it: sync, merge, push,
verify, repair, compact. The command line and the web server use this class too.
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Address, Location, parse_location
from sokkuri.core.named_roots import Root, Roots, check_apart
from sokkuri.core.types import NEW_DECODING, Decoding, Dtype, Fault, Progress
from sokkuri.core.values import check_choice, check_count
from sokkuri.images.scan import is_folder
from sokkuri.indexing import compact as compacting
from sokkuri.indexing import repair as repairing
from sokkuri.indexing import verify as verifying
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.source import check_root
from sokkuri.indexing.sync import refresh_indexes, sync
from sokkuri.models import Model, is_model_name, resolve_model
from sokkuri.models.builtin import DEFAULT
from sokkuri.search.ann_files import ann_state
from sokkuri.store.collection import CollectionStore
from sokkuri.store.places import choose_store, has_store
from sokkuri.store.status import Status, read_status

if TYPE_CHECKING:  # imported where it is used: only a few commands need it
    import threading

    from sokkuri.curation.duplicates.known_copies import KnownCopies
    from sokkuri.indexing.parts.merge import Merged
    from sokkuri.indexing.watch import WatchEvent
    from sokkuri.search.push import PushReport


class Collection(CollectionStore):
    """A folder of images with its feature vectors. Get one with `create` or `open`.

    >>> with Collection.create("photos") as collection:          # doctest: +SKIP
    ...     for progress in collection.sync():
    ...         print(progress.stage, progress.done, progress.total)
    """

    @classmethod
    def create(
        cls,
        root: Root | str,
        *,
        store: Path | str | None = None,
        model: str | None = None,
        decode: Decoding = NEW_DECODING,
        dtype: Dtype = "float32",
    ) -> Self:
        """Create an empty collection for the images below `root`.

        root : a folder, or an address such as `s3://bucket/photos`, or several folders from
        `make_roots`; the last two need a `store`.
        store : the folder of the collection, `root/.sokkuri` by default.
        model : a known model's name, an ONNX file, a card, or a folder with a model.
        decode : `exact` to decode as the article does, `fast` to ignore colour profiles.
        dtype : `float16` for vectors of half the size on disk.

        Raises UsageError if `root` is no folder, CollectionError if the store holds a collection
        already, ModelError.
        """
        check_choice("decode", decode, Decoding)
        check_choice("dtype", dtype, Dtype)
        folder = check_roots(root) if isinstance(root, Roots) else check_folder(root)
        where = choose_store(folder, None if store is None else Path(store))
        if has_store(where):
            raise CollectionError(f"{where} holds a collection already: open it instead")
        resolved = resolve_model(model).decoding(decode)
        return cls.create_with(folder, where, resolved, source_of(model), dtype)

    @staticmethod
    def merge(
        parts: Sequence[Path | str],
        into: Path | str | None = None,
        *,
        root: Location | str | None = None,
        accept_removals: bool = False,
        on_progress: Callable[[Progress[object]], None] = lambda _: None,
    ) -> "Merged":
        """Merge the parts of a collection, made with `SyncOptions(part=...)`. Parts are only read.

        parts : their stores, or the folder of images with their stores. into : the store of the
        merged collection, or its folder of images, by default `.sokkuri` in the folder of images.
        root : where the images are now, if they have moved since the parts were made.
        accept_removals : also mark most images as gone, if no part knows them and their files are
        gone. See `indexing.parts.merge.merge`.
        """
        from sokkuri.indexing.parts.merge import merge

        stores = [Path(part) for part in parts]
        whole = None if into is None else Path(into)
        where = None if root is None else check_folder(root)
        return merge(
            stores, whole, root=where, accept_removals=accept_removals, on_progress=on_progress
        )

    def sync(
        self, options: SyncOptions | None = None, *, model: Model | None = None
    ) -> Generator[Progress[SyncReport]]:
        """Bring the collection up to date with its folder; yield progress.

        model : the collection's model, by default from `load_model`. Give it if it was resolved a
        moment ago: its file is not hashed again. The result of the last Progress is the SyncReport.
        The run starts when the first Progress is taken. See `indexing.sync.sync`.
        """
        return sync(self, model or self.load_model(), options or SyncOptions())

    def watch(
        self,
        options: SyncOptions | None = None,
        *,
        poll: float | None = None,
        stop: "threading.Event | None" = None,
    ) -> "Generator[WatchEvent]":
        """Keep the collection in step with its folder until `stop` is set; yield what happens.

        Each change of the folder leads to a run of `sync` with these options. Each run opens the
        collection anew, so this object may be used or closed meanwhile. poll : seconds between two
        looks at the folder, instead of events of the file system. Raises UsageError if the images
        come from a list; see `indexing.watch.watch`.
        """
        from sokkuri.indexing.watch import watch  # few commands need it

        store = self.store
        return watch(lambda: Collection.open(store), options, poll=poll, stop=stop)

    def replace_model(
        self,
        model: str | None = None,
        options: SyncOptions | None = None,
        *,
        decode: Decoding | None = None,
        dtype: Dtype | None = None,
    ) -> Generator[Progress[SyncReport]]:
        """Extract all images anew with another model; yield progress.

        The old vectors stay searchable until all new ones are there; then one transaction switches
        to these. Stop at any moment: the same call goes on. Labels, decisions and compared pairs
        stay. model : as in `create`, None for the present one. decode, dtype : None for the present
        ones. The result of the last Progress is the SyncReport. Raises UsageError if all three are
        None, ModelError; see `indexing.replace.replace`.
        """
        from sokkuri.indexing.replace import replace as replace_by  # few commands need it

        wanted = self.other_model(model, decode, dtype)
        source = self.model.source if model is None else source_of(model)
        return replace_by(
            self, wanted, source, dtype or self.dtype, options or SyncOptions(), self._carry_pairs
        )

    def other_model(self, model: str | None, decode: Decoding | None, dtype: Dtype | None) -> Model:
        """Return the model that `replace_model` would take with these arguments; raise as it."""
        if model is None and decode is None and dtype is None:
            raise UsageError("give another --model, --decode or --dtype to replace the present one")
        if dtype is not None:
            check_choice("dtype", dtype, Dtype)
        if decode is not None:
            check_choice("decode", decode, Decoding)
        return resolve_model(model or self.model.source).decoding(decode or self.model.decode)

    def _carry_pairs(self, fresh: CollectionStore) -> None:
        """Let the new model's vectors find the pairs that were compared."""
        from sokkuri.curation.duplicates.carry_pairs import carry_pairs

        carry_pairs(self, fresh)

    def load_model(self, source: str | None = None) -> Model:
        """Return the model that made the vectors, from its saved source or from `source`.

        Raises ModelError if it cannot be found, ModelMismatchError if it is another model.
        """
        model = resolve_model(source or self.model.source).decoding(self.model.decode)
        self.check_model(model)
        return model

    def use_model(self, source: str) -> Model:
        """Save where the collection's model is; return the model. Raises like `load_model`."""
        model = self.load_model(source)
        saved_source = source_of(source)
        with self.catalog.writing():  # not the source of a model that another command has set
            self.catalog.set_model_source(saved_source)
        self.model = replace(self.model, source=saved_source)
        return model

    def push(self, address: str) -> "Generator[Progress[PushReport]]":
        """Push the vectors to a vector engine; yield progress.

        address : such as `pgvector://user@host/database/table`. The result of the last Progress is
        the PushReport. See `search.push.push`.
        """
        from sokkuri.search.engines.registry import open_engine
        from sokkuri.search.push import push

        with closing(open_engine(address)) as engine:
            yield from push(self, engine)

    def verify(self, *, deep: bool = False) -> list[Fault]:
        """Return the faults of catalog, shards and files. deep : also extract a sample again."""
        return list(verifying.verify(self, self.load_model() if deep else None))

    def repair(self) -> list[str]:
        """Repair what can be repaired without losing a good row; return a line for each repair."""
        return repairing.repair(self)

    def compact(
        self,
        ann_from: int | None = None,
        on_progress: Callable[[Progress[object]], None] = lambda _: None,
        *,
        purge: bool = False,
    ) -> compacting.Compaction:
        """Rewrite shards without unused rows, and update the codes and the approximate index.

        ann_from : as in SyncOptions. purge : also forget images whose files are gone, which
        otherwise keep their vectors until they come back.
        """
        if ann_from is not None:
            check_count("ann_from", ann_from, 0)
            self.catalog.set_meta("ann_from", str(ann_from))
        compaction = compacting.compact(
            self, purge=purge, on_note=lambda note: on_progress(Progress("coding", 0, 0, note))
        )
        for progress in refresh_indexes(self, everything=True):
            on_progress(progress)
        return compaction

    def known_copies(self) -> "KnownCopies":
        """Return the groups of copies that `find_duplicates` has found; a search with the option
        `collapse` asks for them."""
        from sokkuri.curation.duplicates.known_copies import KnownCopies

        return KnownCopies(self)

    def status(self, *, engines: bool = True) -> Status:
        """Return counts, failures, sizes, and the states of the approximate index and of engines.

        engines : False to leave out vector engines, whose state needs a look at every image.
        """
        from sokkuri.search.push_log import pushed_states

        pushed = pushed_states(self) if engines else ()
        return replace(read_status(self), ann=ann_state(self), pushed=pushed)


def check_folder(root: Location | str) -> Location:
    """Return the folder as an absolute path, or the address.

    Raises UsageError if the folder does not exist, CollectionError if the address cannot be listed.
    """
    where = parse_location(root)
    if isinstance(where, Address):
        check_root(where)
        return where
    return _absolute(where, root)


def _absolute(folder: Path, typed: Path | str | Address) -> Path:
    folder = folder.expanduser()
    if not is_folder(folder):
        raise UsageError(f"{typed} is not a folder")
    return Path(os.path.abspath(folder))  # noqa: PTH100 - keeps the links a person gave


def check_roots(roots: Roots) -> Roots:
    """Return the named roots with absolute paths.

    Raises UsageError if one does not exist or contains another.
    """
    found = Roots(tuple((name, _absolute(folder, folder)) for name, folder in roots.folders))
    check_apart(found)
    return found


def source_of(model: str | None) -> str:
    """Return the text that finds the model from any folder: a name, or an absolute path."""
    if model is None:
        return DEFAULT
    path = Path(model).expanduser()
    is_place = path.is_file() or (path.is_dir() and not is_model_name(model))
    return str(path.resolve()) if is_place else model
