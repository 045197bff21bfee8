"""A folder against an archive: which of its pictures does the archive have already?

Takes two collections with features of one model; hands on groups, each with the archive's picture
in the middle and around it the folder's copies, whose ids are their whole paths.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sokkuri import pairs
from sokkuri.collection import Collection
from sokkuri.contents import Content, basis, heads_of, ids_that_pass, live_contents
from sokkuri.decisions import Decisions, read_decisions
from sokkuri.duplicates import Comparing, DuplicateOptions, looked_at, take_prints
from sokkuri.errors import ModelMismatchError, UsageError
from sokkuri.joining import Candidates, Field, Matrix
from sokkuri.journal import now
from sokkuri.judging import Judge
from sokkuri.keeping import Candidate, parsed, preference
from sokkuri.matching.looks import PRINT
from sokkuri.pairs import Known, Ledger
from sokkuri.plans import Kept, Move, Plan
from sokkuri.records import GRADES, Group, Pair

_TOGETHER = 512

_Named: TypeAlias = Mapping[bytes, list[Candidate]]
"""Contents and their images, the one to keep first; none where they do not pass."""


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One of the two: its contents that have a print, and what they are compared by."""

    contents: list[Content]
    field: Field


def find_against(
    archive: Collection, other: Collection, options: DuplicateOptions | None = None
) -> Generator[Comparing]:
    """Compare all of `other` with `archive`; the last Comparing holds the groups. The filters and
    the rules for the one to keep are about the archive.

    Raises ModelMismatchError, UsageError, StorageError.
    """
    asked = options or DuplicateOptions()
    _check(archive, other)
    decided = read_decisions(archive.catalog)
    mine, theirs = live_contents(archive, decided), live_contents(other, decided)
    images = _passing(archive, mine, asked)
    files = {name: other.file(one.images[0].path) for name, one in theirs.items()}
    files |= {name: archive.file(one.images[0].path) for name, one in mine.items()}
    with (
        pairs.opened(archive) as kept,
        pairs.opened(other) as new,
        Judge(files.__getitem__) as judge,
    ):
        yield from take_prints(mine, kept, judge)
        yield from take_prints([name for name in theirs if name not in images], new, judge)
        found = [Known(name, name, "identical", 1.0) for name in theirs if name in images]
        directions = basis(archive)
        sides = (
            _side(archive, kept, [mine[name] for name in images], directions),
            _side(
                other, new, [one for name, one in theirs.items() if name not in images], directions
            ),
        )
        yield from _compare(*sides, kept, judge, found)
        for note in judge.notes():
            yield Comparing("comparing", 0, 0, note)
    grades = GRADES[: GRADES.index(asked.min_grade) + 1]
    counted = [
        one for one in found if one.grade in grades and not decided.part(one.first, one.second)
    ]
    groups = _groups(other, counted, images, theirs)
    yield Comparing("done", len(theirs), len(theirs), groups=groups)


def _check(archive: Collection, other: Collection) -> None:
    """Raises ModelMismatchError, UsageError."""
    if archive.model.fingerprint != other.model.fingerprint:
        raise ModelMismatchError(
            f"{other.store} holds features of another model than {archive.store}: index one of "
            "them again with the other's --model and --decode"
        )
    ours, others = archive.root.resolve(), other.root.resolve()
    if ours.is_relative_to(others) or others.is_relative_to(ours):
        raise UsageError(
            f"{other.root} and {archive.root} are not apart: what lies in one folder is compared "
            "without --against"
        )


def _passing(
    archive: Collection, contents: Mapping[bytes, Content], asked: DuplicateOptions
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
    archive: Collection, other: Collection, groups: Iterable[Group], *, lasting: bool = True
) -> Plan:
    """Of each group the folder's copies go; nothing of the archive does. lasting : whether the
    folder's collection is still there when the plan is applied."""
    mine, theirs = _images(archive, None), _images(other, other.root)
    moves = []
    for group in groups:
        keep = Kept(group.keep, mine[group.keep][0].path, _folder(archive), mine[group.keep][1])
        grades = {pair.b: pair.grade for pair in group.pairs}
        for id_ in group.ids[1:]:
            image, digest = theirs[id_]
            moves.append(
                Move(image.id, image.path, _folder(other), image.size, digest, grades[id_], keep)
            )
    store = os.path.abspath(other.store) if lasting else None  # noqa: PTH100 - links stay
    return Plan(tuple(moves), now(), store)


def _folder(collection: Collection) -> str:
    return os.path.abspath(collection.root)  # noqa: PTH100 - the links a person gave stay


def _images(collection: Collection, root: Path | None) -> dict[str, tuple[Candidate, bytes]]:
    """Every image with its content, by its id, or its whole path where `root` is given."""
    return {
        image.id if root is None else str(root / image.path): (image, content.key)
        for content in live_contents(collection, Decisions()).values()
        for image in content.images
    }


def _side(
    collection: Collection, ledger: Ledger, contents: Iterable[Content], directions: Matrix
) -> _Side:
    prints = {key: data for key, data in ledger.prints() if data is not None}
    some = [content for content in contents if content.key in prints]
    printed = np.frombuffer(b"".join(prints[one.key] for one in some), np.uint8)
    field = Field(heads_of(collection, some, directions), printed.reshape(len(some), PRINT * PRINT))
    return _Side(some, field)


def _compare(
    archive: _Side, other: _Side, ledger: Ledger, judge: Judge, found: list[Known]
) -> Generator[Comparing]:
    """Puts into `found` what comes of each pair that is worth a look."""
    if not archive.contents or not other.contents:
        return
    if judge.by_points:
        ledger.forget_unsure()
    candidates = Candidates(archive.field)
    total = len(other.contents)
    for at in range(0, total, _TOGETHER):
        yield Comparing("comparing", at, total)
        rows = np.arange(at, min(at + _TOGETHER, total))
        near, _ = candidates.of(other.field.part(rows), np.full(len(rows), -1))
        todo = [
            (other.contents[at + asked].key, archive.contents[row].key)
            for asked, row in near.tolist()
        ]
        seen = [ledger.known(*pair) for pair in todo]
        new = (pair for pair, one in zip(todo, seen, strict=True) if one is None)
        with closing(looked_at(new, ledger, judge)) as looks:
            found += looks
        found += [one for one in seen if one is not None]


def _groups(
    other: Collection, found: Iterable[Known], mine: _Named, theirs: Mapping[bytes, Content]
) -> tuple[Group, ...]:
    """Around each picture of the archive the copies that are most like it."""
    best: dict[bytes, tuple[bytes, Known]] = {}
    for pair in sorted(found, key=_rank):
        for a, b in ((pair.first, pair.second), (pair.second, pair.first)):
            if a in mine and b in theirs:  # a picture can be in both
                best.setdefault(b, (a, pair))
    around: dict[bytes, list[Pair]] = defaultdict(list)
    for b, (a, pair) in best.items():
        around[a] += [
            Pair(mine[a][0].id, str(other.root / image.path), pair.grade or "alike", pair.score)
            for image in theirs[b].images
        ]
    return tuple(
        sorted(map(_group, around.values()), key=lambda one: (GRADES.index(one.grade), one.ids))
    )


def _rank(pair: Known) -> tuple[int, float, bytes]:
    return GRADES.index(pair.grade or "alike"), -pair.score, pair.first


def _group(some: list[Pair]) -> Group:
    some.sort(key=lambda pair: (GRADES.index(pair.grade), -pair.score, pair.b))
    return Group(some[-1].grade, (some[0].a, *(pair.b for pair in some)), some[0].a, tuple(some))
