"""Near-duplicates of a whole collection: candidates, the pictures' verdict, groups.

Composes pairs.py (what is known), joining.py (which pairs are worth a look), judging.py (the look)
and grouping.py. What was compared once is not compared again: a run after new images compares only
those, and one that was interrupted goes on.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Never

import numpy as np

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates import pair_store as pairs
from sokkuri.curation.duplicates.candidates import BATCH, CandidateFinder, cluster_order
from sokkuri.curation.duplicates.compare import Judge
from sokkuri.curation.duplicates.contents import (
    Content,
    basis,
    count_contents,
    field_of,
    file_of,
    ids_that_pass,
    live_contents,
    served_of,
)
from sokkuri.curation.duplicates.groups import Star, stars
from sokkuri.curation.duplicates.keep_rules import Candidate, parsed, preference
from sokkuri.curation.duplicates.pair_store import Known, Ledger
from sokkuri.curation.types import GRADES, Grade, Group, Pair
from sokkuri.images.read import threads_for
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import PushedReader
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions, read_decisions

_PRINTS = 256  # prints committed together
_PAIRS = 64  # pairs committed together: a second of work


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """min_grade : the least sure that counts. under, where : only among these, as in a search.
    keep : rules of keeping.py, before the usual ones. workers : threads, 0 for one a core. engine :
    the address of one that the collection was pushed to, to ask for what is alike."""

    min_grade: Grade = "edited"
    under: str | None = None
    where: str | None = None
    keep: tuple[str, ...] = ()
    workers: int = 0
    engine: str | None = None


def find_duplicates(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare what was not compared yet; the last Progress holds the groups, surest grade first.

    Interrupted at any moment, it keeps what it has committed. Raises UsageError for filters and
    rules that make no sense, StorageError, EngineError where one elsewhere does not answer.
    """
    asked = options or DuplicateOptions()
    task = _Task(collection, asked)
    workers = asked.workers or threads_for(collection.root, os.cpu_count() or 1)
    with pairs.opened(collection) as ledger, Judge(task.file, workers=workers) as judge:
        yield from take_prints(task.contents, ledger, judge)
        with _served(collection, asked.engine) as reader:
            yield from _compare(task, ledger, judge, reader)
        yield Progress("grouping", 0, 0)
        groups = task.groups(ledger.near_duplicates(), ledger, judge)
        for note in judge.notes():
            yield Progress("grouping", 0, 0, note)
    yield Progress("done", len(task.contents), len(task.contents), result=groups)


def known_groups(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> tuple[Group, ...]:
    """The groups among what was compared so far; compares nothing, writes nothing. Raises
    UsageError."""
    with pairs.read(collection) as ledger:
        known = [] if ledger is None else ledger.near_duplicates()
        some = {content for pair in known for content in (pair.first, pair.second)}
        task = _Task(collection, options or DuplicateOptions(), some)
        return task.groups(known, ledger, None)


def compared(collection: CollectionStore) -> tuple[int, int]:
    """How many contents were compared so far, of how many."""
    total = count_contents(collection)
    with pairs.read(collection) as ledger:
        return 0 if ledger is None else min(ledger.compared_count(), total), total


def known_pairs(collection: CollectionStore) -> tuple[tuple[str, str], ...]:
    """The ids of the near-duplicates that were found so far, two by two."""
    return tuple((pair.a, pair.b) for group in known_groups(collection) for pair in group.pairs)


def at_least(grade: Grade) -> tuple[Grade, ...]:
    """This grade and the surer ones."""
    return GRADES[: GRADES.index(grade) + 1]


class _Task:
    """What is to be compared, and the way from pairs to groups. some : see live_contents."""

    def __init__(
        self, collection: CollectionStore, options: DuplicateOptions, some: set[bytes] | None = None
    ) -> None:
        if options.min_grade not in GRADES:
            raise UsageError(f"{options.min_grade} is no grade: give one of {', '.join(GRADES)}")
        self.collection = collection
        self.key = preference(parsed(options.keep))
        self.decided = read_decisions(collection.catalog)
        self.contents = live_contents(collection, self.decided, some)
        self.passing = ids_that_pass(collection, options.under, options.where)
        self.grades = at_least(options.min_grade)

    def file(self, content: bytes) -> Location:
        return file_of(self.collection, self.contents[content])

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
        return tuple(sorted(groups, key=lambda group: group.order))

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
    kept = images[star.middle][0].id
    around = [(known.of(kept, images[key][0].id), key) for key, known in star.copies.items()]
    around.sort(key=lambda item: item[0].order)
    found: list[Pair] = []
    ids: list[str] = []
    for pair, content in ((None, star.middle), *around):
        first, *twins = images[content]
        if decided.part(content, content):
            twins = []
        ids += [first.id, *(twin.id for twin in twins)]
        found += [pair] if pair else []
        found += [Pair(first.id, twin.id, "identical", 1.0) for twin in twins]
    grade = max((pair.grade for pair in found), key=GRADES.index)
    return Group(grade, tuple(ids), kept, tuple(found))


def take_prints(
    contents: Iterable[bytes], ledger: Ledger, judge: Judge
) -> Generator[Progress[Never]]:
    """Put those prints into the ledger that it lacks."""
    there = ledger.printed()
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
                yield Progress("looking", done, len(lacking))
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


@contextmanager
def _served(collection: CollectionStore, address: str | None) -> Iterator[PushedReader | None]:
    """What reads what the engine there holds; None without one."""
    if address is None:
        yield None
        return
    with closing(open_engine(address)) as engine:
        reader = PushedReader(collection, CodeReader(collection), engine)
        reader.found({})  # what is wrong is said before anything is compared
        yield reader


def _compare(
    task: _Task, ledger: Ledger, judge: Judge, reader: PushedReader | None
) -> Generator[Progress[Never]]:
    """Every picture that was not compared, with those most like it."""
    if judge.by_points:
        ledger.forget_unsure()
    before, prints = ledger.compared(), ledger.prints()
    new = {
        key for key, content in task.contents.items()
        if key in prints and key not in before and task.wanted(content)
    }  # fmt: skip
    yield Progress("comparing", 0, len(new))
    if not new:
        return
    directions = basis(task.collection)
    contents, field = field_of(task.collection, task.contents.values(), prints, directions)
    del prints  # which the field holds too
    keys = [content.key for content in contents]
    reach = np.array([before.get(key, np.inf) for key in keys], np.float32)
    served = None if reader is None else served_of(task.collection, reader, contents)
    candidates = CandidateFinder(field, reach, served)
    for note in candidates.notes:
        yield Progress("comparing", 0, len(new), note)
    rows = cluster_order(
        field.projected, np.array([at for at, key in enumerate(keys) if key in new])
    )
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        found, reaches = candidates.find(field.select(batch), batch)
        todo = _todo(ledger, ((keys[batch[one]], keys[row]) for one, row in found.tolist()))
        with closing(looked_at(todo, ledger, judge)) as looks:
            for done, _ in enumerate(looks):
                if done % _PAIRS == 0:
                    share = done * len(batch) // len(todo)
                    yield Progress("comparing", at + share, len(rows))
        reached = zip([keys[row] for row in batch], reaches.tolist(), strict=True)
        ledger.keep([], [one for one in reached if one[0] not in judge.unread])
        yield Progress("comparing", at + len(batch), len(rows))
    ledger.forget(judge.unread)


def _todo(ledger: Ledger, found: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The pairs, once each, that were not looked at before."""
    pairs = dict.fromkeys((min(pair), max(pair)) for pair in found)
    return [pair for pair in pairs if ledger.known(*pair) is None]
