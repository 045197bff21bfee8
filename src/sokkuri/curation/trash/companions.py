"""Find the files that belong to photos: sidecars with edits, the video of a live photo, RAW files.

Takes the moves of a plan. Those that belong to its photos alone move with them. Others would stay
behind without their photo, such as RAW files and films: they are only named, because nobody can
tell whether a person still needs them.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from sokkuri.curation.assets import AssetFolder, is_companion
from sokkuri.curation.trash.plan import KeptImage, Move, MoveGrade
from sokkuri.curation.trash.safe_files import size_and_digest
from sokkuri.images.formats import ENDINGS, LARGEST_LIVE_FILM, LIVE_ENDING, RAW_ENDINGS

_FOLDERS_KEPT = 256  # listings, for moves of one folder

_ReadNames: TypeAlias = Callable[[Path], Sequence[str]]


def with_companions(moves: Sequence[Move]) -> list[Move]:
    """Return the moves, and after them the moves of the files that belong to their images alone.

    The move of such a file comes after the moves of all that it belongs to. Files that are links,
    that cannot be read, and films that are too large for a Live Photo are left out.
    """
    after: dict[int, list[Move]] = defaultdict(list)
    places = {(move.root, move.path) for move in moves}
    for (root, folder), numbers in _by_folder(moves).items():
        by_name = {PurePosixPath(moves[number].path).name: number for number in numbers}
        refused: set[str] = set()
        for name, owners in _belonging(Path(root, folder), by_name).items():
            path = (PurePosixPath(folder) / name).as_posix()
            if (root, path) in places or not refused.isdisjoint(owners):
                refused.add(name)
                continue
            last = max(by_name[owner] for owner in owners)
            move = _move_along(path, moves[last])
            if move is None:
                refused.add(name)
            else:
                by_name[name] = last
                after[last].append(move)
    return [one for number, move in enumerate(moves) for one in (move, *after[number])]


def owners_there(root: str, path: str) -> list[str]:
    """Return the names of the images and films that a companion belongs to and that are there.

    path : of the companion, relative to the root. Raises OSError if its folder cannot be listed.
    """
    place = Path(root, path)
    return sorted(AssetFolder(os.listdir(place.parent)).owners(place.name))  # noqa: PTH208


def find_companions(moves: Iterable[Move]) -> list[str]:
    """Return the paths of the companions that no photo is left for once these files are gone.

    A companion has the name of its photo, with another ending in the place of the photo's or behind
    it, in any capitals. The paths are as ids are, sorted. Files that the moves name, and
    those of folders that cannot be listed, are left out.
    """
    moves = list(moves)
    gone = {(move.root, move.path) for move in moves}
    names = lru_cache(maxsize=_FOLDERS_KEPT)(_read_names)
    found: set[str] = set()
    for (root, folder), numbers in _by_folder(moves).items():
        there = [
            name
            for name in names(Path(root, folder))
            if (root, (PurePosixPath(folder) / name).as_posix()) not in gone
        ]
        away = [PurePosixPath(moves[number].path).name for number in numbers]
        alone = set(AssetFolder([*there, *away]).belonging_to(away))
        for name in away:
            alone |= _left_alone(name, there)
        one = moves[numbers[0]]
        found |= {id_beside(one, (PurePosixPath(folder) / name).as_posix()) for name in alone}
    return sorted(found)


def _by_folder(moves: Iterable[Move]) -> dict[tuple[str, str], list[int]]:
    """Return the numbers of the moves by root and folder."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, move in enumerate(moves):
        found[move.root, PurePosixPath(move.path).parent.as_posix()].append(number)
    return found


def _belonging(folder: Path, gone: Iterable[str]) -> dict[str, frozenset[str]]:
    return AssetFolder(_read_names(folder)).belonging_to({*gone})


def _move_along(path: str, photo: Move) -> Move | None:
    """Return the move of a companion with its photo; None if the file must stay."""
    file = Path(photo.root, path)
    belongs_to = photo.belongs_to or photo.path
    try:
        status = file.lstat()
        is_film = file.suffix.lower() == LIVE_ENDING and status.st_size > LARGEST_LIVE_FILM
        if is_film or not stat.S_ISREG(status.st_mode):
            return None
        size, digest = size_and_digest(file)
    except OSError:
        return None
    grade: MoveGrade = "chosen" if photo.keep is None else "same"
    return Move(
        id_beside(photo, path), path, photo.root, size, digest, grade, photo.keep, belongs_to
    )


def id_beside(image: Move | KeptImage, path: str) -> str:
    """Return how to name a file in the root of an image: its path, behind the root's name if it has
    one."""
    name = image.id.removesuffix(image.path) if image.id.endswith(f"/{image.path}") else ""
    return f"{name}{path}"


def _left_alone(photo: str, there: Sequence[str]) -> set[str]:
    """Return what has a photo's name, if no photo of this name is there."""
    stems = {photo.lower(), _split(photo)[0]}
    of_name = [name for name in there if _split(name)[0] in stems]
    if any(_split(name)[1] in ENDINGS for name in of_name):
        return set()
    return {name for name in of_name if is_companion(name) or _split(name)[1] in RAW_ENDINGS}


def _split(name: str) -> tuple[str, str]:
    stem, ending = os.path.splitext(name.lower())  # noqa: PTH122 - as in scan.py
    return stem, ending


def _read_names(folder: Path) -> list[str]:
    with suppress(OSError):
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208
    return []
