"""Find the near-duplicates of a collection: candidates, comparisons, groups.

Takes a collection and returns Groups. It combines pair_store.py (known results), compare_new.py (a
first look at new pairs), close_looks.py (a close look at those that decide), evidence.py (which
image to keep) and grouping.py.
"""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Never

from sokkuri.core.cores import available_cores
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.bursts import find_shots
from sokkuri.curation.duplicates.close_looks import CloseLooks
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.compare_new import compare_new, ensure_fingerprints, open_reader
from sokkuri.curation.duplicates.evidence import EvidenceGatherer, result_of
from sokkuri.curation.duplicates.evidence_store import open_evidence_store, read_evidence_store
from sokkuri.curation.duplicates.grouping import DuplicateOptions, GroupingTask
from sokkuri.curation.duplicates.pair_store import (
    PairResult,
    PairStore,
    open_pair_store,
    read_pair_store,
)
from sokkuri.curation.types import CopyGrade, Group
from sokkuri.images.read import threads_for
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder
from sokkuri.store.live_rows import count_contents, count_frames
from sokkuri.store.snapshot import at_one_moment, open_snapshot

__all__ = [
    "DuplicateOptions", "count_compared", "find_duplicates", "known_groups", "known_pairs",
    "known_state",
]  # fmt: skip

_SETTLED: tuple[CopyGrade, ...] = ("edited", "same")
_CHECK_SECONDS = 120.0  # between two close looks at what was found so far
_CHECK_PAUSE = 10.0  # the same, in times that the last one took


def find_duplicates(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare the new images; the last Progress holds the groups, surest grade first.

    An interrupt keeps the committed results. Raises UsageError for wrong filters and rules,
    StorageError, and EngineError if the engine does not answer.
    """
    options = options or DuplicateOptions()
    if frames := count_frames(collection.catalog):
        noun = "frame of a film is" if frames == 1 else "frames of films are"
        yield Progress("looking", 0, 0, f"{frames:,} {noun} left out: only files can be copies")
    with open_snapshot(collection) as shards:
        task = GroupingTask(collection, options)
    workers = options.workers or threads_for(collection.root, available_cores())
    with (
        open_pair_store(collection) as store,
        PairComparer(task.locate, workers=workers, folder=derived_folder(collection)) as comparer,
    ):
        yield from ensure_fingerprints(task.contents, store, comparer)
        with open_evidence_store(collection) as evidence_store:
            gatherer = EvidenceGatherer(evidence_store, comparer)

            def look_closely() -> Generator[Progress[Never], None, CloseLooks]:
                looks = CloseLooks(task.live(store.links()), store, comparer)
                yield from _look_closely(task, looks, gatherer)
                return looks

            with open_reader(collection, options.engine) as reader:
                comparing = compare_new(
                    collection, task.contents, task.passes, shards, store, comparer, reader
                )
                yield from _with_checks(comparing, look_closely)
            looks = yield from look_closely()
            groups = yield from task.groups(looks, gatherer)
        for note in comparer.notes():
            yield Progress("grouping", 0, 0, note)
    yield Progress("done", len(task.contents), len(task.contents), result=groups)


def _with_checks(
    comparing: Generator[Progress[Never]],
    look_closely: Callable[[], Generator[Progress[Never], None, CloseLooks]],
) -> Generator[Progress[Never]]:
    """Compare, and look closely at what was found from time to time.

    So its groups are known before the end, and after an interrupt.
    """
    pause, looked = _CHECK_SECONDS, time.monotonic()
    with closing(comparing):
        for progress in comparing:
            yield progress
            started = time.monotonic()
            if started - looked >= pause:
                yield from look_closely()
                looked = time.monotonic()
                pause = max(_CHECK_SECONDS, _CHECK_PAUSE * (looked - started))


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """Groups as they are known. unread : how many contents in them, or perhaps in bursts, have no
    evidence: a run reads their files."""

    groups: tuple[Group, ...]
    unread: int


def known_groups(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> tuple[Group, ...]:
    """Return the groups among the pairs that were compared so far, without comparing or writing.

    A pair that nobody looked at closely counts as `edited` if both images are copies of a third
    one. Raises UsageError.
    """
    return known_state(collection, options).groups


def known_state(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> KnownGroups:
    """Return the same groups, and how much of their evidence is missing. Raises UsageError."""
    with read_pair_store(collection) as store:
        links = [] if store is None else store.links()
        contents = {content for pair in links for content in pair.contents}
        return group_links(collection, options or DuplicateOptions(), store, links, contents)


def group_links(
    collection: CollectionStore,
    options: DuplicateOptions,
    store: PairStore | None,
    links: Iterable[PairResult],
    contents: set[bytes],
    *,
    twins: bool = True,
) -> KnownGroups:
    """Return the groups of some contents and the links among them. No link may lead from these
    contents to others. twins : see `live_contents`. Raises UsageError."""
    make_task = partial(GroupingTask, collection, options, contents, twins=twins)
    task = at_one_moment(collection, make_task)
    looks = CloseLooks(task.live(links), store)
    with read_evidence_store(collection) as evidence_store:
        gatherer = EvidenceGatherer(evidence_store)
        result_of(_find_shots(task, looks, gatherer))
        groups = result_of(task.groups(looks, gatherer))
    return KnownGroups(groups, len(gatherer.missing))


def _look_closely(
    task: GroupingTask, looks: CloseLooks, gatherer: EvidenceGatherer
) -> Generator[Progress[Never]]:
    """Look closely at all pairs that decide the groups.

    A later list of groups of another grade uses the pairs that were looked at here, too.
    """
    asked = -1
    while asked < looks.asked:
        asked = looks.asked
        yield from _find_shots(task, looks, gatherer)
        for grade in dict.fromkeys((*_SETTLED, task.min_grade)):
            yield from task.settle(grade, looks, gatherer)


def _find_shots(
    task: GroupingTask, looks: CloseLooks, gatherer: EvidenceGatherer
) -> Generator[Progress[Never]]:
    """Read the pictures that may be in a burst, and note the pairs that are, if they are wanted."""
    if not task.with_bursts:
        return
    pairs = [replace(pair, grade=pair.current) for pair in looks.links]
    pairs = task.possible_burst_pairs(pairs)
    contents = sorted({content for pair in pairs for content in pair.contents})
    facts = yield from gatherer.read_facts(contents)
    task.shots = find_shots(pairs, facts, task.contents)


def count_compared(collection: CollectionStore) -> tuple[int, int]:
    """Return how many contents were compared so far, and how many there are."""
    total = count_contents(collection.catalog)
    with read_pair_store(collection) as store:
        return 0 if store is None else min(store.count_compared(), total), total


def known_pairs(collection: CollectionStore) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ids of the near-duplicates that were found so far."""
    return tuple((pair.a, pair.b) for group in known_groups(collection) for pair in group.pairs)
