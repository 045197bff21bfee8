"""Find the first groups of a collection without grouping all images.

Takes a collection; returns Groups in the order in which pages show them. Stored pairs link images
to components, and no group spans two of these. What a component can give at best bounds the place
of its groups: so the best components are grouped, a few at a time, until no other one can come
before what was found.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from sokkuri.curation.duplicates.contents import ids_that_pass
from sokkuri.curation.duplicates.find import DuplicateOptions, KnownGroups, group_links
from sokkuri.curation.duplicates.groups import components
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore, read_pair_store
from sokkuri.curation.types import ALL_GRADES, Group
from sokkuri.images.frame_names import parse_frame
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import as_text
from sokkuri.store.live_rows import content_records
from sokkuri.store.snapshot import at_one_moment

FEW = 500
"""Grouping so many components takes little time."""

_MOST = 16  # times as many components as groups that are grouped, before giving up

GroupSortKey: TypeAlias = tuple[int, bytes, bytes]
"""Sorts groups: the number of the grade, the smallest id, the id of the image to keep."""


def sort_key(group: Group) -> GroupSortKey:
    """Return the sort key of a group. It does not depend on other groups, so a cursor stays valid
    when groups come or go. A new choice of the image to keep does not move the group."""
    return ALL_GRADES.index(group.grade), min(map(as_text, group.ids)), as_text(group.keep)


@dataclass(frozen=True, slots=True)
class _Component:
    """Contents, and all links among them and to others. best : the first two parts of the smallest
    sort key that a group of them can have."""

    best: tuple[int, bytes]
    contents: Sequence[bytes]
    links: Sequence[PairResult]


def first_groups(
    collection: CollectionStore, options: DuplicateOptions, count: int, *, few: int = FEW
) -> KnownGroups | None:
    """Return the first `count` groups of `known_groups`, in the order of `sort_key`.

    None if all groups are found nearly as soon: if there are at most `few` components, if most of
    them give no group, and with bursts. Raises UsageError.
    """
    if options.bursts:
        return None
    with read_pair_store(collection) as store:
        links = [] if store is None else store.links()
        read = partial(_components, collection, options, links)
        found = sorted(at_one_moment(collection, read), key=lambda component: component.best)
        if len(found) <= few:
            return None
        return _group_first(collection, options, store, found, count)


def _group_first(
    collection: CollectionStore,
    options: DuplicateOptions,
    store: PairStore | None,
    found: Sequence[_Component],
    count: int,
) -> KnownGroups | None:
    groups: list[Group] = []
    unread = done = 0
    while done < min(len(found), _MOST * count):
        some = found[done : 2 * done + count]
        done += len(some)
        known = group_links(
            collection,
            options,
            store,
            [pair for component in some for pair in component.links],
            {content for component in some for content in component.contents},
            twins=False,
        )
        groups += known.groups
        unread += known.unread
        groups.sort(key=sort_key)
        bound = found[done].best if done < len(found) else None
        first = groups[:count]
        if len(first) == count and (bound is None or sort_key(first[-1])[:2] < bound):
            return KnownGroups(tuple(first), unread)
    return None


def _components(
    collection: CollectionStore, options: DuplicateOptions, links: Sequence[PairResult]
) -> list[_Component]:
    """Return the components that may give a group of the wanted grades."""
    passing = ids_that_pass(collection, options.under, options.where)
    ids: dict[bytes, list[str]] = defaultdict(list)
    linked = {content for pair in links for content in pair.contents}
    for content, id_, path, *_ in content_records(collection.catalog, linked):
        if parse_frame(path) is None and (passing is None or id_ in passing):
            ids[content].append(id_)
    worst = ALL_GRADES.index(options.min_grade)
    found = []
    for contents, inside in _with_twins(links, ids):
        images = [id_ for content in contents for id_ in ids.get(content, ())]
        grade = _best_grade(inside, has_twins=any(len(ids.get(one, ())) > 1 for one in contents))
        if len(images) > 1 and grade <= worst:
            found.append(_Component((grade, min(map(as_text, images))), contents, inside))
    return found


def _with_twins(
    links: Sequence[PairResult], ids: dict[bytes, list[str]]
) -> Iterator[tuple[Sequence[bytes], Sequence[PairResult]]]:
    """Yield the components, and each content of several images that no link leads to."""
    linked: set[bytes] = set()
    for contents, inside in components(links):
        linked.update(contents)
        yield contents, inside
    for content, images in ids.items():
        if len(images) > 1 and content not in linked:
            yield (content,), ()


def _best_grade(links: Sequence[PairResult], *, has_twins: bool) -> int:
    """Return the number of the surest grade that a group of these links can have."""
    if has_twins:
        return 0
    grades = {grade for pair in links for grade in (pair.grade, pair.likely) if grade is not None}
    if any(pair.open for pair in links):
        grades.add("edited")  # what open pairs may count as, see close_looks.py
    return min(map(ALL_GRADES.index, grades))
