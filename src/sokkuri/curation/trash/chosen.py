"""Make a trash plan from images that a person chose one by one. No copy of them needs to stay.

Takes ids and returns a TrashPlan, which is applied at once and never written to a file.
"""

import os
from collections.abc import Sequence

from sokkuri.core.errors import UsageError
from sokkuri.curation.trash.companions import with_companions
from sokkuri.curation.trash.log import utc_now
from sokkuri.curation.trash.make_plan import check_movable, place_at
from sokkuri.curation.trash.plan import Move, TrashPlan
from sokkuri.images.frame_names import parse_frame
from sokkuri.store.collection import CollectionStore
from sokkuri.store.selected_images import files_of_images


def plan_chosen(collection: CollectionStore, ids: Sequence[str]) -> TrashPlan:
    """Return the plan that moves the files of these images, and the files that belong to them.

    It leaves out images that are unknown, gone, or whose bytes were never read: nobody could tell
    later whether the file in the trash is theirs. Raises UsageError for images at an address, and
    for frames of films: the file of a frame is the whole film.
    """
    check_movable(collection.root)
    for id_ in ids:
        if (frame := parse_frame(id_)) is not None:
            raise UsageError(
                f"{id_} is a frame of {frame.film}, so nothing was moved: frames have no file of "
                "their own, and the whole film is never moved for one of them"
            )
    files = files_of_images(collection.catalog, ids)
    moves = []
    for id_ in dict.fromkeys(ids):
        if id_ in files:
            path, size, digest = files[id_]
            root, below = place_at(collection.root, path)
            moves.append(Move(id_, below, root, size, digest, "chosen", None))
    store = os.path.abspath(collection.store)  # noqa: PTH100 - keep links
    return TrashPlan(tuple(with_companions(moves)), utc_now(), store)
