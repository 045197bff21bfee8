"""The push log: what each vector engine holds of a collection, one number for each row.

Takes a collection and the address of an engine; returns the log, an index over the engine, and the
state of all engines. There is an SQLite file under `indexes/<model>/` for each engine. If it is
deleted, nothing is lost: the next push asks the engine for its keys and sends all rows again.

A row's number is a hash of its columns (`row_hash`) with the flags of `RowState`. A row whose work
was begun but not finished has flags and no hash. Searches compare all rows on this machine that
are not flagged as searchable in the engine.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntFlag
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import PushedState
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines import VectorEngine
from sokkuri.search.push_identity import owns
from sokkuri.search.vectors import VectorBlocks
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store import derived
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database
from sokkuri.store.derived import derived_folder
from sokkuri.store.live_rows import live_rows_in
from sokkuri.store.unwritable import sqlite_version

_VERSION = "1"
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shards (shard INTEGER PRIMARY KEY, rows BLOB NOT NULL)
""".strip()

RowHashes = NDArray[np.uint64]
"""A number for each row of a shard : (N,) uint64. 0 : the engine does not hold the row."""


class RowState(IntFlag):
    """The flags in the lowest bits of a row's number. The values are those on disk."""

    SEARCHABLE = 1  # the engine's searches return it
    UNFIT = 2  # the engine cannot hold it
    MAYBE_PRESENT = 4  # being added: the engine may hold it or not
    OUTDATED = 8  # being replaced or deleted: the engine may hold an older version


_FLAGS = np.uint64(15)
_HASH_BIT = 1 << 63  # set in every hash, so no hash is 0


def row_hash(columns: Sequence[Any]) -> int:
    """Return a hash of a row's columns whose lowest four bits are free for flags."""
    text = "\0".join(map(str, columns)).encode("utf-8", "surrogateescape")
    return (xxhash.xxh3_64_intdigest(text) | _HASH_BIT) & ~int(_FLAGS)


def without_flags(row_hashes: RowHashes) -> RowHashes:
    """Return the hashes without their flags; 0 for rows without a hash."""
    return row_hashes & ~_FLAGS


def has_state(row_hashes: RowHashes, state: RowState) -> NDArray[np.bool_]:
    """Return which rows have this flag : (N,) bool."""
    flagged: NDArray[np.bool_] = row_hashes & np.uint64(state) != 0
    return flagged


def is_present(row_hashes: RowHashes) -> NDArray[np.bool_]:
    """Return which rows the engine holds, or may hold : (N,) bool."""
    present: NDArray[np.bool_] = (row_hashes != 0) & ~has_state(row_hashes, RowState.UNFIT)
    return present


def padded_to(row_hashes: RowHashes, rows: int) -> RowHashes:
    """Return the hashes, padded with 0 to at least this many rows."""
    return np.pad(row_hashes, (0, max(0, rows - len(row_hashes))))


class PushLog:
    """The open log of one engine. `open_push_log` returns one."""

    def __init__(self, tables: Database) -> None:
        self._tables = tables

    def get_meta(self, key: str) -> str:
        """Return a value of the log, "" if there is none.

        Keys: `address` of the engine, without secrets. `token` : of the IndexInfo that the log
        belongs to. `moment` : a random text that changes with what searches return. `recall` : see
        `recall`. `measured`, `changed` : rows in the engine when the recall was measured, and rows
        that changed since.
        """
        row = self._tables.fetch_one("SELECT value FROM about WHERE key = ?", [key])
        return "" if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Store a value under one of the keys of `get_meta`."""
        self._tables.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [key, value])

    def recall(self) -> dict[int, float]:
        """Return the measured recall by k; empty if it was not measured."""
        recall: Mapping[str, float] = json.loads(self.get_meta("recall") or "{}")
        return {int(k): float(share) for k, share in recall.items()}

    def shards(self) -> list[int]:
        """Return the shards of which the engine got rows."""
        return [
            shard for (shard,) in self._tables.fetch_all("SELECT shard FROM shards ORDER BY shard")
        ]

    def row_hashes(self, shard: int) -> RowHashes:
        """Return a copy of the shard's hashes, up to the last row that the engine got."""
        row = self._tables.fetch_one("SELECT rows FROM shards WHERE shard = ?", [shard])
        return np.array(np.frombuffer(b"" if row is None else row[0], "<u8"), np.uint64)

    def save_row_hashes(self, shard: int, row_hashes: RowHashes) -> None:
        """Store the hashes of a shard."""
        data = row_hashes.astype("<u8").tobytes()
        self._tables.execute("INSERT OR REPLACE INTO shards VALUES (?, ?)", [shard, data])

    def delete_shard(self, shard: int) -> None:
        """Delete the hashes of a shard."""
        self._tables.execute("DELETE FROM shards WHERE shard = ?", [shard])

    def mark_searchable(self) -> None:
        """Record that the engine's searches return all rows that it was sent."""
        with self._tables.writing():
            self.set_meta("moment", secrets.token_hex(8))
            for shard, row_hashes in self.shards_to_flush():
                sent = is_present(row_hashes) & (without_flags(row_hashes) != 0)
                row_hashes[sent] |= np.uint64(RowState.SEARCHABLE)
                self.save_row_hashes(shard, row_hashes)

    def shards_to_flush(self) -> Iterator[tuple[int, RowHashes]]:
        """Yield the shards with rows that the engine got and searches may not return yet."""
        for shard in self.shards():
            row_hashes = self.row_hashes(shard)
            if (is_present(row_hashes) & ~has_state(row_hashes, RowState.SEARCHABLE)).any():
                yield shard, row_hashes

    def reset(self, key_parts: Iterator[NDArray[np.int64]], token: str) -> None:
        """Forget everything; record only that the engine holds these keys : (M,) each."""
        with self._tables.writing():
            self._tables.execute("DELETE FROM about")
            self._tables.execute("DELETE FROM shards")
        for keys in key_parts:
            with self._tables.writing():
                for shard in np.unique(keys >> 32).tolist():
                    rows = keys[keys >> 32 == shard] & (2**32 - 1)
                    row_hashes = padded_to(self.row_hashes(shard), int(rows.max()) + 1)
                    row_hashes[rows] = RowState.OUTDATED
                    self.save_row_hashes(shard, row_hashes)
        self.set_meta("token", token)


def log_name(address: str) -> str:
    """Return the name of files about the engine with this address, which has no secrets."""
    return f"pushed-{xxhash.xxh3_64_hexdigest(address.encode())}"


@contextmanager
def open_push_log(collection: CollectionStore, address: str) -> Iterator[PushLog]:
    """Open the log of this engine; create it if there is none or if it is damaged. Raises
    StorageError."""
    with _open_log(collection, _log_path(collection, address)) as log:
        yield log


@contextmanager
def _open_log(collection: CollectionStore, path: Path) -> Iterator[PushLog]:
    with derived.open_or_rebuild(path, _log_identity(collection), _SCHEMA) as tables:
        yield PushLog(tables)


@contextmanager
def _read_log(collection: CollectionStore, path: Path) -> Iterator[PushLog | None]:
    """Open a log without writing to it; yield None if there is none."""
    with derived.open_readonly(path, _log_identity(collection)) as tables:
        yield None if tables is None else PushLog(tables)


def _log_path(collection: CollectionStore, address: str) -> Path:
    return derived_folder(collection) / f"{log_name(address)}.sqlite"


def _log_paths(collection: CollectionStore) -> list[Path]:
    """Return the paths of the logs of all engines."""
    return sorted(derived_folder(collection).glob("pushed-*.sqlite"))


def _log_identity(collection: CollectionStore) -> dict[str, str]:
    """Return what a log must be made for: a log with other values is rebuilt."""
    return {"version": _VERSION, "fingerprint": collection.model.fingerprint}


def pushed_addresses(collection: CollectionStore) -> list[str]:
    """Return the address of each engine that the collection was pushed to."""
    addresses = []
    for path in _log_paths(collection):
        with _read_log(collection, path) as log:
            if log is not None and owns(collection, log.get_meta("token")):
                addresses.append(log.get_meta("address"))
    return addresses


def pushed_states(collection: CollectionStore) -> tuple[PushedState, ...]:
    """Return the state of each engine that the collection was pushed to."""
    states = []
    for path in _log_paths(collection):
        with _read_log(collection, path) as log:
            if log is not None and owns(collection, log.get_meta("token")):
                states.append(_state(collection, log))
    return tuple(states)


def _state(collection: CollectionStore, log: PushLog) -> PushedState:
    in_engine = behind = 0
    rows_per_shard = collection.rows_per_shard()
    for shard in {*rows_per_shard, *log.shards()}:
        row_hashes = padded_to(log.row_hashes(shard), rows_per_shard.get(shard, 0))
        live = np.zeros(len(row_hashes), bool)
        live[live_rows_in(collection.catalog, shard)] = True
        searchable = has_state(row_hashes, RowState.SEARCHABLE)
        unfit = has_state(row_hashes, RowState.UNFIT)
        in_engine += int(np.count_nonzero(searchable))
        behind += int(np.count_nonzero(live & ~searchable & ~unfit))
        behind += int(np.count_nonzero(~live & is_present(row_hashes)))
    return PushedState(log.get_meta("address"), in_engine, behind, log.recall())


class RemoteIndexReader:
    """Opens indexes over the rows that an engine holds of a collection."""

    def __init__(
        self, collection: CollectionStore, codes: CodeReader, engine: VectorEngine
    ) -> None:
        self._collection = collection
        self._codes = codes
        self.engine = engine
        self._last_read: tuple[object, str] = (None, "")  # version of the file, moment

    @property
    def _log_path(self) -> Path:
        return _log_path(self._collection, self.engine.address)  # of the present model

    @property
    def current(self) -> str:
        """A text that changes when the engine's searches return other rows."""
        version = sqlite_version(self._log_path)
        if version != self._last_read[0]:  # every batch of a push changes the file
            with _read_log(self._collection, self._log_path) as log:
                moment = "" if log is None else log.get_meta("token") + log.get_meta("moment")
            self._last_read = (version, moment)
        return self._last_read[1]

    def searchable_rows(
        self, rows_per_shard: Mapping[int, int]
    ) -> tuple[NDArray[np.bool_], dict[int, float]]:
        """Return which rows of these shards the engine's searches return : (N,) bool, and their
        recall by k.

        Raises EngineError if the engine does not answer, or holds nothing of this collection.
        """
        address = self.engine.address
        with _read_log(self._collection, self._log_path) as log:
            token = "" if log is None else log.get_meta("token")
            info = self.engine.info()
            if (
                log is None
                or info is None
                or info.token != token
                or not owns(self._collection, token)
            ):
                raise EngineError(
                    f"{address} holds nothing of {self._collection.store}: run `sokkuri push` to it"
                )
            parts = [
                has_state(padded_to(log.row_hashes(shard), count)[:count], RowState.SEARCHABLE)
                for shard, count in rows_per_shard.items()
            ]
            return np.concatenate([np.empty(0, bool), *parts]), log.recall()

    def read(
        self, rows_per_shard: Mapping[int, int], rows: VectorBlocks
    ) -> tuple[RemoteIndex, Mapping[int, float]]:
        """Return the index over these shards and their rows, and its recall by k. Raises as
        `searchable_rows`."""
        in_engine, recall = self.searchable_rows(rows_per_shard)
        starts = rows.numbers.starts[:-1].tolist()
        coded = {  # codes are needed for shards that the engine does not hold whole
            shard: 0 if in_engine[start : start + count].all() else count
            for (shard, count), start in zip(rows_per_shard.items(), starts, strict=True)
        }
        codes, _ = self._codes.read(coded)
        metric = self._collection.model.metric
        return RemoteIndex(rows, in_engine, codes, self.engine, metric), recall
