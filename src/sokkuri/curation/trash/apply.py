"""Apply and undo a trash plan: move files away one by one, and bring them back.

A file moves only if, at that moment, it and the file to keep exist, are two files, and hold the
bytes that the plan was made for. Only what a person chose one by one has no file to keep. Nothing
is deleted, and no file replaces another. After a kill at any moment, the log (log.py) lets a second
run or an undo continue.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias

from sokkuri.core.errors import CollectionError
from sokkuri.core.named_roots import join_path, name_of_folder
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import FileStat
from sokkuri.curation.trash.companions import id_beside, owners_there
from sokkuri.curation.trash.folder import check_folder_for
from sokkuri.curation.trash.hard_links import separate
from sokkuri.curation.trash.log import MoveLog, MoveRecord
from sokkuri.curation.trash.merge import join, plan_merge, undo_merge, write_merge
from sokkuri.curation.trash.places import StaysError, regular_file, resolve_place
from sokkuri.curation.trash.plan import NOTHING_CARRIED, Carried, KeptImage, Move, TrashPlan
from sokkuri.curation.trash.safe_files import (
    holds,
    make_folder,
    remove_partial_copy,
    size_and_digest,
)
from sokkuri.curation.trash.store_logs import link_log
from sokkuri.curation.trash.system_trash import Trash, lock_trash, require_trash, same_name_key
from sokkuri.curation.trash.ways import (
    TRASH,
    Destination,
    bring_back,
    carry_out,
    choose_way,
    find_away,
    is_away,
    is_way_to,
    refusal,
    remove_second,
    where,
)
from sokkuri.store.catalog import Catalog
from sokkuri.store.recorded_root import read_root
from sokkuri.store.trash_marks import mark_restored, mark_trashed

MOVED_AWAY = 0
"""Value of the catalog's column `missing`. Other values are the run that found the file gone."""

_MARKS = 64  # images that one transaction marks

Moves: TypeAlias = Sequence[tuple[str, Move]]
"""Moves with the paths of their files as the catalog has them."""

_KeptFiles = Mapping[str, Sequence[Path]]
"""The files that a plan keeps, by `same_name_key`."""


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The outcome of a move.

    moved : it was moved now or earlier, by `apply_plan` to the trash or by `undo` back. reason :
    why it was not moved, or why nothing had to be done. is_merge : whether the file is a sidecar
    that was written, or is again as it was before.
    """

    move: Move
    moved: bool
    reason: str = ""
    is_merge: bool = False


def log_path(plan_file: Path) -> Path:
    """Return where the log of a plan's file is: `plan.json` has `plan.log`."""
    return plan_file.with_suffix(".log")


def apply_plan(plan: TrashPlan, log: Path, to: Destination = TRASH) -> Iterator[MoveResult]:
    """Move files to the trash, one after another. A file that cannot be moved stays.

    log : the file to create, or to continue after a kill; its moved files count as moved. to :
    where the files go instead of the trash. Hard links concern images only, not files that belong
    to them. Raises MissingExtraError and UsageError for a wrong folder at once, UsageError if `log`
    is another file, StorageError if it cannot be written or another process holds it.
    """
    if to.folder is not None:
        check_folder_for(plan, to.folder)
    elif not to.hardlink:
        require_trash()
    if to.hardlink:
        plan = replace(plan, moves=tuple(move for move in plan.moves if not move.belongs_to))
    return _apply(plan, log, to)


def undo(log: Path) -> Iterator[MoveResult]:
    """Bring back the files that the log moved, the newest first.

    Raises UsageError if `log` is no log of a plan, StorageError if it cannot be read or written or
    another process holds it. They are raised when the first result is asked for.
    """
    with MoveLog.open(log, new=False) as move_log, _CatalogMarks(mark_moves_back) as marks:
        trash = Trash()
        for record in reversed(move_log.records()):
            if record.state == "failed":
                continue
            result = _bring_back(move_log, trash, record)
            if result.moved and record.way.kind not in ("link", "merge"):
                marks.add(record.store, record.move)
            yield result


def mark_moves_missing(catalog: Catalog, moves: Moves) -> int:
    """Mark images whose files are gone, so that searches leave them out. Return how many."""
    with catalog.writing():
        return sum(
            mark_trashed(catalog, move.id, path, move.digest, MOVED_AWAY) for path, move in moves
        )


def mark_moves_back(catalog: Catalog, moves: Moves) -> int:
    """Mark images whose files are back, and return how many.

    Searches find those with an unchanged time stamp at once, the others after the next run.
    """
    with catalog.writing():
        return sum(_mark_back(catalog, path, move) for path, move in moves)


class _CatalogMarks:
    """Marks moved images in their catalogs, in batches.

    It skips a catalog that cannot be written: the next run of `index` marks the same images.
    """

    def __init__(self, mark: Callable[[Catalog, Moves], int]) -> None:
        self._mark = mark
        self._waiting: dict[str, list[Move]] = {}

    def add(self, store: str | None, move: Move) -> None:
        """Mark the image of a move with the next batch. A file that is no image has none."""
        if store is None or move.belongs_to:
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
                    root = read_root(Path(store), catalog)
                    named = ((name_of_folder(root, move.root), move) for move in moves)
                    own = [(join_path(of, move.path), move) for of, move in named if of is not None]
                    self._mark(catalog, own)
                finally:
                    catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()


def _apply(plan: TrashPlan, log: Path, to: Destination) -> Iterator[MoveResult]:
    with MoveLog.open(log, new=True) as move_log, _CatalogMarks(mark_moves_missing) as marks:
        if plan.store is not None and plan.moves:
            with suppress(OSError):  # without the link, `--undo` still works
                link_log(Path(plan.store), log)
        kept, trash = _kept_files(plan), Trash()
        carried: dict[KeptImage, list[Carried]] = defaultdict(list)
        for move in plan.moves:
            result = _earlier_result(move_log, trash, move, to)
            if result is None:
                result = _send(move_log, move, plan.store, kept, to)
            if result.moved and not to.hardlink:
                marks.add(plan.store, move)
            if result.moved and not to.hardlink and move.carried != NOTHING_CARRIED:
                carried[move.kept].append(move.carried)
            yield result
        for keep, parts in carried.items():
            merged = _merge(move_log, plan.store, keep, parts)
            if merged is not None:
                yield merged


def _earlier_result(log: MoveLog, trash: Trash, move: Move, to: Destination) -> MoveResult | None:
    """Return what an earlier run of the plan did with the file; None if it must be moved now. A
    file that went elsewhere stays there."""
    record = log.find(move)
    if record is None or record.state in ("failed", "returned"):
        return None
    remove_partial_copy(Path(record.place), move.size, move.digest)  # of a killed undo
    if is_away(record) and not is_way_to(to, record.way):
        return MoveResult(move, False, f"it is {where(record.way)} already: undo that first")
    if record.state == "moved" and is_away(record):
        return MoveResult(move, True, "it was moved before")
    away = find_away(trash, record)
    if not is_away(record):
        remove_second(record, away, Path(record.place))
        return None
    if away is None:
        return MoveResult(move, False, f"it is neither at its place nor {where(record.way)}")
    log.write_outcome(record, "moved")
    return MoveResult(move, True, "it was moved before")


def _send(
    log: MoveLog, move: Move, store: str | None, kept: _KeptFiles, to: Destination
) -> MoveResult:
    try:
        with lock_trash():  # for the checks too: two plans must not move each other's kept files
            place, keep = _check_move(move, kept)
            way = choose_way(to, move, place, keep)
            record = log.write_intent(move, place, store, way)
            return _send_checked(log, record, keep)
    except StaysError as stays:
        reason = str(stays)
    except OSError as error:
        reason = _one_line(error)
    log.write_refusal(move, reason)
    return MoveResult(move, False, reason)


def _send_checked(log: MoveLog, record: MoveRecord, keep: Path | None) -> MoveResult:
    reason = ""
    try:
        carry_out(record, keep)
    except OSError as error:
        reason = f"{refusal(record.way)}: {_one_line(error)}"
    if not is_away(record):
        log.write_outcome(record, "failed")
        return MoveResult(record.move, False, reason or "the trash did not take it")
    if reason and find_away(Trash(), record) is None:
        return MoveResult(record.move, False, reason)  # an undo may still find it
    log.write_outcome(record, "moved")
    return MoveResult(record.move, True)


def _merge(
    log: MoveLog, store: str | None, keep: KeptImage, carried: Sequence[Carried]
) -> MoveResult | None:
    """Write the sidecar of a kept file; None if there was nothing to write, ever."""
    try:
        with lock_trash():
            merge = plan_merge(keep, join(carried))
            if merge is None:
                return _earlier_merge(log, keep)
            record = log.write_intent(merge.move, merge.place, store, merge.way)
            write_merge(merge)
            log.write_outcome(record, "moved")
            return MoveResult(merge.move, True, is_merge=True)
    except StaysError as stays:
        reason = str(stays)
    except OSError as error:
        reason = _one_line(error)
    move = Move(
        id_beside(keep, keep.path), keep.path, keep.root, 0, keep.digest, "same", keep, keep.path
    )
    log.write_refusal(move, reason)
    return MoveResult(move, False, f"its sidecar is not written: {reason}", is_merge=True)


def _earlier_merge(log: MoveLog, keep: KeptImage) -> MoveResult | None:
    """Return what an earlier run wrote for a kept file, if that is still there."""
    for record in log.records():
        move = record.move
        is_merge = record.way.kind == "merge" and move.keep == keep and record.state != "returned"
        if is_merge and holds(Path(record.place), move.size, move.digest):
            if record.state != "moved":
                log.write_outcome(record, "moved")
            return MoveResult(move, True, "it was written before", is_merge=True)
    return None


def _check_move(move: Move, kept: _KeptFiles) -> tuple[Path, Path | None]:
    """Return the file to move and the file to keep, None if a person chose the move.

    Raises StaysError, which says why to leave the file, and OSError.
    """
    place = regular_file(move.root, move.path, "it")
    if move.belongs_to and (owners := owners_there(move.root, move.path)):
        raise StaysError(f"{owners[0]}, which it belongs to, stays")
    keep = None
    if move.keep is not None:
        name = f"the file to keep, {move.keep.path},"
        keep = regular_file(move.keep.root, move.keep.path, name)
        if place.samefile(keep):
            raise StaysError("it and the file to keep are the same file")
    # A file system that ignores case can spell one name in several ways.
    if any(file == place or file.samefile(place) for file in kept.get(same_name_key(place), ())):
        raise StaysError("the plan keeps it")
    if size_and_digest(place) != (move.size, move.digest):
        raise StaysError("it was changed after the plan was made")
    if keep and move.keep and size_and_digest(keep)[1] != move.keep.digest:
        raise StaysError(f"the file to keep, {move.keep.path}, was changed after the plan was made")
    return place, keep


def _kept_files(plan: TrashPlan) -> dict[str, list[Path]]:
    """Return the existing files that the plan keeps."""
    files = defaultdict(list)
    for root, path in {(move.keep.root, move.keep.path) for move in plan.moves if move.keep}:
        with suppress(OSError, StaysError):
            place = resolve_place(root, path)
            if place.exists():
                files[same_name_key(place)].append(place)
    return files


def _bring_back(log: MoveLog, trash: Trash, record: MoveRecord) -> MoveResult:
    move = record.move
    if record.state == "returned":
        is_merge = record.way.kind == "merge"
        return MoveResult(move, True, "it was brought back before", is_merge=is_merge)
    try:
        with lock_trash():
            was_there = _restore(trash, record)
    except StaysError as stays:
        return MoveResult(move, False, str(stays))
    except FileExistsError:
        return MoveResult(move, False, "another file is at its place")
    except OSError as error:
        return MoveResult(move, False, _one_line(error))
    log.write_outcome(record, "returned")
    text = "it is at its place" if was_there else ""
    return MoveResult(move, True, text, is_merge=record.way.kind == "merge")


def _restore(trash: Trash, record: MoveRecord) -> bool:
    """Put the file at its place; return whether it was there already.

    Raises StaysError and OSError.
    """
    move = record.move
    if record.way.kind == "link":
        return separate(move, record.way)
    if record.way.kind == "merge":
        was_written = record.state != "intent" or holds(Path(record.place), move.size, move.digest)
        return not was_written or undo_merge(move, record.way)
    place = resolve_place(move.root, move.path)
    away = find_away(trash, record)
    remove_partial_copy(place, move.size, move.digest)
    if os.path.lexists(place):
        if place.is_symlink() or size_and_digest(place) != (move.size, move.digest):
            raise StaysError("another file is at its place")
        remove_second(record, away, place)
        return True
    if away is None:
        raise StaysError(f"it is not {where(record.way)} any more")
    make_folder(place.parent)
    bring_back(record, away, place)
    return False


def _mark_back(catalog: Catalog, path: str, move: Move) -> int:
    try:
        stat = FileStat.of(Path(move.root, move.path).lstat())
    except OSError:
        return 0
    return mark_restored(catalog, move.id, path, move.digest, stat)


def _one_line(error: OSError) -> str:
    return " ".join((error.strerror or str(error)).split())
