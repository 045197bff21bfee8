"""Files in the folder of shards that the catalog does not know: delete them or keep them.

Takes a ShardFolder; the caller holds the catalog's write lock. The functions raise StorageError.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from sokkuri.core.atomic import unless_open
from sokkuri.store.shards import ShardFolder, storing
from sokkuri.store.unfinished import is_unfinished, marked_files, move_aside, remove_mark

_DAMAGED = "damaged"


def delete_unfinished(shards: ShardFolder, known: Collection[int], lost: Collection[int]) -> None:
    """Delete what unfinished writes and deletions left, and the marks of finished writes.

    known : the shards of the catalog. lost : the shards that a repair gave up, which stay.
    """
    marked = {number_of(path) for path in marked_files(shards.folder)}
    for shard in sorted((marked | {*shards.list_shards()}) - {*lost}):
        path = shards.features_path(shard)
        with storing(path):
            if shard in known or not is_unfinished(path):
                remove_mark(path)
            else:
                shards.delete(shard)


def make_room(shards: ShardFolder, shard: int) -> list[str]:
    """Move files of others aside from the place of a new shard; return a line about it."""
    path = shards.features_path(shard)
    if not path.exists():
        return []
    with storing(path):
        aside = move_aside((path, shards.ids_path(shard)))
    line = (
        f"{path} is not of this collection, and a new shard needs its place: it is in {aside} now; "
        f"`sokkuri import {aside}` takes its vectors"
    )
    return [line]


def set_aside(shards: ShardFolder, shard: int) -> None:
    """Move the files of a damaged shard to the folder `damaged`. Earlier files there stay.

    Where a system does not rename files that are open, they stay until the next `recover`.
    """
    aside = shards.folder / _DAMAGED
    with storing(aside), unless_open():
        files = [
            file for file in (shards.features_path(shard), shards.ids_path(shard)) if file.exists()
        ]
        if files:
            aside.mkdir(exist_ok=True)
        for file, place in zip(files, _free_places(aside, files), strict=True):
            file.rename(place)
        remove_mark(shards.features_path(shard))


def _free_places(aside: Path, files: Sequence[Path]) -> list[Path]:
    """Return a place in `aside` for each file, where no file is: numbered from the second on.

    A number stands behind the number of the shard, such as `0003.2.features.npy`.
    """
    places = [aside / file.name for file in files]
    number = 1
    while any(place.exists() for place in places):
        number += 1
        names = [file.name.partition(".") for file in files]
        places = [aside / f"{shard}.{number}.{rest}" for shard, _, rest in names]
    return places


def delete_set_aside(shards: ShardFolder, except_for: Collection[int]) -> None:
    """Delete the files of damaged shards, except for those with these numbers."""
    aside = shards.folder / _DAMAGED
    with storing(aside):
        for path in aside.glob("*.npy"):
            if number_of(path) not in except_for:
                with unless_open():
                    path.unlink()
        if aside.is_dir() and not any(aside.iterdir()):
            aside.rmdir()


def delete_partial_files(shards: ShardFolder) -> None:
    """Delete the unfinished copies that a crash left while it replaced files."""
    for path in shards.folder.glob(".*.new"):
        with storing(path):
            path.unlink(missing_ok=True)


def number_of(path: Path) -> int:
    """Return the number of the shard that a file belongs to."""
    return int(path.name.partition(".")[0])
