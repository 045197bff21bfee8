"""Stop a run that would empty a collection by accident.

Takes how many live images a run would mark as gone; raises RemovalsError if these are all of them,
or more than half, in the collection or in one of its named roots. An empty mount point, a wrong
list or a wrong `--exclude` looks like this.
"""

from collections.abc import Iterable, Iterator

from sokkuri.core.errors import RemovalsError
from sokkuri.core.locations import Address, Location
from sokkuri.core.named_roots import Root, Roots
from sokkuri.store.catalog import Catalog
from sokkuri.store.listing import Losses, count_losses_below

HANDFUL = 5
"""Up to this many images, only a run that would mark all of them stops."""


def is_suspicious(live: int, lost: int) -> bool:
    """Return whether a run needs leave to mark `lost` of `live` images as gone."""
    if lost == 0:
        return False
    return lost >= live or (live > HANDFUL and 2 * lost > live)


def check_removals(
    losses: Losses, root: Root, names: Location | None, of_roots: Iterable[tuple[str, Losses]] = ()
) -> None:
    """Raise RemovalsError if a run would mark too many images as gone: of all, or of a named root.

    losses : of live images, without those that seem to have moved. names : the list file, or None
    if the folder is walked. of_roots : from `losses_by_root`.
    """
    if is_suspicious(losses.live, losses.lost):
        raise _error(f"{_share(losses)} images of the collection", _where(root, names))
    for name, of_root in of_roots:
        if is_suspicious(of_root.live, of_root.lost):
            raise _error(f"{_share(of_root)} images of {name}", f"in {root / name} any more")


def losses_by_root(catalog: Catalog, root: Root) -> Iterator[tuple[str, Losses]]:
    """Yield the name of each named root, and its losses among what `count_losses` got last."""
    for name, _ in root.folders if isinstance(root, Roots) else ():
        yield name, count_losses_below(catalog, name)


_ADVICE = (
    "if a disk is not mounted or the list, the folder or --exclude is wrong, mend that; if these "
    "images are to leave the collection, add --accept-removals"
)


def _error(images: str, where: str) -> RemovalsError:
    return RemovalsError(f"{images} are not {where}, so nothing was changed: {_ADVICE}")


def _share(losses: Losses) -> str:
    everything = losses.lost >= losses.live
    return f"all {losses.live:,}" if everything else f"{losses.lost:,} of {losses.live:,}"


def _where(root: Root, names: Location | None) -> str:
    if names is not None:
        return f"in the list {names}"
    return f"{'at' if isinstance(root, Address) else 'in'} {root} any more"
