"""Groups of near-duplicates for the pages, decisions about them, and moves to the trash.

The functions take a Collection and return documents of `schemas/duplicates.py` as dictionaries. The
groups are cached until the collection changes, because a page reads them part by part. An image
moves to the trash only if it is a known near-duplicate of the image that stays. The name of a log
is looked up among the logs that the store knows before it becomes a path.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cachetools import LRUCache

from sokkuri.api import Collection
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.core.named_roots import local_folders
from sokkuri.curation.duplicates import close_looks, find
from sokkuri.curation.duplicates.evidence_store import evidence_store_path
from sokkuri.curation.duplicates.first_groups import GroupSortKey, first_groups, sort_key
from sokkuri.curation.duplicates.pair_store import pair_store_path
from sokkuri.curation.trash import apply, store_logs
from sokkuri.curation.trash.chosen import plan_chosen
from sokkuri.curation.trash.companions import find_companions
from sokkuri.curation.trash.log import MoveLog, MoveRecord
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.trash.plan import TrashPlan
from sokkuri.curation.types import ALL_GRADES, CopyGrade, DuplicateImage, Grade, Group
from sokkuri.store.decisions import mark_different, mark_kept
from sokkuri.store.unwritable import sqlite_version
from sokkuri.web.services import browse
from sokkuri.web.services.cursors import decode_cursor, encode_cursor, invalid_cursor

_MAX_SNAPSHOTS = 8
_SETTLED_NS = 10**8  # a second change within this time may leave the same date and size
_MAX_LISTED_DROPS = 100
_MAX_READ_LOGS = 2000
_NO_FILE = "its file is gone, or was never read"
_NOT_PLANNED = "another drop keeps it, or its file or the file to keep is gone or a link"


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Parameters of a list of groups. min_grade : this grade or a more certain one. bursts : show
    bursts too. keep : rules for the image to keep, see DuplicateOptions."""

    min_grade: CopyGrade = "edited"
    under: str | None = None
    where: str | None = None
    bursts: bool = False
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GroupSnapshot:
    """All groups of a query at one moment.

    groups : the most certain first. sort_keys : one for each group.
    compared : number of compared unique images, and of all. grades : totals of each grade.
    unread : number of unique images in them without evidence. whole : false if these are only the
    first groups.
    """

    groups: tuple[Group, ...]
    sort_keys: tuple[GroupSortKey, ...]
    compared: tuple[int, int]
    grades: dict[Grade, dict[str, int]]
    unread: int
    whole: bool = True


class DuplicateGroupCache:
    """The groups of the latest queries. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._snapshots: LRUCache[_SnapshotKey, GroupSnapshot] = LRUCache(_MAX_SNAPSHOTS)

    def get(self, collection: Collection, query: GroupQuery) -> GroupSnapshot:
        """Return the groups. Raises UsageError for an invalid filter or rule."""
        found = self._find((query, _stamp(collection)[0]))
        if found is not None:
            return found
        with self._making:  # one at a time: another thread may be making the same ones
            stamp, settled = _stamp(collection)
            found = self._find((query, stamp))
            if found is not None:
                return found
            known = find.known_state(collection, _options(collection, query))
            snapshot = _make_snapshot(collection, known)
            if settled:
                with self._lock:
                    self._snapshots[query, stamp] = snapshot
        return snapshot

    def first(self, collection: Collection, query: GroupQuery, count: int) -> GroupSnapshot:
        """Return the first groups alone if all would take long. Raises UsageError."""
        if self._find((query, _stamp(collection)[0])) is None:
            known = first_groups(collection, _options(collection, query), count)
            if known is not None:
                return _make_snapshot(collection, known, whole=False)
        return self.get(collection, query)

    def _find(self, key: "_SnapshotKey") -> GroupSnapshot | None:
        with self._lock:
            return self._snapshots.get(key)


_SnapshotKey: TypeAlias = tuple[GroupQuery, tuple[tuple[int, int], ...]]


def _stamp(collection: Collection) -> tuple[tuple[tuple[int, int], ...], bool]:
    """Return the versions of the catalog, the pair store and the evidence store, and whether all
    are old enough to show every later change."""
    paths = collection.catalog.where, pair_store_path(collection), evidence_store_path(collection)
    seen = tuple(version for path in paths for version in sqlite_version(path))
    settled = time.time_ns() - max(moment for _, moment in seen) > _SETTLED_NS
    return seen, settled


def _options(collection: Collection, query: GroupQuery) -> find.DuplicateOptions:
    under = browse.folder_location(collection, query.under)
    return find.DuplicateOptions(
        query.min_grade, under, query.where, query.keep, bursts=query.bursts
    )


def _make_snapshot(
    collection: Collection, known: find.KnownGroups, *, whole: bool = True
) -> GroupSnapshot:
    groups = tuple(sorted(known.groups, key=sort_key))
    return GroupSnapshot(
        groups,
        tuple(map(sort_key, groups)),
        find.count_compared(collection),
        _totals(groups),
        known.unread,
        whole,
    )


def _totals(groups: Iterable[Group]) -> dict[Grade, dict[str, int]]:
    """Return the totals of each grade. Groups with a conflict are counted apart, and no picture of
    a burst can go."""
    totals = {grade: {"groups": 0, "drops": 0, "bytes": 0, "conflicts": 0} for grade in ALL_GRADES}
    for group in groups:
        of = totals[group.grade]
        of["groups"] += 1
        if group.conflict:
            of["conflicts"] += 1
            continue
        if group.grade == "burst":
            continue
        of["drops"] += len(group.images) - 1
        of["bytes"] += sum(image.size for image in group.images[1:])
    return totals


def read_page(
    collection: Collection,
    cache: DuplicateGroupCache,
    query: GroupQuery,
    cursor: str | None,
    limit: int,
    *,
    quick: bool = False,
) -> dict[str, Any]:
    """Return the groups after the cursor, as DuplicatePageDocument without the state of the run.
    quick : the first groups may come alone."""
    after = None if cursor is None else _read_cursor(cursor)
    if quick and after is None:
        snapshot = cache.first(collection, query, limit)
    else:
        snapshot = cache.get(collection, query)
    numbers = [n for n, key in enumerate(snapshot.sort_keys) if after is None or key > after]
    groups = [snapshot.groups[number] for number in numbers[:limit]]
    has_more = len(numbers) > limit
    return {
        "groups": [_document(group) for group in groups],
        "total": len(snapshot.groups),
        "grades": snapshot.grades,
        "next": _cursor(sort_key(groups[-1])) if has_more else None,
        "compared": snapshot.compared[0],
        "of": snapshot.compared[1],
        "unread": snapshot.unread,
        "whole": snapshot.whole,
    }


def _document(group: Group) -> dict[str, Any]:
    return {
        "grade": group.grade,
        "keep": group.keep,
        "why": group.why,
        "conflict": group.conflict,
        "images": [_image_document(image) for image in group.images],
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "grade": pair.grade,
                "score": pair.score,
                "kinds": pair.kinds,
            }
            for pair in group.pairs
        ],
    }


def _image_document(image: DuplicateImage) -> dict[str, Any]:
    row = (image.id, image.path, image.width, image.height, image.digest, image.mtime_ns)
    return {**browse.listed_image_document(row), "size": image.size, "kept": image.preferred}


def _cursor(key: GroupSortKey) -> str:
    return encode_cursor(b"%d\0%s\0%s" % key)


def _read_cursor(cursor: str) -> GroupSortKey:
    try:
        grade, first, keep = decode_cursor(cursor).split(b"\0")
        return int(grade), first, keep
    except ValueError:
        raise invalid_cursor() from None


def count_compared(collection: Collection) -> dict[str, int]:
    """Return the number of compared unique images, and of all unique images."""
    done, of = find.count_compared(collection)
    return {"compared": done, "of": of}


def save_decisions(
    collection: Collection, different: Sequence[Sequence[str]], keep: Sequence[str], *, undo: bool
) -> dict[str, int]:
    """Save decisions and return a DecisionsResultDocument. Raises UnknownImageError."""
    catalog = collection.catalog
    return {
        "different": sum(mark_different(catalog, pair, undo=undo) for pair in different),
        "keep": mark_kept(catalog, keep, undo=undo) if keep else 0,
    }


def drop_images(
    collection: Collection,
    cache: DuplicateGroupCache,
    query: GroupQuery,
    drops: Sequence[tuple[str, str]],
    batch: str | None = None,
) -> dict[str, Any]:
    """Move the first image of each pair to the trash, and return a DropsResultDocument. The second
    image stays. query : the groups that the images come from. Pictures of a burst stay. batch : 8
    hexadecimal digits, equal for drops that are listed as one."""
    copies = [group for group in cache.get(collection, query).groups if group.grade != "burst"]
    matched, left = _match_drops(copies, drops)
    known, refuted = close_looks.confirm_groups(collection, matched)
    left += [_not_moved(group.ids[1], _not_known(group.keep)) for group in refuted]
    plan = make_trash_plan(collection, known)
    planned = {move.id for move in plan.moves}
    left += [
        _not_moved(group.ids[1], _NOT_PLANNED) for group in known if group.ids[1] not in planned
    ]
    return _move_planned(collection, plan, left, batch)


def trash_chosen(
    collection: Collection, ids: Sequence[str], batch: str | None = None
) -> dict[str, Any]:
    """Move the files of images that a person chose to the trash, and return a DropsResultDocument.
    No copy needs to stay. batch : as for `drop_images`. Raises UsageError for an address."""
    plan = plan_chosen(collection, ids)
    planned = {move.id for move in plan.moves}
    left = [_not_moved(id_, _NO_FILE) for id_ in ids if id_ not in planned]
    return _move_planned(collection, plan, left, batch)


def _move_planned(
    collection: Collection, plan: TrashPlan, left: list[dict[str, str]], batch: str | None
) -> dict[str, Any]:
    """Apply a plan, and return a DropsResultDocument. left : images that are not in the plan."""
    if not plan.moves:
        return {
            "log": None, "moved": [], "left": left, "companions": [], "companions_moved": []
        }  # fmt: skip
    log = store_logs.new_log_path(collection.store, batch)
    results = [*apply.apply_plan(plan, log)]
    moved, along, stayed = _split_results(results)
    return {
        "log": log.name,
        "moved": moved,
        "left": left + stayed,
        "companions": find_companions(result.move for result in results if result.moved),
        "companions_moved": along,
    }


def _split_results(
    all_done: Iterable[apply.MoveResult],
) -> tuple[list[str], list[str], list[dict[str, str]]]:
    """Return the ids of moved images, the paths of moved files that belong to them, and a
    NotMovedDocument for each other file."""
    moved: list[str] = []
    companions: list[str] = []
    left: list[dict[str, str]] = []
    for done in all_done:
        if done.moved:
            belongs = done.move.belongs_to or done.is_merge
            (companions if belongs else moved).append(done.move.id)
        else:
            left.append(_not_moved(done.move.id, done.reason))
    return moved, companions, left


def _not_moved(id_: str, reason: str) -> dict[str, str]:
    return {"id": id_, "reason": reason}


def _match_drops(
    groups: Iterable[Group], drops: Sequence[tuple[str, str]]
) -> tuple[list[Group], list[dict[str, str]]]:
    """Return each drop as a group of two images, in the given order, and a NotMovedDocument for
    each drop that no group contains."""
    groups_of: dict[str, list[Group]] = {}
    for group in groups:
        for id_ in group.ids:
            groups_of.setdefault(id_, []).append(group)
    pairs, left = [], []
    for id_, keep in drops:
        shared = [group for group in groups_of.get(id_, ()) if keep in group.ids and keep != id_]
        if shared:
            images = {image.id: image for image in shared[0].images}
            linked = [pair for pair in shared[0].pairs if {pair.a, pair.b} == {id_, keep}]
            pairs.append(Group(shared[0].grade, (images[keep], images[id_]), tuple(linked)))
        else:
            left.append(_not_moved(id_, _not_known(keep)))
    return pairs, left


def _not_known(keep: str) -> str:
    return f"it is not a known near-duplicate of {keep}"


def undo_drops(collection: Collection, log: str) -> dict[str, Any]:
    """Move the files of a log back, and return an UndoResultDocument. Raises UsageError if the
    store knows no such log, or if the log has moves of another collection."""
    path = store_logs.find_log(collection.store, log)
    if log.endswith(".plan") and not _are_own(collection, MoveLog.read_records(path)):
        raise UsageError(f"{path} has moves of another collection: use `sokkuri duplicates --undo`")
    returned, companions, left = _split_results(apply.undo(path))
    return {"returned": returned, "left": left, "companions_returned": companions}


def list_drops(collection: Collection) -> dict[str, Any]:
    """Return the latest drops and plans that can be undone, as DropListDocument."""
    drops: list[dict[str, Any]] = []
    for log in store_logs.list_logs(collection.store)[:_MAX_READ_LOGS]:
        try:
            records = MoveLog.read_records(store_logs.find_log(collection.store, log.name))
        except (StorageError, UsageError):  # damaged: the undo reports it; or a plan's log is gone
            continue
        if log.is_plan and not _are_own(collection, records):
            continue
        away = [record for record in records if _is_away(record)]
        ids = [one.move.id for one in away if not (one.move.belongs_to or one.way.kind == "merge")]
        if away:
            entry = {"log": log.name, "ids": ids, "batch": log.batch, "time": log.time}
            drops.append({**entry, "plan": log.is_plan})
        if len(drops) == _MAX_LISTED_DROPS:
            break
    return {"drops": drops}


def _are_own(collection: Collection, records: Iterable[MoveRecord]) -> bool:
    """Return whether all moves of a plan's log are of this collection. The plan of another one may
    have got the name of an earlier plan, and so its log."""
    store = os.path.realpath(collection.store)
    folders = {os.path.realpath(folder) for _, folder in local_folders(collection.root)}
    places = {(record.store, record.move.root) for record in records}
    return all(
        (of is not None and os.path.realpath(of) == store) or os.path.realpath(folder) in folders
        for of, folder in places
    )


def _is_away(record: MoveRecord) -> bool:
    """Return whether an undo can bring the file back. A kill may have left its move half done."""
    if record.state == "intent":
        return not os.path.lexists(record.place)
    return record.state == "moved"
