"""The parts of a collection, and the collection they become: found and checked before anything of
them is united.

Takes folders; hands on Gathered, the parts in their order, all there, each once, all finished, all
of one kind, and the whole, open. Parts are opened one at a time and only read.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sokkuri.core.errors import CollectionError, ModelMismatchError, NoCollectionError, UsageError
from sokkuri.core.locations import Location, is_within
from sokkuri.core.types import Dtype, IdKind
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part, stores_of_parts
from sokkuri.indexing.settings import is_finished, resolve_ids, save_settings, saved_part
from sokkuri.store.catalog import ModelRow
from sokkuri.store.collection import CATALOG_NAME, CollectionStore, find_store, has_store, store_for
from sokkuri.store.images import count_images
from sokkuri.store.leases import clear_over, is_worked_on

_SHOWN_PARTS = 20


@dataclass(frozen=True, slots=True)
class PartSettings:
    """What all parts of a collection have in common. exclude : globs. ann_from : images from which
    an approximate index is kept, None for the default."""

    model: ModelRow
    dtype: Dtype
    ids: IdKind
    exclude: tuple[str, ...]
    ann_from: int | None


@dataclass(frozen=True, slots=True)
class PartStore:
    """A part and where it is kept. `images` : how many its catalog knows; `absent` : how many of
    them have a vector and no file any more."""

    part: Part
    store: Path
    images: int
    absent: int

    def __str__(self) -> str:
        return f"part {self.part} in {self.store}"

    @contextmanager
    def opened(self) -> Iterator[CollectionStore]:
        """One consistent picture of it, as long as the block lasts."""
        with CollectionStore.open(self.store, "ro") as part, part.catalog.reading():
            yield part


@dataclass(frozen=True, slots=True)
class PartSet:
    """Parts that can be united, in their order. `root` : where their images are."""

    parts: tuple[PartStore, ...]
    kind: PartSettings
    root: Location


def gather(where: Sequence[Path], root: Location | None = None) -> PartSet:
    """The parts kept in these stores, or in stores beside the photos in these folders.

    root : where the images are now, if that is elsewhere than where the parts were made. Raises
    UsageError and CollectionError for what cannot be united, and says what to do.
    """
    found: dict[Part, PartStore] = {}
    first: tuple[PartStore, PartSettings, Location] | None = None
    for store in _stores(where):
        one, kind, its_root = _look_at(store)
        if one.part in found:
            raise UsageError(
                f"part {one.part} is given twice, in {found[one.part].store} and {store}"
            )
        found[one.part] = one
        first = first or (one, kind, its_root)
        _check_same(first, (one, kind, its_root), anywhere=root is not None)
    assert first is not None, "_stores finds one, or raises"
    parts = sorted(found.values(), key=lambda one: one.part)
    _check_all_there(parts, root or first[2])
    return PartSet(tuple(parts), first[1], root or first[2])


def _stores(where: Sequence[Path]) -> list[Path]:
    stores: dict[Path, None] = {}
    for place in where:
        beside = [] if (place / CATALOG_NAME).is_file() else stores_of_parts(place)
        if not beside and not (place / CATALOG_NAME).is_file():
            raise NoCollectionError(
                f"{place} holds no part: make one with `sokkuri index {place} --part 1/N`"
            )
        stores |= dict.fromkeys(map(find_store, beside or [place]))
    if not stores:
        raise UsageError("name the parts, or the folder of images that they are kept in")
    return list(stores)


def _look_at(store: Path) -> tuple[PartStore, PartSettings, Location]:
    with CollectionStore.open(store, "ro") as part:
        catalog = part.catalog
        which = saved_part(catalog)
        if which is None:
            raise UsageError(f"{store} is no part: parts are made with `sokkuri index --part I/N`")
        if is_worked_on(catalog):
            raise CollectionError(f"part {which} in {store} is being worked on: wait for its end")
        todo = count_images(catalog).todo
        if todo or not is_finished(catalog):
            left = f"{todo:,} images to do" if todo else "not been finished"
            raise CollectionError(
                f"part {which} in {store} has {left}: run `sokkuri index -C {store}`, then merge"
            )
        images, absent = catalog.one(
            "SELECT count(*), total(missing IS NOT NULL AND shard IS NOT NULL) FROM images"
        )
        exclude = tuple(json.loads(catalog.meta("exclude") or "[]"))
        ann_from = catalog.meta("ann_from")
        kind = PartSettings(
            part.model,
            part.dtype,
            resolve_ids(catalog, None),
            exclude,
            None if ann_from is None else int(ann_from),
        )
        return PartStore(which, store, images, int(absent)), kind, part.root


_Look = tuple[PartStore, PartSettings, Location]


def _check_same(first: _Look, other: _Look, *, anywhere: bool) -> None:
    """Raises unless both are parts of one collection."""
    (one, kind, root), (two, its_kind, its_root) = first, other
    if one.part.count != two.part.count:
        raise UsageError(f"{one} and {two} are no parts of one whole: name those of one count")
    if kind.model.fingerprint != its_kind.model.fingerprint:
        raise ModelMismatchError(
            f"{one} has features of {_named(kind.model)}, {two} of {_named(its_kind.model)}, and "
            "the two cannot be compared: make one of them anew"
        )
    for what, its, here in (
        ("--dtype", kind.dtype, its_kind.dtype),
        ("--ids", kind.ids, its_kind.ids),
        ("--exclude", kind.exclude, its_kind.exclude),
    ):
        if its != here:
            raise UsageError(
                f"{one} was made with {what} {_spelled(its)}, {two} with {_spelled(here)}: run one "
                "of them again as the other"
            )
    if not (anywhere or (is_within(root, its_root) and is_within(its_root, root))):
        raise UsageError(
            f"{one} is of the images in {root}, {two} of those in {its_root}: if these are the "
            "same, say where they are now with --root DIR"
        )


def _named(model: ModelRow) -> str:
    return f"{model.name} (fingerprint {model.fingerprint[:12]}, --decode {model.decode})"


def _spelled(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(map(repr, value)) or "''"


def _check_all_there(parts: Sequence[PartStore], root: Location) -> None:
    count = parts[0].part.count
    there = {one.part.number for one in parts}
    missing = [str(Part(count, n)) for n in range(1, count + 1) if n not in there]
    if missing:
        shown = ", ".join(missing[:_SHOWN_PARTS])
        more = f" and {len(missing) - _SHOWN_PARTS:,} more" if len(missing) > _SHOWN_PARTS else ""
        raise CollectionError(
            f"missing of the {count} parts: {shown}{more}; name their stores too, or make them "
            f"with `sokkuri index {root} --part {missing[0]}`"
        )


def _target(gathered: PartSet, into: Path | None) -> Path:
    """The store to unite in. Raises UsageError, CollectionError."""
    root = gathered.root
    if into is None and (not isinstance(root, Path) or not root.is_dir()):
        raise UsageError(
            f"nothing can be kept in {root} from here: say where to unite the parts, with "
            "--into DIR, or where the images are now, with --root DIR"
        )
    if into is None or (isinstance(root, Path) and into.resolve() == root.resolve()):
        store = store_for(root, None)
    else:
        store = find_store(into) if has_store(into) else into
    if store.resolve() in {one.store for one in gathered.parts}:
        raise UsageError(f"{store} is one of the parts: unite them elsewhere, with --into DIR")
    return store


@contextmanager
def whole(gathered: PartSet, into: Path | None) -> Iterator[CollectionStore]:
    """The collection to unite in, made if there is none: the parts are of its kind, and it knows
    what they know of how it is to be kept.

    into : its store, or its folder of images, by default `.sokkuri` beside the photos. Raises
    UsageError, CollectionError, ModelMismatchError.
    """
    kind, store = gathered.kind, _target(gathered, into)
    if has_store(store):
        collection = CollectionStore.open(store)
    else:
        collection = CollectionStore.create_for(gathered.root, store, kind.model, kind.dtype)
    with collection:
        catalog = collection.catalog
        if saved_part(catalog) is not None:
            raise UsageError(f"{store} is itself a part: unite them elsewhere, with --into DIR")
        collection.check_made_by(kind.model.name, kind.model.fingerprint)
        if (collection.dtype, resolve_ids(catalog, None, kind.ids)) != (kind.dtype, kind.ids):
            raise UsageError(
                f"the parts have {kind.dtype} vectors under each file's {kind.ids}, unlike "
                f"{store}: unite them elsewhere, with --into DIR"
            )
        clear_over(catalog)
        if is_worked_on(catalog):
            raise CollectionError(f"{store} is being worked on: wait for its end, then merge")
        collection.set_root(gathered.root)
        has_own = catalog.meta("ann_from") is not None
        ann_from = None if has_own else kind.ann_from
        save_settings(catalog, SyncOptions(exclude=kind.exclude, ids=kind.ids, ann_from=ann_from))
        collection.recover()
        yield collection
