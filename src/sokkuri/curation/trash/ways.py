"""The ways in which a plan removes a copy: to the trash, into a folder, or by a hard link.

Each function does for all ways what apply.py needs at one step of a move or of its undo.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sokkuri.curation.trash.folder import (
    find_at_target,
    move_to_target,
    remove_from_target,
    target_in,
)
from sokkuri.curation.trash.hard_links import is_linked, link_to_kept, plan_link
from sokkuri.curation.trash.log import TO_TRASH, MoveRecord, Way
from sokkuri.curation.trash.places import StaysError
from sokkuri.curation.trash.plan import Move
from sokkuri.curation.trash.safe_files import put_at
from sokkuri.curation.trash.system_trash import (
    Trash,
    remove_from_trash,
    restore_from_trash,
    send_to_trash,
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a plan's files go: to the trash, or into a folder, or they become hard links."""

    folder: Path | None = None
    hardlink: bool = False


TRASH = Destination()


def choose_way(to: Destination, move: Move, place: Path, keep: Path | None) -> Way:
    """Return how to move a file. keep : the file to keep, None for a move that a person chose.

    Raises StaysError if it cannot go there, and OSError.
    """
    if to.hardlink:
        if keep is None:
            raise StaysError("there is no file to keep that it could be linked to")
        return plan_link(move, place, keep)
    if to.folder is not None:
        return Way("folder", str(target_in(to.folder, move)))
    return TO_TRASH


def is_way_to(to: Destination, way: Way) -> bool:
    """Return whether a file that was moved in a way is where it should go now."""
    if to.folder is not None and way.kind == "folder":
        return Path(way.target).is_relative_to(os.path.realpath(to.folder))
    return way.kind == ("link" if to.hardlink else "trash") and to.folder is None


def carry_out(record: MoveRecord, keep: Path | None) -> None:
    """Do what the record says. keep : the file to keep, if there is one. Raises OSError."""
    place = Path(record.place)
    if record.way.kind == "link":
        assert keep is not None, "see choose_way"
        link_to_kept(record.move, place, keep)
    elif record.way.kind == "folder":
        move_to_target(record.move, place, Path(record.way.target))
    else:
        send_to_trash(place)


def is_away(record: MoveRecord) -> bool:
    """Return whether the file is no longer at its place, or is a link to the file to keep."""
    if record.way.kind == "link":
        return is_linked(record.move)
    return not os.path.lexists(record.place)


def find_away(trash: Trash, record: MoveRecord) -> Path | None:
    """Return where the moved file is now, None if it is gone."""
    move = record.move
    if record.way.kind == "trash":
        return trash.find(Path(record.place), move.size, move.digest)
    if record.way.kind == "folder":
        return find_at_target(move, Path(record.way.target))
    return Path(record.place) if is_away(record) else None


def remove_second(record: MoveRecord, away: Path | None, place: Path) -> None:
    """Remove the second name or copy of a file that is at its place, too. A kill can leave it."""
    with suppress(OSError):
        if away is None:
            return
        if record.way.kind == "folder":
            remove_from_target(record.move, place, away)
        elif record.way.kind == "trash" and away.samefile(place):
            remove_from_trash(away)


def bring_back(record: MoveRecord, away: Path, place: Path) -> None:
    """Put a file back at its place, which must be free. Raises FileExistsError and OSError."""
    if record.way.kind == "folder":
        put_at(away, place)
        remove_from_target(record.move, place, away)
    else:
        restore_from_trash(away, place)


def refusal(way: Way) -> str:
    """Return the beginning of the reason why a file was not moved."""
    return {
        "trash": "the trash does not take it",
        "folder": f"it cannot be moved to {way.target}",
        "link": "it cannot become a hard link",
        "merge": "it cannot be written",
    }[way.kind]


def where(way: Way) -> str:
    """Return in words where a moved file should be."""
    if way.kind == "link":
        return "there as a hard link to the file to keep"
    return "in the trash" if way.kind == "trash" else f"at {way.target}"
