"""What the points of the map have their colours by: folder, label, date, or group of copies.

Takes a Collection and the keys of the points; returns the group of each point.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.store.labels import labels_revision, read_labels
from sokkuri.store.live_rows import live_contents_and_paths
from sokkuri.store.photos import photo_changes, taken_by_key
from sokkuri.web.services.browse import split_path

Grouping = Literal["folder", "label", "date", "copies"]
"""What points have their colours and regions their names by."""

MAX_GROUPS = 10
"""The most groups that have a colour of their own."""

Copies = tuple[tuple[str, ...], ...]
"""Groups of copies: the ids of each."""

_YEARS = tuple(factor * 10**power for power in range(4) for factor in (1, 2, 5))
_LEAST_US, _MOST_US = -62_135_596_800_000_000, 253_402_300_800_000_000  # years 1 to 9999


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The groups of points.

    names : of the largest groups, the largest first; of spans of time, the earliest first; none of
    groups of copies. counts : their images. of : (N,) int64, the group of each point; -1 without
    one, or with a smaller one. Groups of copies have the numbers 0 to 9 in turn. copies : the
    number of groups of copies, and of their images; None for other groupings.
    """

    names: list[str]
    counts: list[int]
    of: NDArray[np.int64]
    copies: tuple[int, int] | None = None


def groups_state(collection: Collection, by: Grouping) -> Hashable:
    """Return what these groups depend on, beside the images and the groups of copies."""
    if by == "label":
        return labels_revision(collection.catalog)
    return photo_changes(collection.catalog) if by == "date" else ""


def group_points(
    collection: Collection,
    keys: NDArray[np.int64],
    by: Grouping,
    copies: Copies = (),
) -> Groups:
    """Return the groups of the images with these keys in the catalog."""
    if by == "date":
        taken = taken_by_key(collection.catalog)
        return group_by_date([taken.get(key) for key in keys.tolist()])
    images = {key: (id_, path) for key, _, id_, path in live_contents_and_paths(collection.catalog)}
    found = [images.get(key, ("", "")) for key in keys.tolist()]
    if by == "copies":
        return group_by_copies([id_ for id_, _ in found], copies)
    if by == "label":
        labels = read_labels(collection.catalog)
        return group_by_name([labels.get(id_) for id_, _ in found])
    return group_by_name([split_path(path)[0] or None for _, path in found])


def group_by_name(names: Sequence[str | None]) -> Groups:
    """Return the largest groups of points of one name. None : the point has no group."""
    counts = Counter(name for name in names if name is not None)
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_GROUPS]
    numbers = {name: number for number, (name, _) in enumerate(largest)}
    of = np.array([-1 if name is None else numbers.get(name, -1) for name in names], np.int64)
    return Groups([name for name, _ in largest], [count for _, count in largest], of)


def group_by_copies(ids: Sequence[str], copies: Copies) -> Groups:
    """Return the groups of copies. ids : of the points."""
    numbers = {id_: number for number, group in enumerate(copies) for id_ in group}
    of = np.array([numbers.get(id_, -1) for id_ in ids], np.int64)
    shown = of[of >= 0]
    counts = len(np.unique(shown)), len(shown)
    return Groups([], [], np.where(of < 0, -1, of % MAX_GROUPS), counts)


def group_by_date(taken: Sequence[int | None]) -> Groups:
    """Return spans of time, of the shortest length for which few of them have photos: days, months,
    quarters, years, or 2, 5, 10 years and so on.

    taken : when each photo was taken, in microseconds of local time from 1970; None if it is
    unknown.
    """
    known = [moment is not None and _LEAST_US <= moment < _MOST_US for moment in taken]
    moments = np.array([moment for moment, is_known in zip(taken, known, strict=True) if is_known])
    of = np.full(len(taken), -1, np.int64)
    if not len(moments):
        return Groups([], [], of)
    days = moments.astype("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    years = months // 12 + 1970
    spans: list[tuple[NDArray[np.int64], Callable[[int], str]]] = [
        (days.astype(np.int64), lambda day: str(np.datetime64(day, "D"))),
        (months, lambda month: str(np.datetime64(month, "M"))),
        (months // 3, _quarter),
        *((years // length, _years_of(length)) for length in _YEARS),
    ]
    numbers, name = next(span for span in spans if len(np.unique(span[0])) <= MAX_GROUPS)
    different, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    of[np.array(known)] = places.ravel()
    return Groups([name(int(number)) for number in different], counts.tolist(), of)


def _quarter(number: int) -> str:
    """Return the first and the last month of a quarter."""
    return f"{np.datetime64(3 * number, 'M')} – {np.datetime64(3 * number + 2, 'M')}"


def _years_of(length: int) -> Callable[[int], str]:
    """Return what names a span of so many years by its number."""
    if length == 1:
        return str
    return lambda number: f"{max(number * length, 1)} – {(number + 1) * length - 1}"
