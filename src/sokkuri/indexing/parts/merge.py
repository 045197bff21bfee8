"""Merge the parts of a collection into one collection, as if one run had indexed it.

Takes a PartSet. Copies rows in chunks: checks their checksums, syncs them, and makes them count in
one transaction. What to do with an image follows only from what the part and the target know of it
now. So the same command completes a merge that was killed, and a later merge of updated parts
updates the target.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from sokkuri.core.locations import Location
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import FileRef, FileStat, Progress
from sokkuri.images.read import stat_file
from sokkuri.images.scan import is_folder
from sokkuri.indexing import diff
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.parts.gather import PartSet, PartStore, gather, open_target
from sokkuri.indexing.parts.merge_images import (
    annotations_key,
    copy_rows,
    merge_annotations,
    merge_damage,
    merge_photos,
)
from sokkuri.indexing.removals import is_suspicious
from sokkuri.indexing.source import IsGone
from sokkuri.indexing.sync import refresh_indexes
from sokkuri.store.annotations import carry_all_over, free_id, inherit_removals
from sokkuri.store.collection import CollectionStore
from sokkuri.store.films import VIDEO
from sokkuri.store.images import count_images, is_empty, mark_missing, set_left_aside, set_removed
from sokkuri.store.leases import registered_run
from sokkuri.store.listing import add_listed, begin_listing, count_losses
from sokkuri.store.outcomes import free_row, has_content
from sokkuri.store.part_images import (
    CHUNK,
    PartImage,
    PartImages,
    TargetImage,
    annotations_digest,
    count_present,
    enter,
    find_absent,
    find_existing,
    has_absent,
    iter_images,
    known_files,
    replace_image,
    touch,
)
from sokkuri.store.recover import recover

Change = Literal["added", "updated", "moved", "removed"]
MergeAction = Literal["same", "touch", "replace", "gone", "other"]
"""What an image that is in a part and in the target needs. touch : the target has its vector and
takes the part's data of its file. replace : the target takes all data of the part. gone : its file
is gone. other : it is not the removed image that has its id in the target; it is new."""

OnProgress = Callable[[Progress[object]], None]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did, in images.

    added : new images with a vector. updated : with another vector. moved : took the row of an
    image that vanished. removed : their files are gone. failed : without a vector. total : live
    images. seconds : wall time.
    """

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
    accept_removals: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> Merged:
    """Merge all parts of a collection into one. The parts are only read.

    parts : their stores, or folders of images with their stores. into : the store of the target, or
    its folder of images; by default `.sokkuri` in the folder of images. root : where the images are
    now, if they have moved since the parts were made. accept_removals : also mark images gone that
    no part knows if these are most of the target's; otherwise they stay, with a note. Raises
    UsageError and CollectionError before anything is written, DamagedError for a damaged row of a
    part, StorageError.
    """
    started = time.monotonic()
    part_set = gather(parts, root)
    with (
        open_target(part_set, into) as target,
        registered_run(target.catalog, target.store / CATALOG_NAME) as run,
    ):
        for line in recover(target):
            on_progress(Progress("merging", 0, 0, line))
        merge_run = _MergeRun(part_set, target, run, on_progress)
        merge_run.accept_removals = accept_removals
        merge_run.merge_all()
        set_left_aside(target.catalog, part_set.left_aside)
        target.rewrite_id_columns()
        for progress in refresh_indexes(target):
            on_progress(progress)
        return merge_run.report(time.monotonic() - started)


class _Step(NamedTuple):
    """What to do with an image that is in a part and in the target. marked : mark it removed."""

    image: PartImage
    existing: TargetImage
    action: MergeAction
    marked: bool


class _MergeRun:
    """One merge. If a part and the target differ, the part wins, unless the target agrees with the
    file as it is now: then the target was updated after the part."""

    def __init__(
        self, parts: PartSet, target: CollectionStore, run: int, on_progress: OnProgress
    ) -> None:
        self._parts = parts.parts
        self._target = target
        self._catalog = target.catalog
        self._run = run
        self.accept_removals = False
        self._on_progress = on_progress
        self._counts: Counter[Change] = Counter()
        self._known: Counter[PartStore] = Counter()  # its images that the target had before
        self._present = 0  # images of the target that are in a part and have a file
        self._done = self._total = 0
        self._reachable = is_folder(target.root)
        settings = SyncOptions(
            exclude=parts.settings.exclude,
            ids=parts.settings.ids,
            video=target.catalog.meta(VIDEO),  # parts have no frames: those of the target stay
        )
        self._is_gone = IsGone(target.root, settings)

    def merge_all(self) -> None:
        """Compare known images first, so that a new image can be recognised as moved. Last add the
        images that have a vector but no file."""
        empty = is_empty(self._catalog)
        self._total = sum(store.images for store in self._parts) * (1 if empty else 2)
        if not empty:
            for store in self._parts:
                self._compare(store)
            self._mark_forgotten()
        moves = not empty and has_absent(self._catalog)
        for store in self._parts:
            self._add_removed(store)
        for store in self._parts:
            if self._known[store] < store.images:
                self._add_new(store, moves=moves)
            with store.open_snapshot() as part:
                merge_annotations(self._catalog, part.catalog, annotations_key(store))
                merge_damage(self._catalog, part.catalog)
                merge_photos(self._catalog, part.catalog)
        with self._catalog.writing():
            carry_all_over(self._catalog)
        for store in self._parts:
            if store.absent:
                self._add_absent(store)

    def report(self, seconds: float) -> Merged:
        """Return what the merge did. seconds : its wall time."""
        images, changes = count_images(self._catalog), self._counts
        return Merged(
            parts=len(self._parts),
            added=changes["added"],
            updated=changes["updated"],
            moved=changes["moved"],
            removed=changes["removed"],
            unchanged=max(
                0, images.live - changes["added"] - changes["updated"] - changes["moved"]
            ),
            failed=images.failed,
            total=images.live,
            seconds=round(seconds, 3),
        )

    def _chunks(
        self, part: CollectionStore, which: PartImages = "all"
    ) -> Iterator[list[PartImage]]:
        for chunk in iter_images(part.catalog, which):
            yield chunk
            self._done += len(chunk)
            self._on_progress(Progress("merging", min(self._done, self._total), self._total))

    # Images that are in the target

    def _compare(self, store: PartStore) -> None:
        """Update the images of a part that the target knows."""
        with store.open_snapshot() as part:
            is_new = self._catalog.meta(annotations_key(store)) != annotations_digest(part.catalog)
            for images in self._chunks(part):
                steps = self._steps(images, marks=is_new)
                if any(action != "same" or marked for _, _, action, marked in steps):
                    with self._catalog.writing():  # under the lock, once more
                        steps = self._steps(images, marks=is_new)
                        self._carry_out(store, part, steps)
                steps = [step for step in steps if step.action != "other"]
                self._known[store] += len(steps)
                for _, existing, action, _ in steps:
                    has_file = existing.missing is None if action == "same" else action != "gone"
                    self._present += has_file

    def _steps(self, images: Sequence[PartImage], *, marks: bool) -> list[_Step]:
        """Return the steps for images that are in the target.

        marks : also take over removals, because the annotations of the part are new.
        """
        existing = find_existing(self._catalog, [image.id for image in images])
        steps = []
        for image in images:
            mine = existing.get(image.id)
            if mine is not None:
                action = self._action(image, mine)
                # A newer file of the target is not the image that was removed in the part.
                concerns = action != "same" or not _are_different(image, mine)
                marked = marks and concerns and image.removed > mine.removed
                steps.append(_Step(image, mine, action, marked))
        return steps

    def _action(self, image: PartImage, existing: TargetImage) -> MergeAction:
        if image.missing is not None:
            gone = existing.missing is None and (not self._reachable or self._is_gone(image.path))
            return "gone" if gone else "same"
        if existing.removed and not image.removed and _are_different(image, existing):
            return "same" if self._is_current(existing) else "other"
        if existing.removed or (image.shard is None and image.stage is None):
            return "same"  # removed in the target, or in a part that was compacted since
        same_file = (image.path, image.size, image.mtime_ns) == (
            existing.path, existing.size, existing.mtime_ns,
        )  # fmt: skip
        settled = existing.missing is None and not existing.todo
        if settled and not same_file and self._is_current(existing):
            return "same"
        same_bytes = existing.digest is not None and existing.digest == image.digest
        if existing.shard is not None and (same_bytes or (same_file and not existing.todo)):
            return "same" if settled and same_file else "touch"
        return "same" if settled and same_file and image.shard is None else "replace"

    def _is_current(self, existing: TargetImage) -> bool:
        """Return whether the target agrees with the file, so that it is newer than the part."""
        if not self._reachable:
            return False
        try:
            stat = stat_file(self._target.locate(existing.path))
        except OSError:
            return False
        return stat == FileStat(existing.size, existing.mtime_ns)

    def _carry_out(self, store: PartStore, part: CollectionStore, steps: Sequence[_Step]) -> None:
        """Carry out the steps, inside a transaction."""
        by_action: dict[MergeAction, list[_Step]] = {
            "touch": [],
            "replace": [],
            "gone": [],
            "same": [],
            "other": [],
        }
        for step in steps:
            by_action[step.action].append(step)
        replaced = by_action["replace"]
        places = copy_rows(self._target, store, part, [step.image for step in replaced])
        for (image, existing, _, _), at in zip(replaced, places, strict=True):
            replace_image(self._catalog, existing, image, at)
            if at is not None:
                self._counts["updated" if existing.shard is not None else "added"] += 1
        for step in by_action["touch"]:
            touch(self._catalog, step.existing.key, step.image)
        for step in by_action["other"]:
            free_id(self._catalog, step.existing.key)
        self._mark_gone([step.existing.key for step in by_action["gone"]])
        marked = [step.existing.id for step in steps if step.marked]
        set_removed(self._catalog, marked, removed=True)

    def _mark_forgotten(self) -> None:
        """Mark images gone that no part knows and whose file does not exist."""
        if count_present(self._catalog) == self._present or not self._reachable:
            return
        begin_listing(self._catalog)
        for present in (True, False):  # an image that moved to another part is absent in one
            for store in self._parts:
                self._list_part(store, present=present)
        with self._catalog.writing():
            gone = array("q", diff.vanished_images(self._catalog, self._is_gone))
            losses = count_losses(self._catalog, gone)
            if self.accept_removals or not is_suspicious(losses.live, losses.lost):
                self._mark_gone(gone)
                return
        note = (
            f"{losses.lost:,} of {losses.live:,} images are in no part and not in "
            f"{self._target.root}: they stay; if they are to leave, add --accept-removals"
        )
        self._on_progress(Progress("merging", self._done, self._total, note))

    def _list_part(self, store: PartStore, *, present: bool) -> None:
        """Enter the images of a part into the listing: those with a file, or the others."""
        with store.open_snapshot() as part:
            files = known_files(part.catalog, present=present)
            while chunk := [FileRef(id_, id_, stat) for id_, stat in islice(files, CHUNK)]:
                add_listed(self._catalog, chunk)

    def _mark_gone(self, keys: Sequence[int]) -> None:
        mark_missing(self._catalog, keys, self._run)
        self._counts["removed"] += len(keys)

    # Images that are only in a part

    def _add_new(self, store: PartStore, *, moves: bool) -> None:
        """Add images that the target lacks. moves : the target has images without a file."""
        with store.open_snapshot() as part:
            for images in self._chunks(part, "present"):
                with self._catalog.writing():
                    existing = find_existing(self._catalog, [image.id for image in images])
                    new = [image for image in images if image.id not in existing]
                    if moves:
                        new = [image for image in new if not self._move(image)]
                    places = copy_rows(self._target, store, part, new)
                    enter(self._catalog, new, places)
                    removed = inherit_removals(self._catalog, [image.id for image in new])
                self._counts["added"] += sum(at is not None for at in places) - removed

    def _move(self, image: PartImage) -> bool:
        """Return whether the image is one that vanished, with a new id; if so, it keeps its row."""
        source = find_absent(self._catalog, image.digest)
        if source is None or image.shard is None:
            return False
        key, found_gone = source
        free_row(self._catalog, key)  # the row stays, under another id
        touch(self._catalog, key, image)
        self._counts["moved"] += 1
        self._counts["removed"] -= found_gone == self._run
        return True

    def _add_removed(self, store: PartStore) -> None:
        """Add removed images that have no file, to recognise them under another id."""
        with store.open_snapshot() as part:
            for images in iter_images(part.catalog, "removed"):
                with self._catalog.writing():
                    existing = find_existing(self._catalog, [image.id for image in images])
                    new = [image for image in images if image.id not in existing]
                    enter(self._catalog, new, [None] * len(new), self._run)

    def _add_absent(self, store: PartStore) -> None:
        """Add images without a file whose bytes the target lacks, to recognise them later."""
        with store.open_snapshot() as part:
            for images in self._chunks(part, "absent"):
                with self._catalog.writing():
                    existing = find_existing(self._catalog, [image.id for image in images])
                    new = [i for i in images if i.id not in existing and not self._has(i.digest)]
                    enter(self._catalog, new, copy_rows(self._target, store, part, new), self._run)

    def _has(self, digest: bytes | None) -> bool:
        return has_content(self._catalog, digest)


def _are_different(image: PartImage, existing: TargetImage) -> bool:
    """Return whether the bytes of two images are known and differ."""
    return None not in (image.digest, existing.digest) and image.digest != existing.digest
