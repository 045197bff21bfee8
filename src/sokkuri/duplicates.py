"""Near-duplicates of a whole collection: candidates, the pictures' verdict, groups.

Composes pairs.py (what is known), joining.py (which pairs are worth a look), judging.py (the look)
and grouping.py. What was compared once is not compared again: a run after new images compares only
those, and one that was interrupted goes on.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sokkuri import pairs
from sokkuri.collection import Collection
from sokkuri.contents import (
    Content,
    basis,
    count_contents,
    heads_of,
    ids_that_pass,
    live_contents,
)
from sokkuri.decisions import Decisions, read_decisions
from sokkuri.errors import UsageError
from sokkuri.grouping import Star, stars
from sokkuri.joining import Candidates, Field, clustered
from sokkuri.judging import Judge
from sokkuri.keeping import Candidate, parsed, preference
from sokkuri.matching.looks import PRINT
from sokkuri.pairs import Known, Ledger
from sokkuri.records import GRADES, Grade, Group, Pair

_TOGETHER = 512  # pictures whose neighbours are looked for at once
_PRINTS = 256  # prints committed together
_PAIRS = 64  # pairs committed together: a second of work


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """min_grade : the least sure that counts. under, where : only among these, as in a search.
    keep : rules of keeping.py, before the usual ones. workers : threads, 0 for one a core."""

    min_grade: Grade = "edited"
    under: str | None = None
    where: str | None = None
    keep: tuple[str, ...] = ()
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Comparing:
    """How far it is. note : something to tell. groups : at the end."""

    stage: str
    done: int
    total: int
    note: str = ""
    groups: tuple[Group, ...] | None = None


def find_duplicates(
    collection: Collection, options: DuplicateOptions | None = None
) -> Generator[Comparing]:
    """Compare what was not compared yet; the last Comparing holds the groups, surest grade first.

    Interrupted at any moment, it keeps what it has committed. Raises UsageError for filters and
    rules that make no sense, StorageError.
    """
    asked = options or DuplicateOptions()
    task = _Task(collection, asked)
    with pairs.opened(collection) as ledger, Judge(task.file, workers=asked.workers) as judge:
        yield from take_prints(task.contents, ledger, judge)
        yield from _compare(task, ledger, judge)
        yield Comparing("grouping", 0, 0)
        groups = task.groups(ledger.near_duplicates(), ledger, judge)
        for note in judge.notes():
            yield Comparing("grouping", 0, 0, note)
    yield Comparing("done", len(task.contents), len(task.contents), groups=groups)


def known_groups(
    collection: Collection, options: DuplicateOptions | None = None
) -> tuple[Group, ...]:
    """The groups among what was compared so far; compares nothing, writes nothing. Raises
    UsageError."""
    with pairs.read(collection) as ledger:
        known = [] if ledger is None else ledger.near_duplicates()
        some = {content for pair in known for content in (pair.first, pair.second)}
        task = _Task(collection, options or DuplicateOptions(), some)
        return task.groups(known, ledger, None)


def compared(collection: Collection) -> tuple[int, int]:
    """How many contents were compared so far, of how many."""
    total = count_contents(collection)
    with pairs.read(collection) as ledger:
        return 0 if ledger is None else min(ledger.compared_count(), total), total


class _Task:
    """What is to be compared, and the way from pairs to groups. some : see live_contents."""

    def __init__(
        self, collection: Collection, options: DuplicateOptions, some: set[bytes] | None = None
    ) -> None:
        if options.min_grade not in GRADES:
            raise UsageError(f"{options.min_grade} is no grade: give one of {', '.join(GRADES)}")
        self.collection = collection
        self.key = preference(parsed(options.keep))
        self.decided = read_decisions(collection.catalog)
        self.contents = live_contents(collection, self.decided, some)
        self.passing = ids_that_pass(collection, options.under, options.where)
        self.grades = GRADES[: GRADES.index(options.min_grade) + 1]

    def file(self, content: bytes) -> Path:
        files = [self.collection.file(image.path) for image in self.contents[content].images]
        return next((file for file in files if file.is_file()), files[0])

    def wanted(self, content: Content) -> list[Candidate]:
        """Its images that pass the filters, the one to keep first."""
        images = content.images
        if self.passing is not None:
            images = [image for image in images if image.id in self.passing]
        return sorted(images, key=self.key)

    def groups(
        self, known: Iterable[Known], ledger: Ledger | None, judge: Judge | None
    ) -> tuple[Group, ...]:
        """known : all copies. judge : looks at pairs that a third picture links; None to do
        without."""
        images = {key: self.wanted(one) for key, one in self.contents.items()}
        images = {key: some for key, some in images.items() if some}
        order = sorted(images, key=lambda key: self.key(images[key][0]))
        ask = partial(_asked, self, ledger, judge)
        found = stars(order, [pair for pair in known if self.counts(pair)], ask)
        grouped = {key for star in found for key in (star.middle, *star.copies)}
        alone = [Star(key) for key in order if key not in grouped and self.has_twins(images, key)]
        groups = [group_of(star, images, self.decided) for star in (*found, *alone)]
        return tuple(sorted(groups, key=lambda one: (GRADES.index(one.grade), one.ids)))

    def counts(self, pair: Known) -> bool:
        return pair.grade in self.grades and not self.decided.part(pair.first, pair.second)

    def has_twins(self, images: dict[bytes, list[Candidate]], key: bytes) -> bool:
        return len(images[key]) > 1 and not self.decided.part(key, key)


def _asked(
    task: _Task, ledger: Ledger | None, judge: Judge | None, a: bytes, b: bytes
) -> Known | None:
    known = None if ledger is None else ledger.known(a, b)
    if known is None and judge is not None and ledger is not None:
        known = next(judge.compare([(a, b)]), None)
        if known is not None:
            ledger.keep([known], [])
    return known if known is not None and task.counts(known) else None


def group_of(star: Star, images: Mapping[bytes, Sequence[Candidate]], decided: Decisions) -> Group:
    """images : of each content, the one to keep first. ids : the kept one, then the surest copies
    first."""
    around = sorted(
        star.copies.items(), key=lambda item: (_rank(item[1].grade), -item[1].score, item[0])
    )
    kept = images[star.middle][0].id
    found: list[Pair] = []
    ids: list[str] = []
    for content in (star.middle, *(key for key, _ in around)):
        first, *twins = images[content]
        if decided.part(content, content):
            twins = []
        if content != star.middle:
            known = star.copies[content]
            found.append(Pair(kept, first.id, known.grade or "alike", known.score))
        ids += [first.id, *(twin.id for twin in twins)]
        found += [Pair(first.id, twin.id, "identical", 1.0) for twin in twins]
    grade = max((pair.grade for pair in found), key=GRADES.index)
    return Group(grade, tuple(ids), kept, tuple(found))


def _rank(grade: Grade | None) -> int:
    return GRADES.index(grade or "alike")


def take_prints(contents: Iterable[bytes], ledger: Ledger, judge: Judge) -> Generator[Comparing]:
    """Put those prints into the ledger that it lacks."""
    there = {content for content, _ in ledger.prints()}
    lacking = [key for key in contents if key not in there]
    waiting: list[tuple[bytes, bytes | None]] = []
    done = 0
    try:
        for found in judge.prints(lacking):
            waiting.append(found)
            if len(waiting) >= _PRINTS:
                done += len(waiting)
                ledger.keep_prints(waiting)
                waiting = []
                yield Comparing("looking", done, len(lacking))
    finally:
        ledger.keep_prints(waiting)


def looked_at(
    todo: Iterable[tuple[bytes, bytes]], ledger: Ledger, judge: Judge
) -> Generator[Known]:
    """What came of each pair, which is in the ledger too, even where this is cut short."""
    waiting: list[Known] = []
    try:
        for known in judge.compare(todo):
            waiting.append(known)
            yield known
            if len(waiting) >= _PAIRS:
                ledger.keep(waiting, [])
                waiting = []
    finally:
        ledger.keep(waiting, [])


def _compare(task: _Task, ledger: Ledger, judge: Judge) -> Generator[Comparing]:
    """Every picture that was not compared, with those most like it."""
    prints = {key: data for key, data in ledger.prints() if data is not None}
    contents = [one for key, one in task.contents.items() if key in prints]
    if judge.by_points:
        ledger.forget_unsure()
    before = ledger.compared()
    new = [
        number for number, content in enumerate(contents)
        if content.key not in before and task.wanted(content)
    ]  # fmt: skip
    yield Comparing("comparing", 0, len(new))
    if not new:
        return
    keys = [content.key for content in contents]
    field = Field(
        heads_of(task.collection, contents, basis(task.collection)),
        np.frombuffer(b"".join(prints[key] for key in keys), np.uint8).reshape(
            len(keys), PRINT * PRINT
        ),
    )
    del prints  # a copy of what the field holds
    reach = np.array([before.get(key, np.inf) for key in keys], np.float32)
    candidates = Candidates(field, reach)
    for note in candidates.notes:
        yield Comparing("comparing", 0, len(new), note)
    rows = clustered(field.heads, np.array(new, np.int64))
    looked: set[tuple[bytes, bytes]] = set()
    for at in range(0, len(rows), _TOGETHER):
        batch = rows[at : at + _TOGETHER]
        found, farthest = candidates.of(field.part(batch), batch)
        todo = _todo(ledger, looked, [(keys[batch[one]], keys[row]) for one, row in found.tolist()])
        with closing(looked_at(todo, ledger, judge)) as looks:
            for done, _ in enumerate(looks):
                if done % 64 == 0:
                    share = done * len(batch) // max(len(todo), 1)
                    yield Comparing("comparing", at + share, len(rows))
        reaches = zip([keys[row] for row in batch], farthest.tolist(), strict=True)
        ledger.keep([], [one for one in reaches if one[0] not in judge.unread])
        yield Comparing("comparing", at + len(batch), len(rows))
    ledger.forget(judge.unread)


def _todo(
    ledger: Ledger, looked: set[tuple[bytes, bytes]], found: Iterable[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """The pairs that were not looked at, by this run or one before."""
    todo = []
    for a, b in found:
        pair = min(a, b), max(a, b)
        if pair not in looked:
            looked.add(pair)
            if ledger.known(*pair) is None:
                todo.append(pair)
    return todo
