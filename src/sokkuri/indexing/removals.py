"""Stop a run that would empty a collection by accident.

Takes how many live images a run would mark as gone; raises RemovalsError if these are all of them,
or more than half. An empty mount point, a wrong list or a wrong `--exclude` looks like this.
"""

from sokkuri.core.errors import RemovalsError
from sokkuri.core.locations import Address, Location

HANDFUL = 5
"""Up to this many images, only a run that would mark all of them stops."""


def is_suspicious(live: int, lost: int) -> bool:
    """Return whether a run needs leave to mark `lost` of `live` images as gone."""
    if lost == 0:
        return False
    return lost >= live or (live > HANDFUL and 2 * lost > live)


def check_removals(live: int, lost: int, root: Location, names: Location | None) -> None:
    """Raise RemovalsError if a run would mark too many images as gone.

    live : live images before the run. lost : those of them that would be marked, without images
    that seem to have moved. names : the list file, or None if the folder is walked.
    """
    if is_suspicious(live, lost):
        raise RemovalsError(f"{_what(live, lost, root, names)}, so nothing was changed: {_ADVICE}")


_ADVICE = (
    "if a disk is not mounted or the list, the folder or --exclude is wrong, mend that; if these "
    "images are to leave the collection, add --accept-removals"
)


def _what(live: int, lost: int, root: Location, names: Location | None) -> str:
    share = f"all {live:,}" if lost >= live else f"{lost:,} of {live:,}"
    if names is not None:
        return f"{share} images of the collection are not in the list {names}"
    where = "at" if isinstance(root, Address) else "in"
    return f"{share} images of the collection are not {where} {root} any more"
