"""Compare a listing with the catalog: new, changed, returned and vanished images.

Takes a catalog with a listing in its temporary table (store/listing.py). `compare` counts the
changes; `apply_changes` writes them. Here a moved image is one that vanished and one that is new;
the writer recognises it later, by its content.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sokkuri.store.catalog import Catalog
from sokkuri.store.images import mark_missing
from sokkuri.store.listing import (
    ListingCounts,
    Losses,
    apply_listing,
    count_changes,
    count_losses,
    unseen_images,
)

OnCompared = Callable[[Losses], None]
IsLoss = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between listing and catalog, in images.

    moved : same name in another folder, if names are ids. returned : vanished before, and unchanged
    now. retried : failures to try again. losses : what a run would mark as gone.
    """

    listed: int
    new: int
    changed: int
    moved: int
    returned: int
    vanished: int
    retried: int
    losses: Losses = field(default=Losses(0, 0), compare=False)


def vanished_images(catalog: Catalog, is_gone: Callable[[str], bool]) -> Iterator[int]:
    """Yield the keys of images that the listing lacks and whose file is gone.

    is_gone : takes a path relative to the root. A file in an unreadable folder, or one that another
    process has just listed, is not gone.
    """
    for key, path in unseen_images(catalog):
        if is_gone(path):
            yield key


def compare(
    catalog: Catalog,
    is_gone: Callable[[str], bool],
    *,
    retry_failed: bool,
    rehash: bool = False,
    is_loss: IsLoss = lambda _: True,
) -> Changes:
    """Return the counts of all changes. Writes nothing to the catalog.

    is_loss : see `apply_changes`.
    """
    counts = count_changes(catalog, retry_failed=retry_failed, rehash=rehash)
    gone, lost = _vanished(catalog, is_gone, is_loss)
    return _changes(counts, len(gone), count_losses(catalog, lost))


def _vanished(
    catalog: Catalog, is_gone: Callable[[str], bool], is_loss: IsLoss
) -> "tuple[array[int], array[int]]":
    """Return the keys of vanished images, and of those whose files vanished with them."""
    gone, lost = array("q"), array("q")
    for key, path in unseen_images(catalog):
        if is_gone(path):
            gone.append(key)
            if is_loss(path):
                lost.append(key)
    return gone, lost


def apply_changes(
    catalog: Catalog,
    run: int,
    is_gone: Callable[[str], bool],
    *,
    retry_failed: bool,
    shuffle: int | None = None,
    rehash: bool = False,
    on_compared: OnCompared = lambda _: None,
    is_loss: IsLoss = lambda _: True,
) -> Changes:
    """Write all changes in one transaction, and return their counts.

    rehash : read all files again. is_loss : whether a vanished path counts among the losses; it
    does not if its file is still there. on_compared : called in the transaction before anything is
    written; if it raises, nothing is.

    Images that must be read are `todo` afterwards. A changed file keeps its row until the new row
    is committed. An unchanged file that returned is live again at once. New images are added in the
    order of their ids, or in a random order with the seed `shuffle`; they are extracted in this
    order.
    """
    with catalog.writing():
        gone, lost = _vanished(catalog, is_gone, is_loss)
        losses = count_losses(catalog, lost)
        on_compared(losses)
        counts = apply_listing(catalog, retry_failed=retry_failed, shuffle=shuffle, rehash=rehash)
        mark_missing(catalog, gone, run)
    return _changes(counts, len(gone), losses)


def _changes(counts: ListingCounts, vanished: int, losses: Losses) -> Changes:
    return Changes(
        counts.listed,
        counts.new,
        counts.changed,
        counts.moved,
        counts.returned,
        vanished,
        counts.retried,
        losses,
    )
