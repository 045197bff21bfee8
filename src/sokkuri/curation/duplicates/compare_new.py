"""Compare the new images of a collection with their candidates.

Takes contents and writes to the pair store. It combines candidates.py (which pairs to compare) and
compare.py (the comparison). It compares no pair twice: a run after new images compares only those,
and a run after an interrupt continues.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Never

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.candidates import (
    BATCH,
    TINY_COLLECTION,
    CandidateFinder,
    FeatureTable,
    cluster_order,
)
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    feature_table,
    projection_of,
    remote_rows,
)
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.store.collection import CollectionStore
from sokkuri.store.snapshot import PinnedShards

_FINGERPRINTS = 256  # committed together
_PAIRS = 64  # committed together: about a second of work


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


def store_results(results: Iterable[PairResult], store: PairStore) -> Generator[PairResult]:
    """Yield the results. The pair store gets them all, even if the caller stops."""
    batch: list[PairResult] = []
    try:
        for result in results:
            batch.append(result)
            yield result
            if len(batch) >= _PAIRS:
                store.save(batch, [])
                batch = []
    finally:
        store.save(batch, [])


@contextmanager
def open_reader(
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


def compare_new(
    collection: CollectionStore,
    contents: Mapping[bytes, UniqueImage],
    passes: Callable[[UniqueImage], bool],
    shards: PinnedShards,
    store: PairStore,
    comparer: PairComparer,
    reader: RemoteIndexReader | None,
) -> Generator[Progress[Never]]:
    """Compare every image that was not compared with its candidates: a first look at each pair.

    contents : of the collection, by key. passes : whether to compare a content. shards : of the
    moment of the contents.
    """
    if comparer.by_keypoints:
        store.forget_without_keypoints()
    thresholds, fingerprints = store.thresholds(), store.fingerprints()
    new = {
        key for key, content in contents.items()
        if key in fingerprints and key not in thresholds and passes(content)
    }  # fmt: skip
    yield Progress("comparing", 0, len(new))
    if not new:
        return
    known, table = feature_table(shards, contents.values(), fingerprints, projection_of(shards))
    del fingerprints  # the table holds them too
    keys = [content.key for content in known]
    reached = np.array([thresholds.get(key, np.inf) for key in keys], np.float32)
    remote = None if reader is None else remote_rows(collection, shards, reader, known)
    candidates = CandidateFinder(table, reached, remote)
    comparer.looks_for_parts = len(keys) <= TINY_COLLECTION
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
    """Take a first look at the pairs. Yield the finished share from time to time."""
    with closing(store_results(comparer.look_at_pairs(pairs), store)) as results:
        for done, _ in enumerate(results):
            if done % _PAIRS == 0:
                yield done / len(pairs)


def _not_compared(
    store: PairStore, pairs: Iterable[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Return the pairs, once each, that were not compared before."""
    unique = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
    compared = store.compared_pairs(sorted({first for first, _ in unique}))
    return [pair for pair in unique if pair not in compared]
