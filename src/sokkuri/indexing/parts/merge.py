"""merge: unites the parts of a collection into one, as if one run had made it.

Takes gathered parts; rows are copied with their checksums looked at, synced, and then one
transaction makes them count, chunk by chunk. What to do with an image follows from what both sides
know of it now, never from how far a merge came: so one that was killed is made up by the same
command, and one of parts that were brought up to date since brings the whole in step.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from sokkuri.core.errors import StorageError
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import FileRef, FileStat, Progress
from sokkuri.images import remote
from sokkuri.images.scan import is_folder
from sokkuri.indexing import diff
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.parts.gather import PartSet, PartStore, gather, whole
from sokkuri.indexing.parts.merge_images import (
    ABSENT,
    CHUNK,
    PRESENT,
    PartImage,
    TargetImage,
    annotations_digest,
    annotations_key,
    copied,
    enter,
    held_of,
    images_of,
    merge_annotations,
    replace_image,
    touch,
)
from sokkuri.indexing.source import make_is_gone
from sokkuri.indexing.sync import refresh_indexes
from sokkuri.store import leases
from sokkuri.store.collection import CATALOG_NAME, CollectionStore
from sokkuri.store.images import count_images
from sokkuri.store.rows import free_row

Change = Literal["added", "updated", "moved", "removed"]
MergeAction = Literal["same", "touch", "replace", "gone"]
"""What an image that both sides know needs. touch : the whole has its vector, and is told of its
file. replace : all that the whole has of it."""

OnProgress = Callable[[Progress[object]], None]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did, in images. added : not known before, with a vector. updated : their vectors
    replaced. moved : took over the row of an image that vanished. removed : their files are gone.
    unchanged : as they were. failed : without a vector. total : found by searches."""

    parts: int
    added: int
    updated: int
    moved: int
    removed: int
    unchanged: int
    failed: int
    total: int
    seconds: float


def merge(
    parts: Sequence[Path],
    into: Path | None = None,
    *,
    root: Location | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Merged:
    """Unite all parts of a collection; they are only read.

    parts : their stores, or folders of images that hold them. into : the collection's store, or its
    folder of images, by default `.sokkuri` beside the photos. root : where the images are now, if
    not where the parts were made. told : is called with signs of life. Raises UsageError and
    CollectionError before anything is written, DamagedError for a row that is not as it was
    written, StorageError.
    """
    started = time.monotonic()
    gathered = gather(parts, root)
    with whole(gathered, into) as united, _at_work(united) as run:
        merging = _Merging(gathered, united, run, on_progress)
        merging.all()
        united.refresh_ids()
        for progress in refresh_indexes(united):
            on_progress(progress)
        return merging.report(time.monotonic() - started)


@contextmanager
def _at_work(collection: CollectionStore) -> Iterator[int]:
    """On record as a run, so that others know that somebody is at work."""
    catalog = collection.catalog
    run = leases.start_run(catalog)
    try:
        with leases.lease(collection.store / CATALOG_NAME, run):
            yield run
    finally:
        catalog.undo()
        with suppress(StorageError):  # what a full disk keeps on record ends with this process
            leases.end_run(catalog, run)


class _Step(NamedTuple):
    """What an image that both sides know needs. marked : it is to be taken out of searches."""

    image: PartImage
    held: TargetImage
    fate: MergeAction
    marked: bool


class _Merging:
    """The work. The parts that say something new of an image win, unless the whole was brought up
    to date since: then what it has is the file's state."""

    def __init__(
        self, gathered: PartSet, whole: CollectionStore, run: int, on_progress: OnProgress
    ) -> None:
        self._parts = gathered.parts
        self._whole = whole
        self._catalog = whole.catalog
        self._run = run
        self._on_progress = on_progress
        self._counts: Counter[Change] = Counter()
        self._known: Counter[PartStore] = Counter()  # their images that the whole had before
        self._present = 0  # images of the whole that a part knows, with a file
        self._done = self._total = 0
        self._reachable = is_folder(whole.root)
        options = SyncOptions(exclude=gathered.kind.exclude, ids=gathered.kind.ids)
        self._is_gone = make_is_gone(whole.root, options)

    def all(self) -> None:
        """What is known first, so that what is new can be recognised as moved; last of all what has
        a vector but no file."""
        empty = self._catalog.one("SELECT 1 FROM images LIMIT 1") is None
        self._total = sum(one.images for one in self._parts) * (1 if empty else 2)
        if not empty:
            for one in self._parts:
                self._compare(one)
            self._forget_others()
        moves = not empty and self._catalog.one(f"SELECT 1 FROM images WHERE {ABSENT} LIMIT 1")  # noqa: S608
        for one in self._parts:
            if self._known[one] < one.images:
                self._enter(one, moves=bool(moves))
            with one.opened() as part:
                merge_annotations(self._catalog, part.catalog, annotations_key(one))
        for one in self._parts:
            if one.absent:
                self._enter_absent(one)

    def report(self, seconds: float) -> Merged:
        found, did = count_images(self._catalog), self._counts
        return Merged(
            parts=len(self._parts),
            added=did["added"],
            updated=did["updated"],
            moved=did["moved"],
            removed=did["removed"],
            unchanged=max(0, found.live - did["added"] - did["updated"] - did["moved"]),
            failed=found.failed,
            total=found.live,
            seconds=round(seconds, 3),
        )

    def _chunks(self, part: CollectionStore, condition: str = "true") -> Iterator[list[PartImage]]:
        for chunk in images_of(part, condition):
            yield chunk
            self._done += len(chunk)
            self._on_progress(Progress("merging", min(self._done, self._total), self._total))

    # What both know

    def _compare(self, one: PartStore) -> None:
        """Bring what the whole knows of a part's images in step with it."""
        with one.opened() as part:
            is_new = self._catalog.meta(annotations_key(one)) != annotations_digest(part.catalog)
            for images in self._chunks(part):
                steps = self._steps(images, marks=is_new)
                if any(fate != "same" or marked for _, _, fate, marked in steps):
                    with self._catalog.writing():  # and looked at again under the lock
                        steps = self._steps(images, marks=is_new)
                        self._take(one, part, steps)
                self._known[one] += len(steps)
                for _, held, fate, _ in steps:
                    self._present += held.missing is None if fate == "same" else fate != "gone"

    def _steps(self, images: Sequence[PartImage], *, marks: bool) -> list[_Step]:
        """What those that the whole knows need. marks : a person said something new in the part."""
        held = held_of(self._catalog, [image.id for image in images])
        return [
            _Step(image, mine, self._fate(image, mine), marks and image.removed > mine.removed)
            for image in images
            if (mine := held.get(image.id)) is not None
        ]

    def _fate(self, image: PartImage, held: TargetImage) -> MergeAction:
        if image.missing is not None:
            gone = held.missing is None and (not self._reachable or self._is_gone(image.path))
            return "gone" if gone else "same"
        if held.removed or (image.shard is None and image.stage is None):
            return "same"  # taken out of the whole, or of the part and its vector compacted away
        same_file = (image.path, image.size, image.mtime_ns) == (
            held.path, held.size, held.mtime_ns,
        )  # fmt: skip
        settled = held.missing is None and not held.todo
        if settled and not same_file and self._is_current(held):
            return "same"
        same_bytes = held.digest is not None and held.digest == image.digest
        if held.shard is not None and (same_bytes or (same_file and not held.todo)):
            return "same" if settled and same_file else "touch"
        return "same" if settled and same_file and image.shard is None else "replace"

    def _is_current(self, held: TargetImage) -> bool:
        """Whether the file is as the whole has it, which then looked at it after the part."""
        if not self._reachable:
            return False
        try:
            return _stat_of(self._whole.file(held.path)) == FileStat(held.size, held.mtime_ns)
        except OSError:
            return False

    def _take(self, one: PartStore, part: CollectionStore, steps: Sequence[_Step]) -> None:
        """Do what the steps say, inside a transaction."""
        by_fate: dict[MergeAction, list[_Step]] = {
            "touch": [],
            "replace": [],
            "gone": [],
            "same": [],
        }
        for step in steps:
            by_fate[step.fate].append(step)
        replaced = by_fate["replace"]
        places = copied(self._whole, one, part, [step.image for step in replaced])
        for (image, held, _, _), at in zip(replaced, places, strict=True):
            replace_image(self._catalog, held, image, at)
            if at is not None:
                self._counts["updated" if held.shard is not None else "added"] += 1
        for step in by_fate["touch"]:
            touch(self._catalog, step.held.key, step.image)
        self._mark_gone([step.held.key for step in by_fate["gone"]])
        marked = ([step.held.key] for step in steps if step.marked)
        self._catalog.run_many("UPDATE images SET removed = 1 WHERE key = ?", marked)

    def _forget_others(self) -> None:
        """What no part knows any more is gone, unless its file is there."""
        (present,) = self._catalog.one(f"SELECT count(*) FROM images WHERE {PRESENT}")  # noqa: S608
        if present == self._present or not self._reachable:
            return
        diff.begin_listing(self._catalog)
        for one in self._parts:
            with one.opened() as part:
                ids = part.catalog.each("SELECT id FROM images")
                while chunk := [FileRef(id_, id_, FileStat(0, 0)) for (id_,) in islice(ids, CHUNK)]:
                    diff.add_listed(self._catalog, chunk)
        with self._catalog.writing():
            self._mark_gone(array("q", diff.vanished_images(self._catalog, self._is_gone)))

    def _mark_gone(self, keys: Sequence[int]) -> None:
        rows = ((self._run, key) for key in keys)
        self._catalog.run_many("UPDATE images SET missing = ? WHERE key = ?", rows)
        self._counts["removed"] += len(keys)

    # What only the part knows

    def _enter(self, one: PartStore, *, moves: bool) -> None:
        """Enter images that the whole lacks. moves : it knows some whose files are gone."""
        with one.opened() as part:
            for images in self._chunks(part, PRESENT):
                with self._catalog.writing():
                    held = held_of(self._catalog, [image.id for image in images])
                    new = [image for image in images if image.id not in held]
                    if moves:
                        new = [image for image in new if not self._move(image)]
                    places = copied(self._whole, one, part, new)
                    enter(self._catalog, new, places)
                self._counts["added"] += sum(at is not None for at in places)

    def _move(self, image: PartImage) -> bool:
        """Whether it is one that vanished, under another name: its row and its marks go with it."""
        source = self._catalog.one(
            f"SELECT key FROM images WHERE digest = ? AND {ABSENT} ORDER BY key LIMIT 1",  # noqa: S608
            [image.digest],
        )
        if source is None or image.shard is None:
            return False
        free_row(self._catalog, source[0])  # the row stays, under another id
        touch(self._catalog, source[0], image)
        self._counts["moved"] += 1
        return True

    def _enter_absent(self, one: PartStore) -> None:
        """Enter those without a file whose bytes are not there, so that they are known when they
        come back."""
        with one.opened() as part:
            for images in self._chunks(part, ABSENT):
                with self._catalog.writing():
                    held = held_of(self._catalog, [image.id for image in images])
                    new = [i for i in images if i.id not in held and not self._has(i.digest)]
                    enter(self._catalog, new, copied(self._whole, one, part, new), self._run)

    def _has(self, digest: bytes | None) -> bool:
        found = self._catalog.one(
            "SELECT 1 FROM images WHERE digest = ? AND shard IS NOT NULL LIMIT 1", [digest]
        )
        return found is not None


def _stat_of(where: Location) -> FileStat:
    """Raises OSError."""
    if isinstance(where, Address):
        return remote.stat(where).stat
    found = where.stat()
    return FileStat(found.st_size, found.st_mtime_ns)
