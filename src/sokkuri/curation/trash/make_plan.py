"""Make a trash plan from groups of near-duplicates.

Takes groups and returns a TrashPlan: it moves every image of a group except the image to keep.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location
from sokkuri.curation.trash.log import utc_now
from sokkuri.curation.trash.plan import KeptImage, Move, TrashPlan
from sokkuri.curation.types import Group
from sokkuri.store.collection import CollectionStore


def make_trash_plan(
    collection: CollectionStore, groups: Iterable[Group], *, lasting: bool = True
) -> TrashPlan:
    """Return the plan that moves all images of each group to the trash except the image to keep.

    It leaves out images without a file, and images that another group keeps. collection : the
    collection of the moved images. lasting : whether its store still exists when the plan is
    applied. Raises UsageError for images at an address.
    """
    groups = list(groups)
    named = {(group.images[0].root, group.images[0].id) for group in groups}
    moves: list[Move] = []
    for group in groups:
        kept = group.images[0]
        if kept.digest is None:
            continue
        keep = KeptImage(kept.id, kept.path, folder_at(kept.root), kept.digest)
        for image in group.images[1:]:
            if image.digest is None or (image.root, image.id) in named:
                continue
            named.add((image.root, image.id))
            root, grade = folder_at(image.root), group.grade_of(image)
            moves.append(Move(image.id, image.path, root, image.size, image.digest, grade, keep))
    store = os.path.abspath(collection.store) if lasting else None  # noqa: PTH100 - keep links
    return TrashPlan(tuple(moves), utc_now(), store)


def folder_at(root: Location) -> str:
    """Return the folder of images, absolute. Raises UsageError if they are at an address."""
    if isinstance(root, Path):
        return os.path.abspath(root)  # noqa: PTH100 - keep the links that a person gave
    raise UsageError(
        f"the images at {root} cannot be moved: a plan moves only files on this machine"
    )
