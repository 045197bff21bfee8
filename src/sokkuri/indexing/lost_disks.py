"""Notice disks below the folder of images that are not mounted any more.

A collection remembers where other disks were mounted below its folder. If one is not mounted in a
later run, and most of its images are not there, its images are not gone: they are left as they
were, and the run goes on with all others.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sokkuri.core.errors import RemovalsError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, Roots
from sokkuri.images.mounts import mounts_below
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.removals import is_suspicious
from sokkuri.store.catalog import Catalog
from sokkuri.store.listing import count_live_below, count_losses, unseen_below

_MOUNTS = "mounts"


@dataclass(frozen=True, slots=True)
class Disks:
    """The disks below the folder of images, as paths relative to it, or its named roots.

    mounted : those that are mounted now. lost : those that were, with the number of their images
    that are not there.
    """

    mounted: frozenset[str] = frozenset()
    lost: Mapping[str, int] = field(default_factory=dict)

    def notes(self, root: Root) -> list[str]:
        """Return a line for each lost disk. The listing has named the roots that are not there."""
        missing = root.missing() if isinstance(root, Roots) else ()
        lost = sorted(self.lost.items())
        return [_note(root, folder, count) for folder, count in lost if folder not in missing]


def find_disks(catalog: Catalog, root: Root, settings: SyncOptions) -> Disks | None:
    """Compare the disks that are mounted with those of earlier runs. The listing must be complete.

    None if no folder is walked. No disk is lost for a run that accepts removals, and no disk whose
    images are at another place by now. settings : from `with_saved_settings`.
    """
    if isinstance(root, Address) or settings.names is not None:
        return None
    mounted = mounts_below(root)
    lost = {}
    if not settings.accept_removals:
        for folder in saved_disks(catalog) - mounted:
            missing = count_losses(catalog, unseen_below(catalog, folder)).lost
            if is_suspicious(count_live_below(catalog, folder), missing):
                lost[folder] = missing
    return Disks(mounted, lost)


def record_disks(catalog: Catalog, disks: Disks | None) -> None:
    """Remember the disks for later runs, inside a transaction of the caller."""
    if disks is None:
        return
    folders = {*disks.mounted, *disks.lost}
    if folders != saved_disks(catalog):
        catalog.set_meta(_MOUNTS, json.dumps(sorted(folders)))


def saved_disks(catalog: Catalog) -> frozenset[str]:
    """Return where disks were mounted below the folder of images in the last run."""
    return frozenset(map(str, json.loads(catalog.meta(_MOUNTS) or "[]")))


def unmounted_disks(catalog: Catalog, root: Root) -> frozenset[str]:
    """Return where disks were mounted in the last run, and are not now."""
    saved = saved_disks(catalog)
    is_here = bool(saved) and not isinstance(root, Address)
    return saved - mounts_below(root) if is_here else frozenset()


def check_disks(catalog: Catalog, root: Root, options: SyncOptions) -> None:
    """Raise RemovalsError if a disk with images is not mounted and the options do not accept that.

    For a run that must read all images.
    """
    if options.accept_removals:
        return
    missing = root.missing() if isinstance(root, Roots) else ()
    for folder in sorted({*unmounted_disks(catalog, root), *missing}):
        if count := count_live_below(catalog, folder):
            raise RemovalsError(
                f"{root / folder}, with {count:,} images, {_state(folder, missing)}, so "
                "nothing was changed: mount it; if the images are there without it, run `sokkuri "
                "index` first; if they are to leave the collection, add --accept-removals"
            )


def _state(folder: str, missing: Collection[str]) -> str:
    return "is not there" if folder in missing else "was another disk and is not mounted"


def _note(root: Root, folder: str, count: int) -> str:
    images = f"{count:,} image" + "s" * (count != 1)
    return (
        f"{root / folder} was another disk and is not mounted: {images} that were there stay in "
        "the collection; if they are to leave, add --accept-removals"
    )
