"""Move a file into another folder instead of the trash: without replacing, and durably.

On one file system the file gets its second name before it loses the first one. Across file systems
it is copied, made durable and checked before it is removed from its place.
"""

import os
from contextlib import suppress
from pathlib import Path

from sokkuri.core.atomic import sync_folder
from sokkuri.core.errors import UsageError
from sokkuri.core.paths import is_path_below
from sokkuri.curation.trash.companions import id_beside
from sokkuri.curation.trash.places import StaysError, resolve_place
from sokkuri.curation.trash.plan import Move, TrashPlan
from sokkuri.curation.trash.safe_files import holds, make_folder, put_at, remove_partial_copy


def check_folder_for(plan: TrashPlan, folder: Path) -> None:
    """Raise UsageError if a plan's files must not go to a folder: where they would be found again,
    or what is no folder."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    real = Path(os.path.realpath(folder))
    kept = {move.keep.root for move in plan.moves if move.keep}
    for root in sorted({move.root for move in plan.moves} | kept):
        if real.is_relative_to(os.path.realpath(root)):
            raise UsageError(
                f"{folder} is in the folder of images {root}, where its files would be found "
                "again: name a folder outside"
            )


def target_in(folder: Path, move: Move) -> Path:
    """Return the free place in a folder for a move's file, with links resolved. Make its folder.

    Raises StaysError and OSError.
    """
    make_folder(folder)
    path = id_beside(move, move.path)  # files of two roots may have one path
    target = resolve_place(str(folder), path if is_path_below(path) else move.path)
    if target.is_relative_to(os.path.realpath(move.root)):
        raise StaysError(f"{target} is in {move.root}")
    if os.path.lexists(target):
        raise StaysError(f"{target} exists already")
    make_folder(target.parent)
    return target


def move_to_target(move: Move, place: Path, target: Path) -> None:
    """Move a file to a free place. Raises OSError; then it is still at its place alone."""
    try:
        put_at(place, target)
        _check_copy(move, place, target)
        place.unlink()
    except FileExistsError:
        raise  # another program's file
    except OSError:
        if os.path.lexists(place):
            target.unlink(missing_ok=True)
        raise
    sync_folder(place.parent)


def _check_copy(move: Move, place: Path, target: Path) -> None:
    """Raise OSError if a copy, or what was copied, is not the file of the move."""
    if not target.samefile(place):
        for file in (target, place):
            if not holds(file, move.size, move.digest):
                raise OSError("it changed while it was copied")


def find_at_target(move: Move, target: Path) -> Path | None:
    """Return a target if the file of a move is there, whole."""
    remove_partial_copy(target, move.size, move.digest)
    return target if holds(target, move.size, move.digest) else None


def remove_from_target(move: Move, place: Path, target: Path) -> None:
    """Remove a file from a target if it is whole at its place. If a link to the folder, or a mount,
    has taken the place of the root, both may be one name of one file: then the file stays."""
    if holds(place, move.size, move.digest) and not place.parent.samefile(target.parent):
        with suppress(FileNotFoundError):
            target.unlink()
