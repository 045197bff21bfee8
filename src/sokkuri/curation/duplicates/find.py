"""Find the near-duplicates of a collection: candidates, comparisons, groups.

Takes a collection and returns Groups. It combines pair_store.py (known results), candidates.py
(which pairs to compare), compare.py (the comparison) and groups.py. It compares no pair twice: a
run after new images compares only those, and a run after an interrupt continues.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Never

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.bursts import Shots, find_shots
from sokkuri.curation.duplicates.candidates import (
    BATCH,
    CandidateFinder,
    FeatureTable,
    cluster_order,
)
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import (
    feature_table,
    projection_of,
    remote_rows,
)
from sokkuri.curation.duplicates.evidence import (
    gather_evidence,
    known_evidence,
    name_edits,
    read_facts,
)
from sokkuri.curation.duplicates.evidence_store import (
    EvidenceStore,
    open_evidence_store,
    read_evidence_store,
)
from sokkuri.curation.duplicates.grouping import DuplicateOptions, GroupingTask
from sokkuri.curation.duplicates.pair_store import (
    PairResult,
    PairStore,
    open_pair_store,
    read_pair_store,
)
from sokkuri.curation.types import Group
from sokkuri.images.read import threads_for
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.store.collection import CollectionStore
from sokkuri.store.live_rows import count_contents
from sokkuri.store.snapshot import PinnedShards, at_one_moment, open_snapshot

__all__ = [
    "DuplicateOptions", "compare_pairs", "count_compared", "ensure_fingerprints",
    "find_duplicates", "known_groups", "known_pairs", "known_state",
]  # fmt: skip

_FINGERPRINTS = 256  # committed together
_PAIRS = 64  # committed together: about a second of work


def find_duplicates(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare the new images; the last Progress holds the groups, surest grade first.

    An interrupt keeps the committed results. Raises UsageError for wrong filters and rules,
    StorageError, and EngineError if the engine does not answer.
    """
    options = options or DuplicateOptions()
    with open_snapshot(collection) as shards:
        task = GroupingTask(collection, options)
    workers = options.workers or threads_for(collection.root, os.cpu_count() or 1)
    with (
        open_pair_store(collection) as store,
        PairComparer(task.locate, workers=workers) as comparer,
    ):
        yield from ensure_fingerprints(task.contents, store, comparer)
        with _open_reader(collection, options.engine) as reader:
            yield from _compare_new(task, shards, store, comparer, reader)
        with open_evidence_store(collection) as evidence_store:
            pairs = store.near_duplicates()
            if options.bursts:
                task.shots = yield from _read_shots(task, pairs, evidence_store, comparer)
            pairs = task.counting(pairs)
            task.evidence = yield from gather_evidence(pairs, evidence_store, comparer)
            yield Progress("grouping", 0, 0)
            groups = task.groups(pairs, store, comparer)
            groups = name_edits(groups, task.contents, task.evidence, evidence_store, comparer)
        for note in comparer.notes():
            yield Progress("grouping", 0, 0, note)
    yield Progress("done", len(task.contents), len(task.contents), result=groups)


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

    Raises UsageError.
    """
    return known_state(collection, options).groups


def known_state(
    collection: CollectionStore, options: DuplicateOptions | None = None
) -> KnownGroups:
    """Return the same groups, and how much of their evidence is missing. Raises UsageError."""
    with read_pair_store(collection) as store:
        pairs = [] if store is None else store.near_duplicates()
        make_task = partial(
            GroupingTask, collection, options or DuplicateOptions(), _contents(pairs)
        )
        task = at_one_moment(collection, make_task)
        unread: set[bytes] = set()
        if task.with_bursts:
            task.shots, unread = _known_shots(task, pairs)
        pairs = task.counting(pairs)
        task.evidence = known_evidence(collection, pairs)
        unread |= (
            _contents([pair for pair in pairs if pair.grade != "alike"]) - task.evidence.keys()
        )
        groups = task.groups(pairs, store, None)
    with read_evidence_store(collection) as evidence_store:
        groups = name_edits(groups, task.contents, task.evidence, evidence_store)
    return KnownGroups(groups, len(unread))


def _read_shots(
    task: GroupingTask, pairs: list[PairResult], store: EvidenceStore, comparer: PairComparer
) -> Generator[Progress[Never], None, Shots]:
    """Read the pictures that may be in a burst, and return the pairs that are."""
    pairs = task.may_be_bursts(pairs)
    facts = yield from read_facts(sorted(_contents(pairs)), store, comparer)
    return find_shots(pairs, facts, task.contents)


def _known_shots(task: GroupingTask, pairs: list[PairResult]) -> tuple[Shots, set[bytes]]:
    """Return the pairs that are known to be bursts, without reading images, and the contents that
    must be read to know more."""
    pairs = task.may_be_bursts(pairs)
    contents = _contents(pairs)
    with read_evidence_store(task.collection) as store:
        facts = {} if store is None else store.image_facts(sorted(contents))
    return find_shots(pairs, facts, task.contents), contents - facts.keys()


def _contents(pairs: Iterable[PairResult]) -> set[bytes]:
    return {key for pair in pairs for key in (pair.first, pair.second)}


def count_compared(collection: CollectionStore) -> tuple[int, int]:
    """Return how many contents were compared so far, and how many there are."""
    total = count_contents(collection.catalog)
    with read_pair_store(collection) as store:
        return 0 if store is None else min(store.count_compared(), total), total


def known_pairs(collection: CollectionStore) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ids of the near-duplicates that were found so far."""
    return tuple((pair.a, pair.b) for group in known_groups(collection) for pair in group.pairs)


def ensure_fingerprints(
    contents: Iterable[bytes], store: PairStore, comparer: PairComparer
) -> Generator[Progress[Never]]:
    """Store the fingerprints that the pair store lacks."""
    present = store.fingerprinted()
    missing = [key for key in contents if key not in present]
    batch: list[tuple[bytes, bytes | None]] = []
    done = 0
    try:
        for fingerprint in comparer.fingerprints(missing):
            batch.append(fingerprint)
            if len(batch) >= _FINGERPRINTS:
                done += len(batch)
                store.save_fingerprints(batch)
                batch = []
                yield Progress("looking", done, len(missing))
    finally:
        store.save_fingerprints(batch)


def compare_pairs(
    pairs: Iterable[tuple[bytes, bytes]], store: PairStore, comparer: PairComparer
) -> Generator[PairResult]:
    """Yield the result of each pair. The pair store gets them all, even if the caller stops."""
    batch: list[PairResult] = []
    try:
        for result in comparer.compare_pairs(pairs):
            batch.append(result)
            yield result
            if len(batch) >= _PAIRS:
                store.save(batch, [])
                batch = []
    finally:
        store.save(batch, [])


@contextmanager
def _open_reader(
    collection: CollectionStore, address: str | None
) -> Iterator[RemoteIndexReader | None]:
    """Open a reader of the index on the engine at this address; None without an address."""
    if address is None:
        yield None
        return
    with closing(open_engine(address)) as engine:
        reader = RemoteIndexReader(collection, CodeReader(collection), engine)
        reader.searchable_rows({})  # reports an unsuitable engine before anything is compared
        yield reader


def _compare_new(
    task: GroupingTask,
    shards: PinnedShards,
    store: PairStore,
    comparer: PairComparer,
    reader: RemoteIndexReader | None,
) -> Generator[Progress[Never]]:
    """Compare every image that was not compared with its candidates.

    shards : of the moment when the task was made.
    """
    if comparer.by_keypoints:
        store.forget_without_keypoints()
    thresholds, fingerprints = store.thresholds(), store.fingerprints()
    new = {
        key for key, content in task.contents.items()
        if key in fingerprints and key not in thresholds and task.passes(content)
    }  # fmt: skip
    yield Progress("comparing", 0, len(new))
    if not new:
        return
    contents, table = feature_table(
        shards, task.contents.values(), fingerprints, projection_of(shards)
    )
    del fingerprints  # the table holds them too
    keys = [content.key for content in contents]
    known = np.array([thresholds.get(key, np.inf) for key in keys], np.float32)
    remote = None if reader is None else remote_rows(task.collection, shards, reader, contents)
    candidates = CandidateFinder(table, known, remote)
    for note in candidates.notes:
        yield Progress("comparing", 0, len(new), note)
    new_rows = np.array([row for row, key in enumerate(keys) if key in new])
    yield from _compare_rows(new_rows, keys, table, candidates, store, comparer)
    store.mark_not_compared(comparer.unreadable)


def _compare_rows(
    rows: NDArray[np.int64],
    keys: Sequence[bytes],
    table: FeatureTable,
    candidates: CandidateFinder,
    store: PairStore,
    comparer: PairComparer,
) -> Generator[Progress[Never]]:
    """Compare these rows of the table with their candidates. keys : the contents of the table."""
    rows = cluster_order(table.projected, rows)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        pairs, reached = candidates.find(table.select(batch), batch)
        todo = _not_compared(
            store, ((keys[batch[query]], keys[row]) for query, row in pairs.tolist())
        )
        for share in _compare_batch(todo, store, comparer):
            yield Progress("comparing", start + int(share * len(batch)), len(rows))
        compared = zip([keys[row] for row in batch], reached.tolist(), strict=True)
        store.save([], [item for item in compared if item[0] not in comparer.unreadable])
        yield Progress("comparing", start + len(batch), len(rows))


def _compare_batch(
    pairs: list[tuple[bytes, bytes]], store: PairStore, comparer: PairComparer
) -> Iterator[float]:
    """Compare the pairs. Yield the finished share from time to time."""
    with closing(compare_pairs(pairs, store, comparer)) as results:
        for done, _ in enumerate(results):
            if done % _PAIRS == 0:
                yield done / len(pairs)


def _not_compared(
    store: PairStore, pairs: Iterable[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Return the pairs, once each, that were not compared before."""
    unique = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
    return [pair for pair in unique if store.find(*pair) is None]
