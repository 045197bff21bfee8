"""Bring a vector engine up to date with a collection: it holds the live images and nothing else.

Takes a collection and an engine; yields Progress, the last one with a PushReport. The push log
(push_log.py) records what the engine holds. Before rows of a shard are sent, the log marks them as
begun. When the engine has acknowledged a batch, the log gets its hashes. When the engine has
indexed everything, the log marks all rows as searchable. So a kill at any moment costs one batch at
most, and the next push goes on from there.
"""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Never

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import CollectionError, DamagedError, ModelMismatchError
from sokkuri.core.types import Metric, Progress
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines import IndexInfo, VectorEngine, VectorRecord
from sokkuri.search.push_identity import new_token, owns, push_identity, was_copied_from
from sokkuri.search.push_log import (
    PushLog,
    RemoteIndexReader,
    RowHashes,
    RowState,
    has_state,
    is_present,
    log_name,
    open_push_log,
    padded_to,
    row_hash,
    without_flags,
)
from sokkuri.search.vectors import ExactIndex, VectorBlocks
from sokkuri.search.vectors.recall import measure_recall
from sokkuri.search.vectors.remote import normalise_for_engine
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import try_lock
from sokkuri.store.live_rows import vector_columns
from sokkuri.store.read_rows import damaged_row_error, unsound_rows
from sokkuri.store.row_numbers import row_keys

BATCH = 1000
"""Rows in one message to the engine."""

_DELETE_BATCH = 10_000  # keys in one message to the engine
_QUERIES = 100  # for measuring the recall
_CHANGED_SHARE = 0.1  # of the rows, since the last measurement: the recall is measured again


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did. address : without secrets. added, updated, deleted : rows that the push
    changed in the engine. unchanged : rows that were up to date. unfit : live images whose vectors
    no engine can compare, such as zero vectors; searches compare them on this machine. recall : by
    k, the share of the true k nearest that searches return."""

    address: str
    added: int
    updated: int
    deleted: int
    unchanged: int
    unfit: int
    seconds: float
    recall: dict[int, float] = field(default_factory=dict)


def push(collection: CollectionStore, engine: VectorEngine) -> Generator[Progress[PushReport]]:
    """Send new and changed rows, delete rows that are gone, and wait until all are searchable.

    Raises ModelMismatchError if the engine holds vectors of another model. Raises CollectionError
    if it holds another collection's images, or if another push to it is running. Raises
    DamagedRowError for a damaged vector, ModelReplacedError, EngineError, StorageError.
    """
    with try_lock(collection, log_name(engine.address)) as is_locked:
        if not is_locked:
            raise CollectionError(
                f"another push to {engine.address} is running: wait for it, then run again"
            )
        with open_push_log(collection, engine.address) as log:
            yield from _Push(collection, engine, log).steps()


class _Push:
    """One run of `push`."""

    def __init__(self, collection: CollectionStore, engine: VectorEngine, log: PushLog) -> None:
        self._collection = collection
        self._engine = engine
        self._log = log
        self._counts = dict.fromkeys(("added", "updated", "deleted", "unchanged", "unfit"), 0)
        self._done = self._total = 0

    def steps(self) -> Generator[Progress[PushReport]]:
        """Run the push; yield its progress."""
        began = time.monotonic()
        yield Progress("connecting", 0, 0)
        _prepare_engine(self._collection, self._engine, self._log)
        self._log.set_meta("address", self._engine.address)
        yield from self._push_shards()
        if self._counts["deleted"] or any(True for _ in self._log.shards_to_flush()):
            yield Progress("indexing", self._done, self._total)
            self._engine.flush()
            self._log.mark_searchable()
        yield from self._update_recall()
        report = PushReport(
            self._engine.address,
            **self._counts,
            seconds=time.monotonic() - began,
            recall=self._log.recall(),
        )
        yield Progress("done", self._done, self._total, result=report)

    def _push_shards(self) -> Generator[Progress[Never]]:
        """Push the shards of the collection, then delete the rows of shards that are gone.

        `compact`, which may run at the same time, replaces shards by new ones.
        """
        pushed: set[int] = set()
        while new := [shard for shard in self._collection.rows_per_shard() if shard not in pushed]:
            self._total = sum(self._collection.rows_per_shard().values())
            for shard in new:
                pushed.add(shard)
                yield from self._push_shard(shard)
        gone = {*self._log.shards()} - {*self._collection.rows_per_shard()}
        for shard in sorted(gone):
            yield from self._push_shard(shard)
            self._log.delete_shard(shard)

    def _push_shard(self, shard: int) -> Generator[Progress[Never]]:
        """Add, update and delete the rows of a shard in the engine."""
        self._collection.check_generation()  # the engine takes vectors of one model only
        columns, live_hashes = self._live_rows(shard)
        logged = padded_to(self._log.row_hashes(shard), len(live_hashes))
        live_hashes = padded_to(live_hashes, len(logged))
        is_live = live_hashes != 0
        unchanged = is_live & (without_flags(logged) == live_hashes)
        unfit = has_state(logged, RowState.UNFIT)
        self._counts["unfit"] += int(np.count_nonzero(unchanged & unfit))
        self._counts["unchanged"] += int(np.count_nonzero(unchanged & ~unfit))
        yield self._progress(int(np.count_nonzero(unchanged)))
        to_send = np.flatnonzero(is_live & ~unchanged)
        to_delete = np.flatnonzero(~is_live & (logged != 0))
        if not len(to_send) and not len(to_delete):
            return
        in_engine = is_present(logged)
        marked = _mark_begun(logged, to_send, to_delete)
        self._log.save_row_hashes(shard, marked)
        for start in range(0, len(to_send), BATCH):
            rows = to_send[start : start + BATCH]
            if not self._send(shard, rows, columns, live_hashes, marked):
                return  # compacted away: the shards that replace it are pushed next
            yield self._progress(len(rows))
        yield from self._delete(shard, to_delete[in_engine[to_delete]], marked)

    def _live_rows(self, shard: int) -> tuple[dict[int, Sequence[Any]], RowHashes]:
        """Return the columns of the shard's live images by row, and their hashes : (N,) uint64, 0
        for other rows."""
        columns = vector_columns(self._collection.catalog, shard)
        row_hashes = np.zeros(max(columns, default=-1) + 1, np.uint64)
        row_hashes[[*columns]] = [row_hash(values) for values in columns.values()]
        return columns, row_hashes

    def _send(
        self, shard: int, rows: NDArray[np.int64], columns: dict[int, Sequence[Any]],
        live_hashes: RowHashes, logged: RowHashes,
    ) -> bool:  # fmt: skip
        """Send rows, and save their hashes in `logged` and in the log. Return False if the shard
        was compacted away."""
        try:
            stored = self._collection.shards.map_rows(shard, int(rows[-1]) + 1)[rows]
        except DamagedError:
            if shard in self._collection.rows_per_shard():
                raise
            return False
        for number in unsound_rows(stored, [columns[row][-1] for row in rows.tolist()])[:1]:
            raise damaged_row_error(columns[int(rows[number])][1])
        vectors, usable = normalise_for_engine(np.asarray(stored, np.float32), self._metric)
        fit, unfit = rows[usable], rows[~usable]
        if len(fit):
            records = [
                VectorRecord(key, *columns[row][1:-1])
                for key, row in zip(row_keys(shard, fit).tolist(), fit.tolist(), strict=True)
            ]
            self._engine.upsert(records, vectors[usable])
        updated = int(np.count_nonzero(logged[fit] == RowState.OUTDATED))
        self._counts["updated"] += updated
        self._counts["added"] += len(fit) - updated
        self._counts["unfit"] += len(unfit)
        outdated = unfit[logged[unfit] == RowState.OUTDATED]
        if len(outdated):
            self._engine.delete(row_keys(shard, outdated))
        logged[fit] = live_hashes[fit]
        logged[unfit] = live_hashes[unfit] | np.uint64(RowState.UNFIT)
        self._log.save_row_hashes(shard, logged)
        return True

    @property
    def _metric(self) -> Metric:
        return self._collection.model.metric

    def _delete(
        self, shard: int, rows: NDArray[np.int64], logged: RowHashes
    ) -> Iterator[Progress[Never]]:
        """Delete rows from the engine, from `logged` and from the log."""
        for start in range(0, len(rows), _DELETE_BATCH):
            batch = rows[start : start + _DELETE_BATCH]
            self._engine.delete(row_keys(shard, batch))
            self._counts["deleted"] += len(batch)
            logged[batch] = 0
            self._log.save_row_hashes(shard, logged)
            yield self._progress(0)

    def _progress(self, rows: int) -> Progress[Never]:
        """Count rows as done; return the progress."""
        self._done += rows
        return Progress("pushing", self._done, max(self._total, self._done))

    def _update_recall(self) -> Generator[Progress[Never]]:
        """Measure the recall if it was never measured, or if many rows changed since."""
        in_engine = self._counts["added"] + self._counts["updated"] + self._counts["unchanged"]
        measured_rows = int(self._log.get_meta("measured") or 0)
        changed = int(self._log.get_meta("changed") or 0)
        changed += self._counts["added"] + self._counts["updated"] + self._counts["deleted"]
        self._log.set_meta("changed", str(changed))
        if not in_engine or (measured_rows and changed <= _CHANGED_SHARE * measured_rows):
            return
        rows_per_shard = self._collection.rows_per_shard()
        yield Progress("measuring", self._done, self._total)
        try:
            rows = VectorBlocks.from_shards(self._collection.shards, rows_per_shard)
        except DamagedError:
            if rows_per_shard.keys() <= self._collection.rows_per_shard().keys():
                raise
            return  # a shard was compacted away in the meantime: the next push measures
        recall = self._measure_recall(rows_per_shard, rows)
        if recall is None:
            return  # all shards were compacted away in the meantime: the next push measures
        self._log.set_meta("recall", json.dumps(recall))
        self._log.set_meta("measured", str(in_engine))
        self._log.set_meta("changed", "0")

    def _measure_recall(
        self, rows_per_shard: dict[int, int], rows: VectorBlocks
    ) -> dict[int, float] | None:
        """Return the recall of the engine's searches by k, compared with the exact search; None if
        the engine has none of these rows."""
        codes = CodeReader(self._collection)
        reader = RemoteIndexReader(self._collection, codes, self._engine)
        index, _ = reader.read(rows_per_shard, rows)
        if not index.in_engine.any():
            return None
        exact = ExactIndex(rows.blocks, codes.read(rows_per_shard)[0])
        return measure_recall(index, exact, self._metric, index.in_engine, _QUERIES)


def _mark_begun(
    logged: RowHashes, to_send: NDArray[np.int64], to_delete: NDArray[np.int64]
) -> RowHashes:
    """Return a copy of the hashes in which the rows to send and to delete are marked as begun."""
    in_engine = is_present(logged)
    is_update = in_engine[to_send] & (logged[to_send] != RowState.MAYBE_PRESENT)
    marked = logged.copy()
    marked[to_send] = np.where(is_update, RowState.OUTDATED, RowState.MAYBE_PRESENT)
    marked[to_delete] = np.where(in_engine[to_delete], RowState.OUTDATED, 0)
    return marked


def _prepare_engine(collection: CollectionStore, engine: VectorEngine, log: PushLog) -> None:
    """Create the collection in the engine if there is none, check that it belongs to this
    collection, and reset the log if it is about another one."""
    info = engine.info()
    if info is None:
        model = collection.model
        token = new_token(push_identity(collection))
        engine.create(IndexInfo(token, model.fingerprint, model.dimension, model.metric))
        info = engine.info()
    if info is None:
        raise CollectionError(f"{engine.address} was dropped at this moment: run again")
    _check_info(collection, engine, info)
    push_identity(collection)  # of an older version: it gets the number of its file
    if log.get_meta("token") != info.token:
        log.reset(engine.keys(), info.token)


def _check_info(collection: CollectionStore, engine: VectorEngine, info: IndexInfo) -> None:
    """Raise if the engine holds vectors of another model or of another collection."""
    model = collection.model
    if (info.fingerprint, info.metric) != (model.fingerprint, model.metric):
        raise ModelMismatchError(
            f"{engine.address} holds vectors of another model (fingerprint "
            f"{info.fingerprint[:12]}), not of {model.name} ({model.fingerprint[:12]}): push to "
            "another name, or drop it first"
        )
    if was_copied_from(collection, info.token):
        raise CollectionError(
            f"{engine.address} holds the images of another copy of {collection.store}, or this one "
            "was moved to another disk or came from a backup: push to another name, or drop it "
            "first"
        )
    if not owns(collection, info.token):
        raise CollectionError(
            f"{engine.address} holds another collection's images: push to another name, or drop it "
            "first"
        )
