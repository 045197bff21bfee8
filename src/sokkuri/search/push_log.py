"""The push log: what a vector engine holds of a collection. One number per row, for fast reading.

Takes a collection and an engine's address; hands on what is in the engine, and an index over it. An
SQLite file under `indexes/<model>/` for each engine. Deleting it loses nothing: the engine is asked
for its keys then, and what it holds is sent once more.

A row's number is a hash of its columns (`stamp_of`), with bits that say how it stands; what was
only begun is doubtful, and what is doubtful is searched here.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError
from sokkuri.core.types import PushedState
from sokkuri.search.code_files import CodeReader
from sokkuri.search.engines import VectorEngine
from sokkuri.search.vectors import VectorBlocks
from sokkuri.search.vectors.remote import RemoteIndex
from sokkuri.store import derived
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database
from sokkuri.store.derived import derived_folder, sqlite_version
from sokkuri.store.live_rows import live_rows_in

_VERSION = "1"
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shards (shard INTEGER PRIMARY KEY, rows BLOB NOT NULL)
"""

Stamps = NDArray[np.uint64]
"""A number for each row of a shard : (N,). 0 : it is not in the engine."""

FOUND = np.uint64(1)
"""This bit says that the engine's searches find it."""

UNFIT = np.uint64(2)
"""This bit says that the engine cannot hold it."""

BEGUN, KNOWN = np.uint64(4), np.uint64(8)
"""What the engine may hold or not, and what it may hold another version of."""

_BITS = np.uint64(15)
_STAMP = 1 << 63  # in every hash, which so differs from all of the above


def stamp_of(columns: Sequence[Any]) -> int:
    """A hash of a row's columns, with room for the bits."""
    text = "\0".join(map(str, columns)).encode("utf-8", "surrogateescape")
    return (xxhash.xxh3_64_intdigest(text) | _STAMP) & ~int(_BITS)


def bare(stamps: Stamps) -> Stamps:
    """Return the hashes without the flags."""
    return stamps & ~_BITS


def inside(stamps: Stamps) -> NDArray[np.bool_]:
    """Return which rows the engine holds, or may hold : (N,) bool."""
    found: NDArray[np.bool_] = (stamps != 0) & (stamps & UNFIT == 0)
    return found


class Ledger:
    """An open ledger. `opened` gives one."""

    def __init__(self, tables: Database) -> None:
        self._tables = tables

    def about(self, key: str) -> str:
        """ "" where nothing is known. `token` : of the Holding that this is about. `moment` : drawn
        when what is found became other."""
        row = self._tables.one("SELECT value FROM about WHERE key = ?", [key])
        return "" if row is None else str(row[0])

    def keep(self, key: str, value: str) -> None:
        self._tables.run("INSERT OR REPLACE INTO about VALUES (?, ?)", [key, value])

    def shards(self) -> list[int]:
        return [shard for (shard,) in self._tables.all("SELECT shard FROM shards ORDER BY shard")]

    def stamps(self, shard: int) -> Stamps:
        """Of its rows as far as any was given to the engine; a copy."""
        row = self._tables.one("SELECT rows FROM shards WHERE shard = ?", [shard])
        return np.array(np.frombuffer(b"" if row is None else row[0], "<u8"), np.uint64)

    def note(self, shard: int, stamps: Stamps) -> None:
        """Store the row hashes of a shard."""
        data = stamps.astype("<u8").tobytes()
        self._tables.run("INSERT OR REPLACE INTO shards VALUES (?, ?)", [shard, data])

    def forget(self, shard: int) -> None:
        self._tables.run("DELETE FROM shards WHERE shard = ?", [shard])

    def settle(self) -> None:
        """Mark every row that was sent as found by the engine's searches."""
        with self._tables.writing():
            self.keep("moment", secrets.token_hex(8))
            for shard, stamps in self.unsettled():
                whole = bare(stamps) != 0
                self.note(shard, np.where(whole & inside(stamps), stamps | FOUND, stamps))

    def unsettled(self) -> Iterator[tuple[int, Stamps]]:
        """Shards with rows that the engine was given, but that searches may not find yet."""
        for shard in self.shards():
            stamps = self.stamps(shard)
            if (inside(stamps) & (stamps & FOUND == 0)).any():
                yield shard, stamps

    def begin_anew(self, parts: Iterator[NDArray[np.int64]], token: str) -> None:
        """Forget everything except that the engine holds these keys : (M,) each."""
        with self._tables.writing():
            self._tables.run("DELETE FROM about")
            self._tables.run("DELETE FROM shards")
        for keys in parts:
            with self._tables.writing():
                for shard in np.unique(keys >> 32).tolist():
                    rows = keys[keys >> 32 == shard] & (2**32 - 1)
                    stamps = grown(self.stamps(shard), int(rows.max()) + 1)
                    stamps[rows] = KNOWN
                    self.note(shard, stamps)
        self.keep("token", token)


def grown(stamps: Stamps, rows: int) -> Stamps:
    """Return the hashes, padded with 0 to at least so many rows."""
    return np.pad(stamps, (0, max(0, rows - len(stamps))))


def name_of(address: str) -> str:
    """What files about this engine are called. address : without secrets."""
    return f"pushed-{xxhash.xxh3_64_hexdigest(address.encode())}"


@contextmanager
def opened(collection: CollectionStore, address: str) -> Iterator[Ledger]:
    """The ledger for this engine, made where there is none to be used. Raises StorageError."""
    with derived.open_or_rebuild(
        _place(collection, address), _kept(collection), _SCHEMA.strip()
    ) as tables:
        yield Ledger(tables)


@contextmanager
def read(collection: CollectionStore, place: Path) -> Iterator[Ledger | None]:
    """The same without writing anything; None where there is none."""
    with derived.open_readonly(place, _kept(collection)) as tables:
        yield None if tables is None else Ledger(tables)


def _place(collection: CollectionStore, address: str) -> Path:
    return derived_folder(collection) / f"{name_of(address)}.sqlite"


def _kept(collection: CollectionStore) -> dict[str, str]:
    return {"version": _VERSION, "fingerprint": collection.model.fingerprint}


def doubt(collection: CollectionStore, shard: int) -> None:
    """This shard's rows are others from now on: what engines hold of it is not to be trusted."""
    for place in sorted(derived_folder(collection).glob("pushed-*.sqlite")):
        with derived.open_or_rebuild(place, _kept(collection), _SCHEMA.strip()) as tables:
            ledger = Ledger(tables)
            stamps = ledger.stamps(shard)
            if len(stamps):
                with tables.writing():
                    ledger.note(shard, np.where(stamps != 0, KNOWN, stamps))
                    ledger.keep("moment", secrets.token_hex(8))


def pushed_states(collection: CollectionStore) -> tuple[PushedState, ...]:
    """Return the state of each engine that the collection was pushed to."""
    found = []
    for place in sorted(derived_folder(collection).glob("pushed-*.sqlite")):
        with read(collection, place) as ledger:
            if ledger is not None and ledger.about("token"):
                found.append(_state(collection, ledger))
    return tuple(found)


def _state(collection: CollectionStore, ledger: Ledger) -> PushedState:
    held = behind = 0
    counted = collection.rows_per_shard()
    for shard in {*counted, *ledger.shards()}:
        stamps = grown(ledger.stamps(shard), counted.get(shard, 0))
        rows = live_rows_in(collection.catalog, shard)
        live = np.zeros(len(stamps), bool)
        live[rows] = True
        there = stamps & FOUND != 0
        held += int(np.count_nonzero(there))
        behind += int(np.count_nonzero(live & ~there & (stamps & UNFIT == 0)))
        behind += int(np.count_nonzero(~live & inside(stamps)))
    return PushedState(ledger.about("address"), held, behind, recall_of(ledger))


def recall_of(ledger: Ledger) -> dict[int, float]:
    """Return the measured recall by k; empty if it was not measured."""
    kept: Mapping[str, float] = json.loads(ledger.about("recall") or "{}")
    return {int(k): float(share) for k, share in kept.items()}


class PushedReader:
    """Opens indexes over what an engine holds of a collection."""

    def __init__(
        self, collection: CollectionStore, codes: CodeReader, engine: VectorEngine
    ) -> None:
        self._collection = collection
        self._codes = codes
        self.engine = engine
        self._ledger = _place(collection, engine.address)
        self._seen: tuple[object, str] = (None, "")

    @property
    def current(self) -> str:
        """Differs when there is something new."""
        stamp = sqlite_version(self._ledger)
        if stamp != self._seen[0]:  # which every batch of a push changes
            with read(self._collection, self._ledger) as ledger:
                moment = "" if ledger is None else ledger.about("token") + ledger.about("moment")
            self._seen = (stamp, moment)
        return self._seen[1]

    def found(self, counted: Mapping[int, int]) -> tuple[NDArray[np.bool_], dict[int, float]]:
        """Which rows of the given shards the engine's searches find : (N,). And their recall by k.
        Raises EngineError where it does not answer, or holds nothing of this collection."""
        address = self.engine.address
        with read(self._collection, self._ledger) as ledger:
            token = "" if ledger is None else ledger.about("token")
            holding = self.engine.info()
            if ledger is None or not token or holding is None or holding.token != token:
                raise EngineError(
                    f"{address} holds nothing of {self._collection.store}: run `sokkuri push` to it"
                )
            parts = [
                grown(ledger.stamps(shard), held)[:held] & FOUND != 0
                for shard, held in counted.items()
            ]
            return np.concatenate([np.empty(0, bool), *parts]), recall_of(ledger)

    def read(
        self, counted: Mapping[int, int], rows: VectorBlocks
    ) -> tuple[RemoteIndex, Mapping[int, float]]:
        """The index over the given shards and rows, with its recall by k. Raises as `found`."""
        pushed, recall = self.found(counted)
        starts = rows.starts[:-1].tolist()
        lacking = {  # shards that are searched here
            shard: 0 if pushed[start : start + held].all() else held
            for (shard, held), start in zip(counted.items(), starts, strict=True)
        }
        codes, _ = self._codes.read(lacking)
        metric = self._collection.model.metric
        return RemoteIndex(rows, list(counted), pushed, codes, self.engine, metric), recall
