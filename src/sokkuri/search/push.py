"""Brings an engine up to date with a collection: what is live is there, and nothing else.

Takes a collection and an engine; yields Progress, at last with a PushReport. The ledger (pushed.py)
says what the engine has. Before a shard's rows are sent they are noted as begun; when the engine
has a batch, it is noted as given; when it has indexed all, as found. So a kill at any moment costs
a batch at most, and the next push goes on.
"""

import json
import secrets
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Never

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import CollectionError, DamagedError, ModelMismatchError
from sokkuri.core.types import Metric, Progress
from sokkuri.search import push_log
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines import IndexInfo, VectorEngine, VectorRecord
from sokkuri.search.push_log import (
    BEGUN,
    KNOWN,
    UNFIT,
    Ledger,
    PushedReader,
    Stamps,
    bare,
    grown,
    inside,
)
from sokkuri.search.vectors import ExactIndex, VectorBlocks
from sokkuri.search.vectors.recall import measure_recall
from sokkuri.search.vectors.remote import normalise_for_engine
from sokkuri.search.vectors.row_keys import key_at, keys_of
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import try_lock
from sokkuri.store.live_rows import vector_columns

BATCH = 1000
"""Rows that an engine is given at once."""

_DELETED = 10_000  # keys that it is to forget at once
_QUERIES = 100  # to measure the recall with
_OTHERS = 0.1  # share of the rows, changed since, at which it is measured again


@dataclass(frozen=True, slots=True)
class PushReport:
    """address : without secrets. Rows of the engine that were added, updated and deleted, and those
    that were as they should be. unfit : live images whose vectors no engine can compare, such as
    zero ones; they are searched here. recall : share of the true k nearest that searches find, by
    k."""

    address: str
    added: int
    updated: int
    deleted: int
    unchanged: int
    unfit: int
    seconds: float
    recall: dict[int, float] = field(default_factory=dict)


def push(collection: CollectionStore, engine: VectorEngine) -> Generator[Progress[PushReport]]:
    """Send what is new or changed, delete what is gone, and wait until it is found.

    Raises ModelMismatchError where the engine holds vectors of another model, CollectionError where
    they are another collection's, or another push to it is under way, EngineError, StorageError.
    """
    with try_lock(collection, push_log.name_of(engine.address)) as first:
        if not first:
            raise CollectionError(
                f"another push to {engine.address} is under way: wait for it, then run again"
            )
        with push_log.opened(collection, engine.address) as ledger:
            yield from _Push(collection, engine, ledger).steps()


class _Push:
    """One run. counts : by what was done."""

    def __init__(self, collection: CollectionStore, engine: VectorEngine, ledger: Ledger) -> None:
        self._collection = collection
        self._engine = engine
        self._ledger = ledger
        self._counts = dict.fromkeys(("added", "updated", "deleted", "unchanged", "unfit"), 0)
        self._done = self._total = 0

    def steps(self) -> Generator[Progress[PushReport]]:
        began = time.monotonic()
        yield Progress("connecting", 0, 0)
        _agree(self._collection, self._engine, self._ledger)
        self._ledger.keep("address", self._engine.address)
        yield from self._shards()
        if self._counts["deleted"] or any(True for _ in self._ledger.unsettled()):
            yield Progress("indexing", self._done, self._total)
            self._engine.flush()
            self._ledger.settle()
        yield from self._measured()
        found = push_log.recall_of(self._ledger)
        report = PushReport(
            self._engine.address, **self._counts, seconds=time.monotonic() - began, recall=found
        )
        yield Progress("done", self._done, self._total, result=report)

    def _shards(self) -> Generator[Progress[Never]]:
        """Those of the collection, then what the engine has of others. Compacting, which can happen
        meanwhile, makes new ones."""
        seen: set[int] = set()
        while new := [one for one in self._collection.rows_per_shard() if one not in seen]:
            self._total = sum(self._collection.rows_per_shard().values())
            for shard in new:
                seen.add(shard)
                yield from self._shard(shard)
        gone = {*self._ledger.shards()} - {*self._collection.rows_per_shard()}
        for shard in sorted(gone):
            yield from self._shard(shard)
            self._ledger.forget(shard)

    def _shard(self, shard: int) -> Generator[Progress[Never]]:
        columns, wanted = self._wanted(shard)
        stamps = grown(self._ledger.stamps(shard), len(wanted))
        wanted = grown(wanted, len(stamps))
        send = np.flatnonzero((wanted != 0) & (bare(stamps) != wanted))
        drop = np.flatnonzero((wanted == 0) & (stamps != 0))
        same = (wanted != 0) & (bare(stamps) == wanted)
        self._counts["unfit"] += int(np.count_nonzero(same & (stamps & UNFIT != 0)))
        self._counts["unchanged"] += int(np.count_nonzero(same & (stamps & UNFIT == 0)))
        yield self._step(int(np.count_nonzero(same)))
        if not len(send) and not len(drop):
            return
        before = stamps.copy()
        stamps[send] = np.where(inside(before[send]) & (before[send] != BEGUN), KNOWN, BEGUN)
        stamps[drop] = np.where(inside(before[drop]), KNOWN, np.uint64(0))
        self._ledger.note(shard, stamps)
        for at in range(0, len(send), BATCH):
            rows = send[at : at + BATCH]
            if not self._send(shard, rows, columns, wanted, stamps):
                return  # compacted away: its successors are seen to next
            yield self._step(len(rows))
        yield from self._drop(shard, drop[inside(before[drop])], stamps)

    def _wanted(self, shard: int) -> tuple[dict[int, Sequence[Any]], Stamps]:
        """What should be in the engine of this shard: columns by row, and stamps."""
        rows = vector_columns(self._collection.catalog, shard)
        stamps = np.zeros(max(rows, default=-1) + 1, np.uint64)
        stamps[[*rows]] = [push_log.stamp_of(columns) for columns in rows.values()]
        return rows, stamps

    def _send(
        self, shard: int, rows: NDArray[np.int64], columns: dict[int, Sequence[Any]],
        wanted: Stamps, stamps: Stamps,
    ) -> bool:  # fmt: skip
        """Whether the rows were there to be sent."""
        try:
            held = self._collection.shards.features(shard, int(rows[-1]) + 1)
            vectors, good = normalise_for_engine(np.asarray(held[rows], np.float32), self._metric)
        except DamagedError:
            if shard in self._collection.rows_per_shard():
                raise
            return False
        fit, unfit = rows[good], rows[~good]
        if len(fit):
            entries = [
                VectorRecord(key_at(shard, row), *columns[row][1:-1]) for row in fit.tolist()
            ]
            self._engine.upsert(entries, vectors[good])
        known = int(np.count_nonzero(stamps[fit] == KNOWN))
        self._counts["updated"] += known
        self._counts["added"] += len(fit) - known
        self._counts["unfit"] += len(unfit)
        stale = unfit[stamps[unfit] == KNOWN]
        if len(stale):
            self._engine.delete(keys_of(shard, stale))
        stamps[fit] = wanted[fit]
        stamps[unfit] = wanted[unfit] | UNFIT
        self._ledger.note(shard, stamps)
        return True

    @property
    def _metric(self) -> Metric:
        return self._collection.model.metric

    def _drop(
        self, shard: int, rows: NDArray[np.int64], stamps: Stamps
    ) -> Iterator[Progress[Never]]:
        for at in range(0, len(rows), _DELETED):
            part = rows[at : at + _DELETED]
            self._engine.delete(keys_of(shard, part))
            self._counts["deleted"] += len(part)
            stamps[part] = 0
            self._ledger.note(shard, stamps)
            yield self._step(0)

    def _step(self, rows: int) -> Progress[Never]:
        self._done += rows
        return Progress("pushing", self._done, max(self._total, self._done))

    def _measured(self) -> Generator[Progress[Never]]:
        """Measure the recall, where that was not done or much has changed since."""
        counted = self._collection.rows_per_shard()
        there = self._counts["added"] + self._counts["updated"] + self._counts["unchanged"]
        before = int(self._ledger.about("measured") or 0)
        changed = int(self._ledger.about("changed") or 0)
        changed += self._counts["added"] + self._counts["updated"] + self._counts["deleted"]
        self._ledger.keep("changed", str(changed))
        if not there or (before and changed <= _OTHERS * before):
            return
        yield Progress("measuring", self._done, self._total)
        try:
            rows = VectorBlocks([self._collection.shards.features(*one) for one in counted.items()])
        except DamagedError:
            return  # compacted away meanwhile: the next push measures
        codes = CodeReader(self._collection)
        index, _ = PushedReader(self._collection, codes, self._engine).read(counted, rows)
        exact = ExactIndex(rows.blocks, codes.read(counted)[0])
        found = measure_recall(
            index, exact, self._collection.model.metric, index.in_engine, _QUERIES
        )
        self._ledger.keep("recall", json.dumps(found))
        self._ledger.keep("measured", str(there))
        self._ledger.keep("changed", "0")


def _agree(collection: CollectionStore, engine: VectorEngine, ledger: Ledger) -> None:
    """See that the engine holds this collection's vectors or nothing, and that the ledger is about
    what it holds."""
    mine = _identity(collection)
    holding = engine.info()
    if holding is None:
        model = collection.model
        token = f"{mine}-{secrets.token_hex(8)}"
        engine.create(IndexInfo(token, model.fingerprint, model.dimension, model.metric))
        holding = engine.info()
    _check(collection, engine, holding, mine)
    assert holding is not None
    if ledger.about("token") != holding.token:
        ledger.begin_anew(engine.keys(), holding.token)


def _check(
    collection: CollectionStore, engine: VectorEngine, holding: IndexInfo | None, mine: str
) -> None:
    if holding is None:
        raise CollectionError(f"{engine.address} was dropped at this moment: run again")
    model = collection.model
    if (holding.fingerprint, holding.metric) != (model.fingerprint, model.metric):
        raise ModelMismatchError(
            f"{engine.address} holds features of another model (fingerprint "
            f"{holding.fingerprint[:12]}), not of {model.name} ({model.fingerprint[:12]}): push to "
            "another name, or drop it first"
        )
    if holding.token.split("-")[0] != mine:
        raise CollectionError(
            f"{engine.address} holds another collection's images: push to another name, or drop it "
            "first"
        )


def _identity(collection: CollectionStore) -> str:
    """What tells this collection from all others, drawn when it is first pushed."""
    with collection.catalog.writing():
        found = collection.catalog.meta("pushed_as")
        if found is None:
            found = secrets.token_hex(8)
            collection.catalog.set_meta("pushed_as", found)
    return found
