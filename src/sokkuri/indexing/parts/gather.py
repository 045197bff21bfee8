"""Find and check the parts of a collection, and open the collection to merge them into.

Takes folders; returns a PartSet: all parts in order, each once, all finished, all with the same
settings. Opens one part at a time, for reading only.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    ModelMismatchError,
    ModelReplacedError,
    NoCollectionError,
    UsageError,
)
from sokkuri.core.locations import Location, is_within
from sokkuri.core.named_roots import Roots
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import Dtype, IdKind
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part, stores_of_parts
from sokkuri.indexing.settings import is_finished, resolve_ids, save_settings, saved_part
from sokkuri.store.catalog import ModelRow
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import count_images, left_aside
from sokkuri.store.leases import clear_ended_runs, has_active_run
from sokkuri.store.part_images import count_all, find_unsound
from sokkuri.store.places import choose_store, find_store, has_store
from sokkuri.store.snapshot import open_snapshot

_SHOWN_PARTS = 20


@dataclass(frozen=True, slots=True)
class PartSettings:
    """The settings that all parts of a collection share.

    exclude : globs. ann_from : number of images from which an approximate index is kept, None for
    the default.
    """

    model: ModelRow
    dtype: Dtype
    ids: IdKind
    exclude: tuple[str, ...]
    ann_from: int | None


@dataclass(frozen=True, slots=True)
class PartStore:
    """A part and its store. images : in its catalog. absent : images with a vector but no file.
    generation : of its vectors, see `CollectionStore`."""

    part: Part
    store: Path
    images: int
    absent: int
    generation: str

    def __str__(self) -> str:
        return f"part {self.part} in {self.store}"

    @contextmanager
    def open_snapshot(self) -> Iterator[CollectionStore]:
        """Open the part, with one snapshot of its catalog and its shards while the block lasts.

        Raises DamagedError if a shard is damaged, ModelReplacedError if the part got another model
        since it was gathered.
        """
        with CollectionStore.open(self.store, "ro") as part, ExitStack() as stack:
            try:
                part.shards = stack.enter_context(open_snapshot(part))
            except DamagedError as error:
                raise self.damaged_error(error) from error
            if part.generation != self.generation:
                raise ModelReplacedError(f"{self} got another model at this moment: merge again")
            yield part

    def damaged_error(self, error: DamagedError) -> DamagedError:
        """Return the error for this part: with the commands that mend it."""
        what = str(error).partition(": run ")[0]
        return DamagedError(
            f"{self} is damaged: {what}: run `sokkuri verify --repair -C {self.store}` and "
            f"`sokkuri index -C {self.store}`, then merge again"
        )


@dataclass(frozen=True, slots=True)
class PartSet:
    """Parts that can be merged, in order. root : the folder or address of their images.

    left_aside : numbers of files below the root that sokkuri does not read, by kind.
    """

    parts: tuple[PartStore, ...]
    settings: PartSettings
    root: Location
    left_aside: Mapping[str, int]


def gather(where: Sequence[Path], root: Location | None = None) -> PartSet:
    """Return the parts in these stores, or in the stores inside these folders of images.

    root : where the images are now, if they have moved since the parts were made. Raises UsageError
    or CollectionError if the parts cannot be merged.
    """
    stores: dict[Part, PartStore] = {}
    first: _PartInfo | None = None
    aside: Counter[str] = Counter()
    for store in _stores(where):
        info = _read_part(store)
        part = info.store.part
        if part in stores:
            raise UsageError(f"part {part} is given twice, in {stores[part].store} and {store}")
        stores[part] = info.store
        aside |= Counter(info.left_aside)  # each part walked the whole folder: no sum
        first = first or info
        _check_same(first, info, anywhere=root is not None)
    assert first is not None, "_stores returns a store or raises"
    parts = sorted(stores.values(), key=lambda store: store.part)
    _check_complete(parts, root or first.root)
    return PartSet(tuple(parts), first.settings, root or first.root, aside)


def _stores(where: Sequence[Path]) -> list[Path]:
    stores: dict[Path, None] = {}
    for folder in where:
        is_store = (folder / CATALOG_NAME).is_file()
        inside = [] if is_store else stores_of_parts(folder)
        if not inside and not is_store:
            raise NoCollectionError(
                f"{folder} holds no part: make one with `sokkuri index {folder} --part 1/N`"
            )
        stores |= dict.fromkeys(map(find_store, inside or [folder]))
    if not stores:
        raise UsageError("name the parts, or the folder of images that they are kept in")
    return list(stores)


@dataclass(frozen=True, slots=True)
class _PartInfo:
    """What the catalog of a part says about it."""

    store: PartStore
    settings: PartSettings
    root: Location
    left_aside: Mapping[str, int]


def _read_part(store: Path) -> _PartInfo:
    """Return what a part says. Raises UsageError, CollectionError if it cannot be merged."""
    with CollectionStore.open(store, "ro") as collection:
        catalog = collection.catalog
        part = saved_part(catalog)
        if part is None:
            raise UsageError(f"{store} is no part: parts are made with `sokkuri index --part I/N`")
        if has_active_run(catalog):
            raise CollectionError(f"part {part} in {store} is being worked on: wait for its end")
        todo = count_images(catalog).todo
        if todo or not is_finished(catalog):
            left = f"{todo:,} images to do" if todo else "not been finished"
            raise CollectionError(
                f"part {part} in {store} has {left}: run `sokkuri index -C {store}`, then merge"
            )
        unsound = find_unsound(catalog)
        if unsound is not None:
            raise DamagedError(f"part {part} in {store} cannot be merged: {unsound}")
        images, absent = count_all(catalog)
        exclude = tuple(json.loads(catalog.meta("exclude") or "[]"))
        ann_from = catalog.meta("ann_from")
        settings = PartSettings(
            collection.model,
            collection.dtype,
            resolve_ids(catalog, None),
            exclude,
            None if ann_from is None else int(ann_from),
        )
        part_store = PartStore(part, store, images, absent, collection.generation)
        if isinstance(collection.root, Roots):
            raise UsageError(f"{store} has several roots, and parts have one: it cannot be merged")
        return _PartInfo(part_store, settings, collection.root, left_aside(catalog))


def _check_same(first: _PartInfo, second: _PartInfo, *, anywhere: bool) -> None:
    """Raise UsageError or ModelMismatchError if these are not parts of one collection.

    anywhere : whether their roots may differ.
    """
    a, b = first.store, second.store
    if a.part.count != b.part.count:
        raise UsageError(
            f"{a} and {b} do not belong together: name parts that have one number of parts"
        )
    model, other_model = first.settings.model, second.settings.model
    if model.fingerprint != other_model.fingerprint:
        raise ModelMismatchError(
            f"{a} has vectors of {model}, {b} of {other_model}, and the two cannot be compared: "
            f"extract one of them anew, such as with `{model.replace_command(b.store)}`"
        )
    for option, value, other in (
        ("--dtype", first.settings.dtype, second.settings.dtype),
        ("--ids", first.settings.ids, second.settings.ids),
        ("--exclude", first.settings.exclude, second.settings.exclude),
    ):
        if value != other:
            raise UsageError(
                f"{a} was made with {option} {_option_text(value)}, {b} with "
                f"{_option_text(other)}: run one of them again with the option of the other"
            )
    if not (anywhere or _is_same_place(first.root, second.root)):
        raise UsageError(
            f"{a} is of the images in {first.root}, {b} of those in {second.root}: if these are "
            "the same images, say where they are now with --root DIR"
        )


def _is_same_place(a: Location, b: Location) -> bool:
    return is_within(a, b) and is_within(b, a)


def _option_text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(map(repr, value)) or "''"


def _check_complete(parts: Sequence[PartStore], root: Location) -> None:
    count = parts[0].part.count
    numbers = {store.part.number for store in parts}
    missing = [str(Part(count, n)) for n in range(1, count + 1) if n not in numbers]
    if missing:
        shown = ", ".join(missing[:_SHOWN_PARTS])
        more = f" and {len(missing) - _SHOWN_PARTS:,} more" if len(missing) > _SHOWN_PARTS else ""
        raise CollectionError(
            f"missing of the {count} parts: {shown}{more}; name their stores too, or make them "
            f"with `sokkuri index {root} --part {missing[0]}`"
        )


def _target_store(parts: PartSet, into: Path | None) -> Path:
    """Return the store to merge into. Raises UsageError, CollectionError."""
    root = parts.root
    if into is None and (not isinstance(root, Path) or not root.is_dir()):
        raise UsageError(
            f"nothing can be kept in {root} from here: say where to merge the parts, with "
            "--into DIR, or where the images are now, with --root DIR"
        )
    if into is None or (isinstance(root, Path) and into.resolve() == root.resolve()):
        store = choose_store(root, None)
    else:
        store = find_store(into) if has_store(into) else into
    if store.resolve() in {part.store for part in parts.parts}:
        raise UsageError(f"{store} is one of the parts: merge them elsewhere, with --into DIR")
    return store


@contextmanager
def open_target(parts: PartSet, into: Path | None) -> Iterator[CollectionStore]:
    """Open the collection to merge into, or create it, with the settings of the parts.

    into : its store, or its folder of images; by default `.sokkuri` in the folder of images. Raises
    UsageError, CollectionError, ModelMismatchError.
    """
    settings, store = parts.settings, _target_store(parts, into)
    if has_store(store):
        collection = CollectionStore.open(store)
    else:
        collection = CollectionStore.create_for(parts.root, store, settings.model, settings.dtype)
    with collection:
        catalog = collection.catalog
        if isinstance(collection.root, Roots):
            raise UsageError(
                f"{store} has several roots: merge the parts elsewhere, with --into DIR"
            )
        if saved_part(catalog) is not None:
            raise UsageError(f"{store} is itself a part: merge them elsewhere, with --into DIR")
        if collection.model.fingerprint != settings.model.fingerprint:
            raise ModelMismatchError(
                f"{store} has vectors of {collection.model}, the parts of {settings.model}, and "
                "the two cannot be compared: merge them elsewhere, with --into DIR, or run "
                f"`{settings.model.replace_command(store)}`"
            )
        if (collection.dtype, resolve_ids(catalog, None, settings.ids)) != (
            settings.dtype,
            settings.ids,
        ):
            raise UsageError(
                f"the parts have {settings.dtype} vectors under each file's {settings.ids}, unlike "
                f"{store}: merge them elsewhere, with --into DIR"
            )
        clear_ended_runs(catalog)
        if has_active_run(catalog):
            raise CollectionError(f"{store} is being worked on: wait for its end, then merge")
        collection.set_root(parts.root)
        has_setting = catalog.meta("ann_from") is not None
        ann_from = None if has_setting else settings.ann_from
        save_settings(
            catalog, SyncOptions(exclude=settings.exclude, ids=settings.ids, ann_from=ann_from)
        )
        yield collection
