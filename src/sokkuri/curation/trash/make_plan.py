"""Make a trash plan from groups of near-duplicates.

Takes groups and returns a TrashPlan: it moves every image of a group except the image to keep. Time
may pass between the search and the plan, so the plan looks every image up again, in the catalog and
on the disk.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, join_path, name_of_folder, split_path
from sokkuri.core.types import NOTHING_KNOWN
from sokkuri.curation.trash.companions import with_companions
from sokkuri.curation.trash.log import utc_now
from sokkuri.curation.trash.merge import carried_from
from sokkuri.curation.trash.plan import KeptImage, Move, TrashPlan
from sokkuri.curation.types import DuplicateImage, Group
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import find_labels
from sokkuri.store.live_rows import live_digests
from sokkuri.store.photos import find_photo

_ImageKey: TypeAlias = tuple[Root, str]
"""The root and the id of an image."""


@dataclass(frozen=True, slots=True)
class _PlannedFile:
    """An image as it is now, and its file.

    inode : device and number of the file that its path leads to; hard links and symbolic links to
    one file share it. is_link : whether the path is a symbolic link.
    """

    image: DuplicateImage
    inode: tuple[int, int]
    is_link: bool


@dataclass(frozen=True, slots=True)
class _PlannedGroup:
    """A group, the file to keep, and the other files that are still there."""

    group: Group
    kept: _PlannedFile
    others: tuple[_PlannedFile, ...]


def make_trash_plan(
    collection: CollectionStore,
    groups: Iterable[Group],
    *,
    archive: CollectionStore | None = None,
    lasting: bool = True,
    stacks: bool = True,
    merge: bool = False,
) -> TrashPlan:
    """Return the plan that moves all images of each group to the trash except the image to keep.

    The files that belong to a moved image alone move after it.

    It leaves out images that are no longer live, whose files have other bytes by now or are gone,
    that another group keeps, that are links to a file, and that were not looked at closely beside
    the image to keep. collection : the collection of the moved images. groups : bursts among them
    are left out, because their pictures are no copies. archive : the collection of the images to
    keep, if it is another one. lasting : whether
    the store of `collection` still exists when the plan is applied. stacks : whether files that
    belong to an image move with it. merge : whether the image to keep gets rating, keywords and
    labels of the moved ones. Raises UsageError for images at an address.
    """
    groups = [group for group in groups if group.grade != "burst"]
    for image in (image for group in groups for image in group.images):
        check_movable(image.root)
    current = _current_images(collection, archive, groups)
    planned = [found for group in groups if (found := _plan_group(group, current)) is not None]
    kept_inodes = {found.kept.inode for found in planned}
    # A group whose file to keep is gone still names an image that must stay.
    named = {_key(image) for group in groups for image in group.images[:1]}
    named |= {_key(found.kept.image) for found in planned}
    moves: list[Move] = []
    for found in planned:
        for other in found.others:
            key = _key(other.image)
            if key not in named and other.inode not in kept_inodes:
                named.add(key)
                moves.append(_make_move(found, other.image))
    if merge:
        moves = _with_carried(moves, collection, archive or collection)
    store = os.path.abspath(collection.store) if lasting else None  # noqa: PTH100 - keep links
    return TrashPlan(tuple(with_companions(moves) if stacks else moves), utc_now(), store)


def _with_carried(
    moves: Sequence[Move], collection: CollectionStore, archive: CollectionStore
) -> list[Move]:
    """Return the moves with what the catalog knows of their images. A label that the image to keep
    has wins."""
    labels = find_labels(collection.catalog, [move.id for move in moves])
    labelled = find_labels(archive.catalog, [move.kept.id for move in moves])
    found = []
    for move in moves:
        path = join_path(name_of_folder(collection.root, move.root) or "", move.path)
        photo = find_photo(collection.catalog, path, move.digest) or NOTHING_KNOWN
        label = "" if move.kept.id in labelled else labels.get(move.id, "")
        found.append(replace(move, carried=carried_from(photo, label)))
    return found


def check_movable(root: Root) -> None:
    """Raise UsageError if the images are at an address."""
    if isinstance(root, Address):
        raise UsageError(
            f"the images at {root} cannot be moved: a plan moves only files on this machine"
        )


def place_at(root: Root, path: str) -> tuple[str, str]:
    """Return the folder of images that a file is in, absolute, and its path below that folder.

    path : as in the catalog. Raises UsageError if the images are at an address.
    """
    check_movable(root)
    folder, below = split_path(root, path)
    return os.path.abspath(str(folder)), below  # noqa: PTH100 - keep the links that a person gave


def _key(image: DuplicateImage) -> _ImageKey:
    return image.root, image.id


def _current_images(
    collection: CollectionStore, archive: CollectionStore | None, groups: Sequence[Group]
) -> dict[_ImageKey, DuplicateImage]:
    """Return the images that are still live and have the bytes that were compared, as they are now.

    An image of a collection that was not given counts as its group states it.
    """
    images = {_key(image): image for group in groups for image in group.images if image.digest}
    for store in filter(None, (collection, archive)):
        own = [key for key in images if key[0] == store.root]
        live = live_digests(store.catalog, [id_ for _, id_ in own])
        for key in own:
            path, size, digest = live.get(key[1], ("", 0, None))
            if digest == images[key].digest:
                images[key] = replace(images[key], path=path, size=size)
            else:
                del images[key]
    return images


def _plan_group(group: Group, current: dict[_ImageKey, DuplicateImage]) -> _PlannedGroup | None:
    """Return what the plan keeps and may move of a group; None if the image to keep is gone."""
    found = [_find_file(current[_key(image)]) for image in group.images if _key(image) in current]
    files = [file for file in found if file is not None]
    if not files or _key(files[0].image) != _key(group.images[0]):
        return None
    kept = _file_to_keep(files)
    if kept is None:
        return None
    linked = {file.inode for file in files if file.is_link}
    others = (
        file for file in files
        if not file.is_link and file.inode not in linked and not group.is_open(file.image)
    )  # fmt: skip
    return _PlannedGroup(group, kept, tuple(others))


def _file_to_keep(files: Sequence[_PlannedFile]) -> _PlannedFile | None:
    """Return the first file, or a file with its bytes if the first one is a symbolic link.

    The target of the link comes first. None if there is only the link.
    """
    first = files[0]
    if not first.is_link:
        return first
    equal = [file for file in files if not file.is_link and file.image.digest == first.image.digest]
    return min(equal, key=lambda file: file.inode != first.inode, default=None)


def _find_file(image: DuplicateImage) -> _PlannedFile | None:
    """Return the file of an image; None if it is gone."""
    place = Path(*place_at(image.root, image.path))
    try:
        found, target = place.lstat(), place.stat()
    except OSError:
        return None
    return _PlannedFile(image, (target.st_dev, target.st_ino), stat.S_ISLNK(found.st_mode))


def _make_move(found: _PlannedGroup, image: DuplicateImage) -> Move:
    kept = found.kept.image
    assert image.digest is not None
    assert kept.digest is not None
    root, path = place_at(kept.root, kept.path)
    keep = KeptImage(kept.id, path, root, kept.digest)
    grade = found.group.grade_of(image)
    root, path = place_at(image.root, image.path)
    return Move(image.id, path, root, image.size, image.digest, grade, keep)
