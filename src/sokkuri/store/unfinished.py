"""Marks that tell which files of shards sokkuri may delete if the catalog does not know them.

A shard is marked before its files are written, and before the catalog forgets it. So what a crash
leaves has a mark, and a file that a person put there has none. A mark is a hidden file beside the
features file; it holds the number by which the file system knows that file. A lost mark costs disk
space only. Everything here raises OSError.
"""

import os
from collections.abc import Iterable
from pathlib import Path

_ENDING = ".unfinished"
_UNKNOWN = "unknown"


def claim_place(features: Path, ids: Path) -> None:
    """Make and mark an empty features file for a new shard.

    Files of others that are in its place are moved aside.
    """
    if (features.exists() or ids.exists()) and not is_unfinished(features):
        move_aside((features, ids))
    features.open("wb").close()
    mark_unfinished(features)


def mark_unfinished(features: Path) -> None:
    """Mark the shard of a features file. Do nothing if the file does not exist."""
    stat = _stat_of(features)
    if stat is not None:
        _mark_of(features).write_text(str(stat.st_ino), encoding="ascii")


def is_unfinished(features: Path) -> bool:
    """Return whether the files of a shard are what an unfinished write or deletion left.

    A file that replaced the marked one does not count.
    """
    try:
        inode = _mark_of(features).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        inode = ""
    stat = _stat_of(features)
    if stat is None:
        return bool(inode)
    return inode == str(stat.st_ino) or stat.st_size == 0  # a crash may come before the mark


def marked_files(folder: Path) -> list[Path]:
    """Return the features files of all marked shards. Some may be gone."""
    marks = folder.glob(f".*{_ENDING}")
    return [mark.with_name(mark.name[1:].removesuffix(_ENDING)) for mark in marks]


def remove_mark(features: Path) -> None:
    """Remove the mark of a shard, if there is one."""
    _mark_of(features).unlink(missing_ok=True)


def move_aside(files: Iterable[Path]) -> Path:
    """Move files to a new folder in the folder `unknown` beside them. Return the new folder."""
    existing = [file for file in files if file.exists()]
    parent = existing[0].with_name(_UNKNOWN)
    parent.mkdir(exist_ok=True)
    number = 1
    while (aside := parent / str(number)).exists():
        number += 1
    aside.mkdir()
    for file in existing:
        file.rename(aside / file.name)
    return aside


def _stat_of(path: Path) -> os.stat_result | None:
    """Return the stat of a file, None if another process deleted it."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _mark_of(features: Path) -> Path:
    return features.with_name(f".{features.name}{_ENDING}")
