"""The catalog: an SQLite ledger with one row an image, and the only truth about which rows count.

Opens, creates and migrates the file, runs transactions, and answers questions about images. What
changes images lives with its reason: changes.py (the folder changed), claims.py (who works on
what), writer.py (results came in).

An image is *live* when it has a row and is neither removed nor missing. `todo` says that its file
must be read; `missing` is the run that found the file gone; `deaths` counts the processes that died
with it in hand.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sokkuri.core.errors import CollectionError, DamagedError, StorageError, UnfinishedError
from sokkuri.core.types import Decoding, Failure, FileStat, ImageRecord, Metric, RowRef

SCHEMA_VERSION = 1
_ROWS_AT_ONCE = 400  # two parameters each: SQLite takes 999 in any build
_AGAIN_SECONDS = 0.01
_BUSY_SECONDS = 120  # longer than any transaction: millions of new images are one insert

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE models (
  model INTEGER PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE,
  dimension INTEGER NOT NULL, metric TEXT NOT NULL, decode TEXT NOT NULL, source TEXT NOT NULL
);
CREATE TABLE shards (
  shard INTEGER PRIMARY KEY AUTOINCREMENT,
  model INTEGER NOT NULL REFERENCES models,
  rows INTEGER NOT NULL DEFAULT 0,
  stale_ids INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE images (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  digest BLOB, width INTEGER, height INTEGER,
  model INTEGER REFERENCES models, shard INTEGER, row INTEGER, checksum INTEGER,
  stage TEXT, reason TEXT,
  todo INTEGER NOT NULL DEFAULT 1,
  removed INTEGER NOT NULL DEFAULT 0,
  missing INTEGER,
  claim INTEGER,
  deaths INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX images_by_row ON images (shard, row) WHERE shard IS NOT NULL;
CREATE INDEX images_by_digest ON images (digest) WHERE shard IS NOT NULL;
CREATE INDEX images_open ON images (key)
  WHERE todo = 1 AND claim IS NULL AND missing IS NULL AND removed = 0;
CREATE INDEX images_claimed ON images (claim) WHERE claim IS NOT NULL;
CREATE INDEX images_failed ON images (key) WHERE stage IS NOT NULL;
CREATE TABLE runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  host TEXT NOT NULL, pid INTEGER NOT NULL, born REAL NOT NULL, expires REAL NOT NULL
);
"""

LIVE = "shard IS NOT NULL AND removed = 0 AND missing IS NULL"
"""The SQL condition for an image that searches may find."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """The model whose features the collection holds; `source` is what finds it again:
    a known name, or the path of an ONNX file or card."""

    name: str
    fingerprint: str
    dimension: int
    metric: Metric
    decode: Decoding
    source: str


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A shard as the catalog counts it: rows beyond `rows` do not exist."""

    shard: int
    rows: int
    stale_ids: bool


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image as the catalog knows it."""

    key: int
    id: str
    path: str
    stat: FileStat
    at: RowRef | None
    live: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Images by what became of them."""

    live: int
    failed: int
    removed: int
    missing: int
    todo: int


def as_text(value: str) -> bytes:
    """For `CAST(? AS TEXT)`: keeps file names that are not UTF-8 (PEP 383)."""
    return value.encode("utf-8", "surrogateescape")


def _from_text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


class Catalog:
    """A connection to one catalog file. Not shared between threads unless said so."""

    def __init__(self, connection: sqlite3.Connection, where: Path) -> None:
        self._connection = connection
        self.where = where
        connection.text_factory = _from_text

    @classmethod
    def create(cls, path: Path) -> "Catalog":
        """Create the file, or open it where another process was quicker."""
        catalog = cls.connect(path, "mode=rwc")
        with catalog.writing():
            if not catalog.has_table("meta"):
                _apply_schema(catalog)
        _check_version(catalog)
        return catalog

    @classmethod
    def open(
        cls, path: Path, mode: Literal["ro", "rw"] = "rw", *, threads: bool = False
    ) -> "Catalog":
        """Open an existing catalog. `threads`: the caller guards it with a lock of its own."""
        try:
            catalog = cls.connect(path, f"mode={mode}", threads=threads)
            _check_version(catalog)
        except StorageError:
            if mode == "rw":
                raise
            # A read-only medium cannot hold WAL's helper files; nobody can write there either.
            catalog = cls.connect(path, "mode=ro&immutable=1", threads=threads)
            _check_version(catalog)
        return catalog

    @classmethod
    def is_unfinished(cls, path: Path) -> bool:
        """Whether making this file was cut short before it had a model."""
        try:
            catalog = cls.open(path, "ro")
        except UnfinishedError:
            return True
        except CollectionError:
            return False  # damaged, or of another version: whoever opens it says so
        with closing(catalog):
            return catalog.model() is None

    @classmethod
    def in_memory(cls) -> "Catalog":
        """An empty catalog that is never written: what a dry run compares a new folder with."""
        catalog = cls(sqlite3.connect(":memory:", isolation_level=None), Path(":memory:"))
        _apply_schema(catalog)
        return catalog

    @classmethod
    def connect(cls, path: Path, options: str, *, threads: bool = False) -> "Catalog":
        """Open any SQLite file, whatever it holds. options : of its address, such as mode=ro."""
        uri = f"file:{quote(as_text(str(path.absolute())))}?{options}"
        with _translated(path):
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS,
                check_same_thread=not threads,
            )  # fmt: skip
            with ExitStack() as failing:
                failing.callback(connection.close)
                if not options.startswith("mode=ro"):
                    _write_ahead(connection)
                    connection.execute("PRAGMA synchronous = FULL")  # survives a power cut
                failing.pop_all()
        return cls(connection, path)

    def close(self) -> None:
        self._connection.close()

    # Statements

    def run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Execute one statement; the number of rows it changed."""
        with _translated(self.where):
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _translated(self.where):
            self._connection.executemany(sql, rows)

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first row, or None."""
        with _translated(self.where):
            return self._connection.execute(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with _translated(self.where):
            return self._connection.execute(sql, values).fetchall()

    def each(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Rows one after another: for results as long as the collection."""
        with _translated(self.where):
            yield from self._connection.execute(sql, values)

    def define(self, name: str, function: Callable[[bytes], int]) -> None:
        """Let statements of this connection call `name(BLOB)`."""
        self._connection.create_function(name, 1, function)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that holds the one write lock from its start: committed or undone."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent picture for several questions."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self.run(begin)
            yield
            self.run("COMMIT")
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """Undo a transaction that an interrupt left open: it can fall between BEGIN and block."""
        if self._connection.in_transaction:
            self._connection.rollback()

    # Questions

    def has_table(self, name: str) -> bool:
        return self.one("SELECT 1 FROM sqlite_master WHERE name = ?", [name]) is not None

    def meta(self, key: str) -> str | None:
        row = self.one("SELECT value FROM meta WHERE key = ?", [key])
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS TEXT))", [key, as_text(value)])

    def model(self) -> ModelRow | None:
        """The collection's model, once it has one."""
        row = self.one("SELECT name, fingerprint, dimension, metric, decode, source FROM models")
        return None if row is None else ModelRow(*row)

    def set_model(self, model: ModelRow) -> None:
        self.run(
            "INSERT INTO models VALUES (1, ?, ?, ?, ?, ?, CAST(? AS TEXT))",
            [
                model.name, model.fingerprint, model.dimension, model.metric, model.decode,
                as_text(model.source),
            ],
        )  # fmt: skip

    def shards(self) -> list[ShardRow]:
        rows = self.all("SELECT shard, rows, stale_ids FROM shards ORDER BY shard")
        return [ShardRow(shard, rows_, bool(stale)) for shard, rows_, stale in rows]

    def shard(self, number: int) -> ShardRow | None:
        row = self.one("SELECT shard, rows, stale_ids FROM shards WHERE shard = ?", [number])
        return None if row is None else ShardRow(row[0], row[1], bool(row[2]))

    def next_shard(self) -> int:
        """A number that no shard has had before: readers may still hold old ones open."""
        row = self.one("SELECT seq FROM sqlite_sequence WHERE name = 'shards'")
        return 0 if row is None else int(row[0]) + 1

    def shard_ids(self, shard: int, rows: int) -> list[str]:
        """What the shard's id column should hold : `rows` ids, "" where no image owns the row."""
        ids = [""] * rows
        for row, id_ in self.each("SELECT row, id FROM images WHERE shard = ?", [shard]):
            ids[row] = id_
        return ids

    def counts(self) -> Counts:
        row = self.one(
            f"SELECT total({LIVE}), total(stage IS NOT NULL AND removed = 0 AND missing IS NULL),"  # noqa: S608
            " total(removed), total(missing IS NOT NULL AND removed = 0),"
            " total(todo AND removed = 0 AND missing IS NULL) FROM images"
        )
        return Counts(*(int(value) for value in row))

    def failures(self) -> Iterator[Failure]:
        rows = self.each(
            "SELECT id, stage, reason FROM images"
            " WHERE stage IS NOT NULL AND removed = 0 AND missing IS NULL ORDER BY id"
        )
        return (Failure(*row) for row in rows)

    def live_images(self, rows: Iterable[RowRef]) -> dict[RowRef, tuple[str, str]]:
        """(id, path) of the live images among the given rows."""
        wanted, found = list(rows), {}
        for at in range(0, len(wanted), _ROWS_AT_ONCE):
            chunk = wanted[at : at + _ROWS_AT_ONCE]
            places = ", ".join(["(?, ?)"] * len(chunk))
            for shard, row, id_, path in self.each(
                f"WITH wanted (s, r) AS (VALUES {places})"  # noqa: S608
                " SELECT shard, row, id, path FROM wanted JOIN images ON shard = s AND row = r"
                f" WHERE {LIVE}",
                [number for ref in chunk for number in (ref.shard, ref.row)],
            ):
                found[RowRef(shard, row)] = (id_, path)
        return found

    def live_records(self, rows: Iterable[RowRef]) -> dict[RowRef, ImageRecord]:
        """Return the records of the live images among the given rows."""
        wanted, records = list(rows), {}
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            chunk = wanted[start : start + _ROWS_AT_ONCE]
            places = ", ".join(["(?, ?)"] * len(chunk))
            for shard, row, *columns in self.each(
                f"WITH wanted (s, r) AS (VALUES {places})"  # noqa: S608
                " SELECT shard, row, id, path, size, mtime_ns, width, height, digest"
                f" FROM wanted JOIN images ON shard = s AND row = r WHERE {LIVE}",
                [number for ref in chunk for number in (ref.shard, ref.row)],
            ):
                ref = RowRef(shard, row)
                records[ref] = ImageRecord(ref, *columns)
        return records

    def find(self, id_: str) -> ImageRow | None:
        """The image with this id, live or not."""
        row = self.one(
            f"SELECT key, id, path, size, mtime_ns, shard, row, {LIVE}, removed FROM images"  # noqa: S608
            " WHERE id = CAST(? AS TEXT)",
            [as_text(id_)],
        )
        if row is None:
            return None
        key, id_, path, size, mtime_ns, shard, number, live, removed = row
        at = None if shard is None else RowRef(shard, number)
        return ImageRow(key, id_, path, FileStat(size, mtime_ns), at, bool(live), bool(removed))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn WAL on. Another process may be doing so at this moment, for which SQLite does not wait
    by itself: there is no lock to wait for."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def _apply_schema(catalog: Catalog) -> None:
    for statement in _SCHEMA.split(";\n"):
        catalog.run(statement)
    catalog.set_meta("schema", str(SCHEMA_VERSION))


def _check_version(catalog: Catalog) -> None:
    if not catalog.has_table("meta"):
        raise UnfinishedError(f"{catalog.where} was never finished: run `sokkuri index` again")
    version = catalog.meta("schema")
    if version != str(SCHEMA_VERSION):
        raise CollectionError(
            f"{catalog.where} has catalog version {version}, this sokkuri reads {SCHEMA_VERSION}: "
            "install the version of sokkuri that made it"
        )


@contextmanager
def _translated(where: Path) -> Iterator[None]:
    """SQLite's errors as ours: one line that names the file and says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise StorageError(
                f"{where} is held by another program: wait for it, then run again"
            ) from error
        if "full" in text or "disk I/O" in text:
            raise StorageError(
                f"the disk is full or failing: {where} could not be written ({text}); "
                "free some space and run again"
            ) from error
        raise StorageError(f"{where} cannot be used: {text}") from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError):
            raise DamagedError(f"{where} refused a row: {error}") from error
        raise DamagedError(
            f"{where} is damaged ({error}): restore it from a backup, or move the store away and "
            "index again"
        ) from error
