"""A folder against an archive: which of its pictures does the archive have already?

Takes two collections with features of one model; hands on groups, each with the archive's picture
in the middle and around it the folder's copies, whose ids are their whole paths.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from typing import Never, TypeAlias

import numpy as np

from sokkuri.core.errors import ModelMismatchError, UsageError
from sokkuri.core.locations import Location, is_within
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.candidates import BATCH, CandidateFinder, FeatureTable
from sokkuri.curation.duplicates.compare import Judge
from sokkuri.curation.duplicates.contents import (
    Content,
    basis,
    field_of,
    file_of,
    ids_that_pass,
    live_contents,
)
from sokkuri.curation.duplicates.find import (
    DuplicateOptions,
    at_least,
    looked_at,
    take_prints,
)
from sokkuri.curation.duplicates.keep_rules import Candidate, parsed, preference
from sokkuri.curation.duplicates.pair_store import Known, Ledger
from sokkuri.curation.trash.apply import folder_of
from sokkuri.curation.trash.log import now
from sokkuri.curation.trash.plan import Kept, Move, Plan
from sokkuri.curation.types import Group, Pair
from sokkuri.images.read import threads_for
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions, read_decisions

_Named: TypeAlias = Mapping[bytes, list[Candidate]]
"""Contents and their images, the one to keep first; none where they do not pass."""


_Side: TypeAlias = tuple[list[Content], FeatureTable]
"""One of the two: its contents that have a print, and what they are compared by."""


def find_against(
    archive: CollectionStore, other: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare all of `other` with `archive`; the last Progress holds the groups. The filters and
    the rules for the one to keep are about the archive.

    Raises ModelMismatchError, UsageError, StorageError.
    """
    asked = options or DuplicateOptions()
    _check(archive, other)
    decided = read_decisions(archive.catalog)
    mine, theirs = live_contents(archive, decided), live_contents(other, decided)
    images = _passing(archive, mine, asked)
    # What of the folder is in the archive byte by byte needs no look.
    other_new = [one for name, one in theirs.items() if name not in images]

    def file(content: bytes) -> Location:
        ours = mine.get(content)
        return file_of(other, theirs[content]) if ours is None else file_of(archive, ours)

    cores = os.cpu_count() or 1
    workers = max(threads_for(one.root, cores) for one in (archive, other))
    judging = Judge(file, workers=workers)
    with pair_store.opened(archive) as kept, pair_store.opened(other) as new, judging as judge:
        yield from take_prints(mine, kept, judge)
        yield from take_prints([one.key for one in other_new], new, judge)
        found = [Known(name, name, "identical", 1.0) for name in theirs if name in images]
        directions = basis(archive)
        here = field_of(archive, [mine[name] for name in images], kept.prints(), directions)
        there = field_of(other, other_new, new.prints(), directions)
        yield from _compare(here, there, kept, judge, found)
        for note in judge.notes():
            yield Progress("comparing", 0, 0, note)
    grades = at_least(asked.min_grade)
    counted = [
        one for one in found if one.grade in grades and not decided.part(one.first, one.second)
    ]
    groups = _groups(other, counted, images, theirs)
    yield Progress("done", len(theirs), len(theirs), result=groups)


def _check(archive: CollectionStore, other: CollectionStore) -> None:
    """Raises ModelMismatchError, UsageError."""
    if archive.model.fingerprint != other.model.fingerprint:
        raise ModelMismatchError(
            f"{other.store} holds features of another model than {archive.store}: index one of "
            "them again with the other's --model and --decode"
        )
    if is_within(archive.root, other.root) or is_within(other.root, archive.root):
        raise UsageError(
            f"{other.root} and {archive.root} are not apart: what lies in one folder is compared "
            "without --against"
        )


def _passing(
    archive: CollectionStore, contents: Mapping[bytes, Content], asked: DuplicateOptions
) -> dict[bytes, list[Candidate]]:
    """Of each content the images that pass the filters, the one to keep first, if any do."""
    key = preference(parsed(asked.keep))
    passing = ids_that_pass(archive, asked.under, asked.where)
    images = {
        name: sorted(
            (one for one in content.images if passing is None or one.id in passing), key=key
        )
        for name, content in contents.items()
    }
    return {name: some for name, some in images.items() if some}


def plan_against(
    archive: CollectionStore,
    other: CollectionStore,
    groups: Iterable[Group],
    *,
    lasting: bool = True,
) -> Plan:
    """Of each group the folder's copies go; nothing of the archive does. lasting : whether the
    folder's collection is still there when the plan is applied."""
    mine, theirs = _images(archive, None), _images(other, other.root)
    moves = []
    for group in groups:
        keep = Kept(group.keep, mine[group.keep][0].path, folder_of(archive), mine[group.keep][1])
        grades = {pair.b: pair.grade for pair in group.pairs}
        for id_ in group.ids[1:]:
            image, digest = theirs[id_]
            moves.append(
                Move(image.id, image.path, folder_of(other), image.size, digest, grades[id_], keep)
            )
    store = os.path.abspath(other.store) if lasting else None  # noqa: PTH100 - links stay
    return Plan(tuple(moves), now(), store)


def _images(
    collection: CollectionStore, root: Location | None
) -> dict[str, tuple[Candidate, bytes]]:
    """Every image with its content, by its id, or its whole path where `root` is given."""
    return {
        image.id if root is None else str(root / image.path): (image, content.key)
        for content in live_contents(collection, Decisions()).values()
        for image in content.images
    }


def _compare(
    archive: _Side, other: _Side, ledger: Ledger, judge: Judge, found: list[Known]
) -> Generator[Progress[Never]]:
    """Puts into `found` what comes of each pair that is worth a look."""
    (contents, field), (new, asked) = archive, other
    if not contents or not new:
        return
    if judge.by_points:
        ledger.forget_unsure()
    candidates = CandidateFinder(field)
    for at in range(0, len(new), BATCH):
        yield Progress("comparing", at, len(new))
        rows = np.arange(at, min(at + BATCH, len(new)))
        near, _ = candidates.find(asked.select(rows), np.full(len(rows), -1))
        todo = [(new[at + one].key, contents[row].key) for one, row in near.tolist()]
        seen = [ledger.known(*pair) for pair in todo]
        unseen = (pair for pair, one in zip(todo, seen, strict=True) if one is None)
        with closing(looked_at(unseen, ledger, judge)) as looks:
            found += looks
        found += [one for one in seen if one is not None]


def _groups(
    other: CollectionStore, found: Iterable[Known], mine: _Named, theirs: Mapping[bytes, Content]
) -> tuple[Group, ...]:
    """Around each picture of the archive the copies that are most like it."""
    best: dict[bytes, tuple[bytes, Known]] = {}
    for pair in sorted(found, key=lambda one: one.of("", one.first.hex()).order):
        for a, b in ((pair.first, pair.second), (pair.second, pair.first)):
            if a in mine and b in theirs:  # a picture can be in both
                best.setdefault(b, (a, pair))
    around: dict[bytes, list[Pair]] = defaultdict(list)
    for b, (a, pair) in best.items():
        around[a] += [
            pair.of(mine[a][0].id, str(other.root / image.path)) for image in theirs[b].images
        ]
    return tuple(sorted(map(_group, around.values()), key=lambda group: group.order))


def _group(some: list[Pair]) -> Group:
    some.sort(key=lambda pair: pair.order)
    return Group(some[-1].grade, (some[0].a, *(pair.b for pair in some)), some[0].a, tuple(some))
