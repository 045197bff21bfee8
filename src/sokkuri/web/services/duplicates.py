"""Groups of near-duplicates as documents, and what is decided about them.

Takes a Collection and what is asked; hands on plain dictionaries. What was grouped is kept until
the collection changes: a page asks for its windows many times. Only what is known to be a
near-duplicate of the image that stays is moved to the trash; the name of a log never becomes a path
before it was found in the logs' folder.
"""

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from cachetools import LRUCache

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates import find, pair_store
from sokkuri.curation.trash import apply
from sokkuri.curation.types import GRADES, Grade, Group
from sokkuri.store.content import CONTENT
from sokkuri.store.database import as_text
from sokkuri.store.decisions import mark_different, mark_kept, read_decisions
from sokkuri.store.derived import sqlite_version
from sokkuri.web.services import browse

_KEPT = 8
_SETTLED_NS = 10**8  # a file changed again within this time may look as it did
_FOLDER = "duplicates"
_NOT_PLANNED = "it stays for another one, or there is no file of it"


GroupSortKey: TypeAlias = tuple[int, bytes, bytes]
"""Of a group in the order: its grade's, its first image's, and that of the one to keep."""


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Which groups: of this grade or a surer one, only what passes both filters."""

    min_grade: Grade = "edited"
    under: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GroupSnapshot:
    """Groups, the surest first, with their places in that order. `images` : by id, as documents.
    `compared` : contents, of how many. `grades` : totals of each."""

    groups: tuple[Group, ...]
    places: tuple[GroupSortKey, ...]
    images: dict[str, dict[str, Any]]
    compared: tuple[int, int]
    grades: dict[Grade, dict[str, int]]


class DuplicateGroupCache:
    """The groups that were asked for last, shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[Any, ...], GroupSnapshot] = LRUCache(_KEPT)

    def get(self, collection: Collection, wanted: GroupQuery) -> GroupSnapshot:
        """Raises UsageError for a filter that makes no sense."""
        stamp, settled = _stamp(collection)
        name = (wanted, stamp)
        with self._lock:
            if name in self._kept:
                return self._kept[name]
        found = _found(collection, wanted)
        if settled:
            with self._lock:
                self._kept[name] = found
        return found


def _stamp(collection: Collection) -> tuple[tuple[tuple[int, int], ...], bool]:
    """What tells one state of the catalog and of what was compared from another, and whether they
    have been as they are for long enough that it does."""
    seen = sqlite_version(collection.catalog.where) + sqlite_version(pair_store.place(collection))
    settled = time.time_ns() - max(moment for _, moment in seen) > _SETTLED_NS
    return seen, settled


def _found(collection: Collection, wanted: GroupQuery) -> GroupSnapshot:
    under = browse.folder_in(collection, wanted.under)
    options = find.DuplicateOptions(wanted.min_grade, under, wanted.where)
    groups = tuple(sorted(find.known_groups(collection, options), key=_place))
    images = _images(collection, [id_ for group in groups for id_ in group.ids])
    return GroupSnapshot(
        groups,
        tuple(map(_place, groups)),
        images,
        find.compared(collection),
        _totals(groups, images),
    )


def _place(group: Group) -> GroupSortKey:
    """A group's place in the order: it stays, whatever others come and go, and whichever of its
    images is the one to keep."""
    return GRADES.index(group.grade), min(map(as_text, group.ids)), as_text(group.keep)


def _images(collection: Collection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    kept = read_decisions(collection.catalog).kept
    rows = browse.described(collection, ids, f"size, {CONTENT}")
    return {
        id_: {**browse.in_short(row[:6]), "size": row[6], "kept": row[7] in kept}
        for id_, row in rows.items()
    }


def _totals(
    groups: Iterable[Group], images: dict[str, dict[str, Any]]
) -> dict[Grade, dict[str, int]]:
    totals = {grade: {"groups": 0, "drops": 0, "bytes": 0} for grade in GRADES}
    for group in groups:
        of = totals[group.grade]
        of["groups"] += 1
        for id_ in group.ids:
            if id_ != group.keep:
                of["drops"] += 1
                of["bytes"] += images[id_]["size"]
    return totals


def read_page(
    collection: Collection,
    kept: DuplicateGroupCache,
    wanted: GroupQuery,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    """Groups from the cursor on, as DuplicatePageDocument without what runs at present."""
    found = kept.get(collection, wanted)
    after = None if cursor is None else _read_cursor(cursor)
    numbers = [n for n, place in enumerate(found.places) if after is None or place > after]
    shown = [found.groups[number] for number in numbers[:limit]]
    more = len(numbers) > limit
    return {
        "groups": [_document(group, found.images) for group in shown],
        "total": len(found.groups),
        "grades": found.grades,
        "next": _cursor(_place(shown[-1])) if more else None,
        "compared": found.compared[0],
        "of": found.compared[1],
    }


def _document(group: Group, images: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "grade": group.grade,
        "keep": group.keep,
        "images": [images[id_] for id_ in group.ids],
        "pairs": [
            {"a": pair.a, "b": pair.b, "grade": pair.grade, "score": pair.score}
            for pair in group.pairs
        ],
    }


def _cursor(place: GroupSortKey) -> str:
    grade, first, keep = place
    return base64.urlsafe_b64encode(b"%d\0%s\0%s" % (grade, first, keep)).decode().rstrip("=")


def _read_cursor(cursor: str) -> GroupSortKey:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        grade, first, keep = raw.split(b"\0")
        return int(grade), first, keep
    except (ValueError, binascii.Error):
        raise UsageError("this is not a cursor: send the `next` that a page returned") from None


def count_compared(collection: Collection) -> dict[str, int]:
    """How many contents were compared, and how many there are."""
    done, of = find.compared(collection)
    return {"compared": done, "of": of}


def save_decisions(
    collection: Collection, different: Sequence[Sequence[str]], keep: Sequence[str], *, undo: bool
) -> dict[str, int]:
    """Write down what a person decided. Raises UnknownImageError."""
    catalog = collection.catalog
    return {
        "different": sum(mark_different(catalog, pair, undo=undo) for pair in different),
        "keep": mark_kept(catalog, keep, undo=undo) if keep else 0,
    }


def drop_images(
    collection: Collection,
    kept: DuplicateGroupCache,
    wanted: GroupQuery,
    drops: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Move the first image of each pair to the trash, and return a DropsResultDocument. The second
    image stays. wanted : the groups that the images come from."""
    known, left = _known(kept.get(collection, wanted).groups, drops)
    plan = apply.plan(collection, known)
    planned = {move.id for move in plan.moves}
    left += [_left(group.ids[1], _NOT_PLANNED) for group in known if group.ids[1] not in planned]
    if not plan.moves:
        return {"log": None, "moved": [], "left": left}
    log = logs(collection) / _log_name()
    log.parent.mkdir(exist_ok=True)
    moved, stayed = _sorted(apply.apply_plan(plan, log))
    return {"log": log.name, "moved": moved, "left": left + stayed}


def _sorted(all_done: Iterable[apply.Done]) -> tuple[list[str], list[dict[str, str]]]:
    """The ids of what was moved, and what was not."""
    moved, left = [], []
    for done in all_done:
        if done.moved:
            moved.append(done.move.id)
        else:
            left.append(_left(done.move.id, done.reason))
    return moved, left


def _left(id_: str, reason: str) -> dict[str, str]:
    return {"id": id_, "reason": reason}


def _known(
    groups: Iterable[Group], drops: Sequence[tuple[str, str]]
) -> tuple[list[Group], list[dict[str, str]]]:
    """The drops as groups of two, in their order, and those that no group of ours justifies."""
    of: dict[str, list[Group]] = {}
    for group in groups:
        for id_ in group.ids:
            of.setdefault(id_, []).append(group)
    found, left = [], []
    for id_, keep in drops:
        both = [group for group in of.get(id_, ()) if keep in group.ids and keep != id_]
        if both:
            found.append(Group(both[0].grade, (keep, id_), keep, both[0].pairs))
        else:
            left.append(_left(id_, f"it is not known as a near-duplicate of {keep}"))
    return found, left


def undo_drops(collection: Collection, log: str) -> dict[str, Any]:
    """Move the files of a log back, and return an UndoResultDocument. Raises UsageError if no drop
    has made this log."""
    folder = logs(collection)
    names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    if log not in names or not log.endswith(".log"):
        raise UsageError("there is no such log: send the `log` that a drop returned")
    returned, left = _sorted(apply.undo(folder / log))
    return {"returned": returned, "left": left}


def logs(collection: Collection) -> Path:
    """Where the logs of what was dropped through the server lie."""
    return collection.store / _FOLDER


def _log_name() -> str:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S-%f")
    return f"{now}-{secrets.token_hex(4)}.log"
