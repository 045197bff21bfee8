"""Find the files that belong to photos: sidecars with edits, the video of a live photo, RAW files.

Takes the moves of a plan; returns the files that would stay behind without their photo. They are
only named: nobody can tell whether a person still needs them.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from sokkuri.curation.trash.plan import Move
from sokkuri.images.formats import ENDINGS, kind_left_aside

_SIDECARS = frozenset(
    [".aae", ".dop", ".json", ".m4a", ".on1", ".pp3", ".thm", ".vrd", ".wav", ".xmp"]
)
_FOLDERS_KEPT = 256  # listings, for moves of one folder


def find_companions(moves: Iterable[Move]) -> list[str]:
    """Return the paths of the companions that no photo is left for once these files are gone.

    A companion has the name of its photo, with another ending in the place of the photo's or behind
    it, in any capitals. The paths are relative to the root, sorted. Files of folders that cannot be
    listed are left out.
    """
    moves = list(moves)
    gone = {move.path for move in moves}
    names = lru_cache(maxsize=_FOLDERS_KEPT)(_read_names)
    found: set[str] = set()
    for move in moves:
        path = PurePosixPath(move.path)
        there = [
            name
            for name in names(Path(move.root, path.parent))
            if (path.parent / name).as_posix() not in gone
        ]
        stems = {path.name.lower(), path.stem.lower()}
        if any(_ending(name) in ENDINGS and _stem(name) in stems for name in there):
            continue  # another photo of this name stays
        found.update(_companions(path, stems, there))
    return sorted(found)


def _companions(path: PurePosixPath, stems: set[str], names: list[str]) -> Iterator[str]:
    for name in names:
        ending = _ending(name)
        is_companion = ending in _SIDECARS or kind_left_aside(ending) is not None
        if is_companion and _stem(name) in stems:
            yield (path.parent / name).as_posix()


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - as in scan.py


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()  # noqa: PTH122 - as in scan.py


def _read_names(folder: Path) -> list[str]:
    with suppress(OSError):
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208
    return []
