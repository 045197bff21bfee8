"""Near-duplicates go to the trash: a plan first, then file after file, and back again.

A file is moved only if, just before, it and the one to keep are both there, two files, and hold the
very bytes that the plan was made for. Nothing is ever deleted, and nothing takes another file's
place. The log (journal.py) lets a second run or an undo go on from a kill at any moment.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sokkuri.core.errors import CollectionError, UsageError
from sokkuri.core.locations import Location
from sokkuri.curation.trash.log import Entry, Journal, now
from sokkuri.curation.trash.plan import Kept, Move, Plan
from sokkuri.curation.trash.system_trash import (
    Trash,
    contents_of,
    find_in_trash,
    from_trash,
    require_trash,
    sweep,
    tidy,
    to_trash,
    trash_to_ourselves,
)
from sokkuri.curation.types import Grade, Group
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CATALOG_NAME, CollectionStore, root_of
from sokkuri.store.database import as_text
from sokkuri.store.images import LIVE

MOVED_AWAY = 0
"""In the catalog's `missing`, where else the number of the run is that found a file gone."""

_MARKS = 64  # how many images one transaction marks


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a move: of `apply_plan` moved to the trash, of `undo` moved back, that is, at
    its place. `reason` : why not, or why there was nothing to do."""

    move: Move
    moved: bool
    reason: str = ""


class _StaysError(Exception):
    """A file is left where it is; the message says why."""


def plan(collection: CollectionStore, groups: Iterable[Group]) -> Plan:
    """Of each group all images but the one to keep. Images without a file are left out, and so are
    those that another group keeps. Raises UsageError for images at an address."""
    found = list(groups)
    named = {group.keep for group in found}
    root, moves = folder_of(collection), list[Move]()
    for group in found:
        kept = _facts(collection.catalog, group.keep)
        if kept is None:
            continue
        keep = Kept(group.keep, kept[0], root, kept[2])
        for id_ in group.ids:
            facts = None if id_ in named else _facts(collection.catalog, id_)
            if facts is not None:
                named.add(id_)
                moves.append(Move(id_, facts[0], root, *facts[1:], _grade(group, id_), keep))
    return Plan(tuple(moves), now(), os.path.abspath(collection.store))  # noqa: PTH100


def folder_of(collection: CollectionStore) -> str:
    """The folder of images, absolute. Raises UsageError where they are at an address."""
    if isinstance(collection.root, Path):
        return os.path.abspath(collection.root)  # noqa: PTH100 - the links a person gave stay
    raise UsageError(
        f"what lies at {collection.root} is only ever read: no plan can move it to the trash"
    )


def log_of(plan_file: Path) -> Path:
    """Where the log of a plan's file lies: `plan.json` has `plan.log`."""
    return plan_file.with_suffix(".log")


def apply_plan(plan: Plan, log: Path) -> Iterator[Done]:
    """Move files to the trash, one after another; what cannot be moved is left, with the reason.

    log : made, or continued after a kill: what it says was moved counts as moved. Raises
    MissingExtraError at once; UsageError when `log` is another file, StorageError when it cannot be
    written or another process has it.
    """
    require_trash()
    return _apply(plan, log)


def undo(log: Path) -> Iterator[Done]:
    """Bring back what the log says was moved, the newest first. Raises as `apply_plan` does."""
    with Journal.opened(log, new=False) as journal, _Marks(mark_back) as marks:
        trash = Trash()
        for entry in reversed(journal.entries()):
            if entry.state == "failed":
                continue
            done = _bring_back(journal, trash, entry)
            if done.moved:
                marks.add(entry.store, entry.move)
            yield done


def mark_missing(catalog: Catalog, moves: Sequence[Move]) -> int:
    """The files of these images are gone: searches no longer find them. Gives back how many."""
    with catalog.writing():
        return sum(
            catalog.run(
                "UPDATE images SET missing = ? WHERE id = CAST(? AS TEXT)"
                " AND path = CAST(? AS TEXT) AND digest = ? AND missing IS NULL",
                [MOVED_AWAY, as_text(move.id), as_text(move.path), move.digest],
            )
            for move in moves
        )


def mark_back(catalog: Catalog, moves: Sequence[Move]) -> int:
    """The files of these images are back: those with the time stamp that they had are found again,
    others by the next run. Gives back how many."""
    with catalog.writing():
        return sum(_mark_back(catalog, move) for move in moves)


class _Marks:
    """Marks in the catalogs, some at a time. A catalog that cannot be written is left alone: what
    has become of files is found by the next run of `index` too."""

    def __init__(self, mark: Callable[[Catalog, Sequence[Move]], int]) -> None:
        self._mark = mark
        self._waiting: dict[str, list[Move]] = {}

    def add(self, store: str | None, move: Move) -> None:
        if store is None:
            return
        waiting = self._waiting.setdefault(store, [])
        waiting.append(move)
        if len(waiting) >= _MARKS:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for store, moves in waiting.items():
            with suppress(CollectionError):
                catalog = Catalog.open(Path(store) / CATALOG_NAME)
                try:
                    root = root_of(Path(store), catalog)
                    self._mark(catalog, [move for move in moves if _same(root, move.root)])
                finally:
                    catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()


def _apply(plan: Plan, log: Path) -> Iterator[Done]:
    with Journal.opened(log, new=True) as journal, _Marks(mark_missing) as marks:
        kept, trash = _kept_places(plan), Trash()
        for move in plan.moves:
            done = _before(journal, trash, move) or _send(journal, move, plan.store, kept)
            if done.moved:
                marks.add(plan.store, move)
            yield done


def _before(journal: Journal, trash: Trash, move: Move) -> Done | None:
    """What an earlier run of the same plan has done with it, if its file is gone."""
    entry = journal.entry(move)
    if entry is None or entry.state in ("failed", "returned"):
        return None
    place = Path(entry.place)
    if entry.state == "moved" and not os.path.lexists(place):
        return Done(move, True, "it was moved before")
    found = trash.find(place, move.size, move.digest)
    if os.path.lexists(place):
        _tidy_same(found, place)
        return None
    if found is None:
        return Done(move, False, "it is neither at its place nor in the trash")
    journal.end(entry, "moved")
    return Done(move, True, "it was moved before")


def _send(journal: Journal, move: Move, store: str | None, kept: AbstractSet[Path]) -> Done:
    try:
        with trash_to_ourselves():  # for the looking too: two plans must not move each other's keep
            place = _checked(move, kept)
            entry = journal.intend(move, place, store)
            return _moved(journal, entry, place)
    except _StaysError as stays:
        reason = str(stays)
    except OSError as error:
        reason = _line(error)
    journal.refuse(move, reason)
    return Done(move, False, reason)


def _moved(journal: Journal, entry: Entry, place: Path) -> Done:
    reason = ""
    try:
        to_trash(place)
    except OSError as error:
        reason = f"the trash does not take it: {_line(error)}"
    if os.path.lexists(place):
        journal.end(entry, "failed")
        return Done(entry.move, False, reason or "the trash did not take it")
    if reason and find_in_trash(place, entry.move.size, entry.move.digest) is None:
        return Done(entry.move, False, reason)  # where it went, an undo may find out
    journal.end(entry, "moved")
    return Done(entry.move, True)


def _checked(move: Move, kept: AbstractSet[Path]) -> Path:
    """Where the file to move is. Raises _StaysError, which says why to leave it, and OSError."""
    place = _regular(move.root, move.path, "it")
    keep = _regular(move.keep.root, move.keep.path, f"the one to keep, {move.keep.path},")
    if place.samefile(keep):
        raise _StaysError("it and the one to keep are the same file")
    if place in kept:
        raise _StaysError("the plan keeps it")
    if contents_of(place) != (move.size, move.digest):
        raise _StaysError("it was changed since the plan was made")
    if contents_of(keep)[1] != move.keep.digest:
        raise _StaysError(f"the one to keep, {move.keep.path}, was changed since the plan was made")
    return place


def _regular(root: str, path: str, name: str) -> Path:
    """Where a regular file is, links to folders resolved. Raises _StaysError."""
    try:
        place = _place(root, path)
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise _StaysError(f"{name} is not there any more") from None
    if stat.S_ISLNK(mode):
        raise _StaysError(f"{name} is a link")
    if not stat.S_ISREG(mode):
        raise _StaysError(f"{name} is not a regular file")
    return place


def _place(root: str, path: str) -> Path:
    """Raises _StaysError where its folder is not below the root, or there is no root."""
    where = Path(root, path)
    if not Path(root).is_dir():
        raise _StaysError(f"there is no folder {root}")
    folder = Path(os.path.realpath(where.parent))  # Path.resolve raises at a link to itself
    if not folder.is_relative_to(os.path.realpath(root)):
        raise _StaysError(f"a link leads from {path} out of {root}")
    return folder / where.name


def _kept_places(plan: Plan) -> set[Path]:
    places = set()
    for root, path in {(move.keep.root, move.keep.path) for move in plan.moves}:
        with suppress(OSError, _StaysError):
            places.add(_place(root, path))
    return places


def _bring_back(journal: Journal, trash: Trash, entry: Entry) -> Done:
    move = entry.move
    if entry.state == "returned":
        return Done(move, True, "it was brought back before")
    try:
        with trash_to_ourselves():
            there = _returned(trash, entry)
    except _StaysError as stays:
        return Done(move, False, str(stays))
    except FileExistsError:
        return Done(move, False, "another file is at its place")
    except OSError as error:
        return Done(move, False, _line(error))
    journal.end(entry, "returned")
    return Done(move, True, "it is at its place" if there else "")


def _returned(trash: Trash, entry: Entry) -> bool:
    """Put the file at its place; whether it was there already. Raises _StaysError and OSError."""
    move = entry.move
    place = _place(move.root, move.path)
    found = trash.find(Path(entry.place), move.size, move.digest)
    sweep(place, move.size, move.digest)
    if os.path.lexists(place):
        if place.is_symlink() or contents_of(place) != (move.size, move.digest):
            raise _StaysError("another file is at its place")
        _tidy_same(found, place)
        return True
    if found is None:
        raise _StaysError("it is not in the trash any more")
    place.parent.mkdir(parents=True, exist_ok=True)
    from_trash(found, place)
    return False


def _tidy_same(found: Path | None, place: Path) -> None:
    """A kill in an undo can leave a file both names: its place, and that in the trash."""
    with suppress(OSError):
        if found is not None and found.samefile(place):
            tidy(found)


def _mark_back(catalog: Catalog, move: Move) -> int:
    try:
        found = Path(move.root, move.path).lstat()
    except OSError:
        return 0
    return catalog.run(
        "UPDATE images SET missing = NULL WHERE id = CAST(? AS TEXT) AND path = CAST(? AS TEXT)"
        " AND digest = ? AND size = ? AND mtime_ns = ?"
        " AND missing IS NOT NULL AND todo = 0 AND shard IS NOT NULL",
        [
            as_text(move.id), as_text(move.path), move.digest, found.st_size, found.st_mtime_ns,
        ],
    )  # fmt: skip


def _facts(catalog: Catalog, id_: str) -> tuple[str, int, bytes] | None:
    """Path, size and digest of a live image that has a file."""
    row: tuple[str, int, bytes] | None = catalog.one(
        f"SELECT path, size, digest FROM images WHERE id = CAST(? AS TEXT) AND {LIVE}"  # noqa: S608
        " AND digest IS NOT NULL",
        [as_text(id_)],
    )
    return row


def _grade(group: Group, id_: str) -> Grade:
    """Of this image with the one to keep, where that is known; else the group's."""
    two = {group.keep, id_}
    return next((pair.grade for pair in group.pairs if {pair.a, pair.b} == two), group.grade)


def _same(root: Location, other: str) -> bool:
    with suppress(OSError):
        return isinstance(root, Path) and root.samefile(other)
    return False


def _line(error: OSError) -> str:
    return " ".join((error.strerror or str(error)).split())
