"""Replace a file by a hard link to the file to keep, which has the same bytes; make a copy again.

At each moment the name of the file leads to the same bytes: what replaces the file is complete
before it gets the name.
"""

import os
import stat
from pathlib import Path

from sokkuri.core.atomic import sync_folder
from sokkuri.curation.trash.log import Way
from sokkuri.curation.trash.places import StaysError, resolve_place
from sokkuri.curation.trash.plan import Move
from sokkuri.curation.trash.safe_files import holds, write_copy


def plan_link(move: Move, place: Path, keep: Path) -> Way:
    """Return what must be known to undo the link. Raises StaysError if there can be none."""
    if move.digest != move.kept.digest:
        raise StaysError("its bytes differ from those of the file to keep")
    old, kept = place.lstat(), keep.lstat()
    if old.st_dev != kept.st_dev:
        raise StaysError("it and the file to keep are on two file systems")
    if (old.st_uid, old.st_gid) != (kept.st_uid, kept.st_gid):
        raise StaysError("it and the file to keep have different owners")
    return Way("link", mtime_ns=old.st_mtime_ns, mode=stat.S_IMODE(old.st_mode))


def link_to_kept(move: Move, place: Path, keep: Path) -> None:
    """Replace the file at `place` by a hard link. Raises OSError; then the file is unchanged."""
    before = _identity(place)
    link = _remove_link(move, place)
    os.link(keep, link, follow_symlinks=False)
    try:
        _check_both(move, place, link)
        if _identity(place) != before:
            raise OSError("it was changed")  # noqa: TRY301 - the link must be removed
        link.replace(place)
    except OSError:
        link.unlink(missing_ok=True)
        raise
    sync_folder(place.parent)


def _check_both(move: Move, place: Path, link: Path) -> None:
    """Raise OSError if what is replaced is not in the other file, just before it is replaced."""
    for file in (place, link):
        if not holds(file, move.size, move.digest):
            raise OSError("it or the file to keep was changed")


def is_linked(move: Move) -> bool:
    """Return whether a move's file and the file to keep are one file."""
    if move.keep is None:
        return False
    try:
        place = resolve_place(move.root, move.path)
        return not place.is_symlink() and place.samefile(
            resolve_place(move.keep.root, move.keep.path)
        )
    except (OSError, StaysError):
        return False


def separate(move: Move, way: Way) -> bool:
    """Make a file of its own again of a name that leads to the file to keep. Return whether it was
    one already. Raises StaysError and OSError; then nothing has changed."""
    place = resolve_place(move.root, move.path)
    copy = place.with_name(f".{move.digest.hex()}.separating")
    if not os.path.lexists(place):
        raise StaysError("it is not there any more")
    if place.is_symlink() or not holds(place, move.size, move.digest):
        raise StaysError("another file is at its place")
    _remove_link(move, place)
    copy.unlink(missing_ok=True)  # of a kill
    if place.lstat().st_nlink == 1:  # also if the file to keep is gone
        _restore_stat(place, way)
        return True
    if not (is_linked(move) or _is_kept_gone(move)):
        return True
    try:
        write_copy(place, copy)
        _restore_stat(copy, way)
        copy.replace(place)
    finally:
        copy.unlink(missing_ok=True)
    sync_folder(place.parent)
    return False


def _restore_stat(file: Path, way: Way) -> None:
    os.utime(file, ns=(file.stat().st_atime_ns, way.mtime_ns))
    file.chmod(way.mode)


def _is_kept_gone(move: Move) -> bool:
    """Return whether the file to keep is gone: then it may have another name."""
    return not os.path.lexists(Path(move.kept.root, move.kept.path))


def _remove_link(move: Move, place: Path) -> Path:
    """Return the temporary name of a link, which is free if what a kill left has the bytes of
    `place`."""
    link = place.with_name(f".{move.digest.hex()}.linking")
    if holds(link, move.size, move.digest):
        link.unlink()
    return link


def _identity(file: Path) -> tuple[int, ...]:
    status = file.lstat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
