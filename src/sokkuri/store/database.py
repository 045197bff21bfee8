"""SQLite files: connections, statements and transactions, with the errors of sokkuri.

The catalog is such a file, and so are the derived SQLite files (derived.py). Takes a path; returns
a `Database`.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

from sokkuri.core.atomic import has_locks
from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    SokkuriError,
    StorageError,
    UsageError,
    from_os_error,
)
from sokkuri.store.great_circle import DISTANCE, kilometres_between
from sokkuri.store.unwritable import UnwritableFile

Value = TypeVar("Value")

_CHUNK = 400
"""Values of one statement, each with up to two parameters: every SQLite build takes 999 of them."""

_AGAIN_SECONDS = 0.01
_BUSY_SECONDS = 120  # longer than any transaction: one statement can enter millions of images
_CHECK_SECONDS = 1  # of a wait, after which the file system is asked whether it has locks
_DEAF_SECONDS = 0.2  # how long SQLite waits for a lock at a time: Python handles signals between
_LOCK_ERRORS = (sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK)
_DEAF_STEPS = 500_000  # of SQLite's machine, some milliseconds: signals are handled between


def as_text(value: str) -> bytes:
    """Return a text as bytes for `CAST(? AS TEXT)`: keeps names that are not UTF-8 (PEP 383)."""
    return value.encode("utf-8", "surrogateescape")


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield the values in lists that are short enough for the parameters of one statement."""
    remaining = iter(values)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


def _from_text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


class Database:
    """A connection to one SQLite file.

    Only the thread that opened it may use it, except with `threads=True`. Its methods raise
    StorageError when the file cannot be used or the disk refuses, DamagedError when the file is
    damaged or refuses a row. An interrupt ends a wait for a lock, and also a long statement.
    """

    def __init__(self, connection: sqlite3.Connection, where: Path) -> None:
        self._connection = connection
        self.where = where
        self.file_id = _file_id(where)
        self._unwritable: UnwritableFile | None = None
        self._may_share_threads = False
        connection.text_factory = _from_text
        connection.create_function(DISTANCE, 4, kilometres_between, deterministic=True)

    @classmethod
    def connect(cls, path: Path, options: str, *, threads: bool = False) -> Self:
        """Open an SQLite file without a look at its tables.

        options : the query of its URI, such as `mode=ro`. threads : let several threads use the
        connection; the caller guards it with a lock.
        """
        with _translated(path):
            return cls(_open(path, options, threads=threads), path)

    @classmethod
    def connect_unwritable(cls, path: Path, *, threads: bool = False) -> Self:
        """Open an SQLite file whose folder cannot be written, to read it.

        It is opened again when a read transaction starts and the file was written meanwhile. Raises
        StorageError, DamagedError.
        """
        with _translated(path):
            file = _open_unwritable(path, threads=threads)
        database = cls(file.connection, path)
        database._unwritable, database._may_share_threads = file, threads
        return database

    @property
    def is_outdated(self) -> bool:
        """Whether the open transaction may have read pages that were being written: only a file
        that cannot be written to by this user has no locks that prevent it."""
        return self._unwritable is not None and self._unwritable.is_outdated

    @property
    def is_replaced(self) -> bool:
        """Whether another file, or none, is now at the path of the open file."""
        return self.file_id != _file_id(self.where)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        with _translated(self.where):  # a closed connection does not know
            return self._connection.in_transaction

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        if self._unwritable is not None:
            self._unwritable.close()

    def execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Execute one statement, and return the number of rows that it changed."""
        with _translated(self.where):
            return _wait(self.where, lambda: self._connection.execute(sql, values).rowcount)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row of values, in a transaction of the caller."""
        with _translated(self.where):
            self._connection.executemany(sql, rows)

    def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row of a query, or None."""
        with _translated(self.where):
            return _wait(self.where, lambda: self._connection.execute(sql, values).fetchone())

    def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        with _translated(self.where):
            return _wait(self.where, lambda: self._connection.execute(sql, values).fetchall())

    def iterate(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Yield the rows of a query: for results that are as long as the collection."""
        with _translated(self.where):
            rows = _wait(self.where, lambda: self._connection.execute(sql, values))
            for row in rows:  # noqa: UP028 - `yield from` would close a cursor of a closed file
                yield row

    def integrity_faults(self, limit: int) -> list[str]:
        """Return texts of up to `limit` faults that SQLite finds in the file's structure."""
        texts = [str(text) for (text,) in self.fetch_all(f"PRAGMA quick_check({int(limit)})")]
        return [] if texts == ["ok"] else texts

    def checkpoint(self) -> None:
        """Write the write-ahead log into the file, and truncate the log if nobody reads it.

        It waits for nobody: what readers still need stays in the log until a later checkpoint.
        """
        with _translated(self.where):
            self._connection.execute("PRAGMA busy_timeout = 0")
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                milliseconds = int(1000 * _DEAF_SECONDS)
                self._connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    @contextmanager
    def attached(self, path: Path, name: str) -> Iterator[None]:
        """Let the statements of the block read the tables of another SQLite file as `name.table`.

        The block may write only to the own tables. Outside a transaction only.
        """
        address = f"file:{quote(as_text(str(path.absolute())))}?mode=ro"
        self.execute(f"ATTACH ? AS {name}", [address])
        try:
            yield
        finally:
            self.execute(f"DETACH {name}")

    def copy_to(self, path: Path) -> None:
        """Write a copy of the file as it is now. `path` must not exist."""
        self.execute("VACUUM INTO CAST(? AS TEXT)", [as_text(str(path))])

    def define(self, name: str, function: Callable[[bytes], int]) -> None:
        """Let the statements of this connection call `function` as `name(BLOB)`."""

        def call(value: bytes) -> int:
            try:
                return function(value)
            except KeyboardInterrupt:  # SQLite would call it an error of the function
                self._connection.interrupt()
                return 0

        self._connection.create_function(name, 1, call)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in a transaction that holds the file's write lock from its start.

        The transaction is committed at the end of the block, and rolled back after an error.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Run the block in a transaction: all its queries see the same state of the file.

        Inside another transaction it is part of that one.
        """
        if self.in_transaction:
            yield
            return
        self._follow()
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self.execute(begin)
            yield
            self.execute("COMMIT")
        except BaseException:
            self.undo()
            raise

    def _follow(self) -> None:
        """Open a file that cannot be written by this user again, if others have written it."""
        if self._unwritable is None or not self._unwritable.is_outdated or self.is_replaced:
            return
        self._unwritable.close()
        with _translated(self.where):
            self._unwritable = None
            try:
                self._connection = _open(self.where, "mode=ro", threads=self._may_share_threads)
                self._connection.execute("SELECT 1 FROM sqlite_master")
            except sqlite3.OperationalError:
                self._connection.close()
                self._unwritable = _open_unwritable(self.where, threads=self._may_share_threads)
                self._connection = self._unwritable.connection
        self._connection.text_factory = _from_text

    def undo(self) -> None:
        """Roll back the open transaction, if there is one.

        An interrupt between BEGIN and the block would leave it open.
        """
        with _translated(self.where):
            if self._connection.in_transaction:
                self._connection.rollback()

    def has_column(self, table: str, name: str) -> bool:
        """Return whether a table has a column `name`."""
        columns = self.fetch_all("SELECT name FROM pragma_table_info(?)", [table])
        return (name,) in columns

    def has_table(self, name: str) -> bool:
        """Return whether the file has a table `name`."""
        return self.fetch_one("SELECT 1 FROM sqlite_master WHERE name = ?", [name]) is not None


def _open(path: Path, options: str, *, threads: bool) -> sqlite3.Connection:
    """Open an SQLite file. options, threads : see `Database.connect`. Raises SQLite's errors."""
    connection = sqlite3.connect(
        f"file:{quote(as_text(str(path.absolute())))}?{options}", uri=True, isolation_level=None,
        timeout=_DEAF_SECONDS, check_same_thread=not threads,
    )  # fmt: skip
    connection.set_progress_handler(_handle_signals, _DEAF_STEPS)
    with ExitStack() as failing:
        failing.callback(connection.close)
        if not options.startswith("mode=ro"):
            _write_ahead(path, connection)
            connection.execute("PRAGMA synchronous = FULL")  # survives a power cut
        failing.pop_all()
    return connection


def _open_unwritable(path: Path, *, threads: bool) -> UnwritableFile:
    try:
        return UnwritableFile(path, partial(_open, threads=threads))
    except OSError as error:
        raise from_os_error(error) from error


def _file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at this path from others, None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _write_ahead(path: Path, connection: sqlite3.Connection) -> None:
    """Turn write-ahead logging (WAL) on.

    If another process does the same at this moment, SQLite fails at once, because there is no lock
    to wait for. So this function tries again.
    """
    _wait(path, lambda: connection.execute("PRAGMA journal_mode = WAL"))


def _handle_signals() -> int:
    """Let Python handle signals amid a statement: an exception of a handler interrupts it."""
    return 0


def _wait(where: Path, call: Callable[[], Value]) -> Value:
    """Call a function again while another program holds a lock that it needs.

    SQLite's own wait would hold signals back until its end. Raises StorageError on a file system
    without locks, which SQLite takes for a lock of another program.
    """
    start = time.monotonic()
    is_checked = False
    while True:
        try:
            return call()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - start
            if not _is_busy(error) or waited > _BUSY_SECONDS:
                raise
        if waited > _CHECK_SECONDS and not is_checked:
            is_checked = True
            if not has_locks(where.parent):
                raise _no_locks_error(where)
        time.sleep(_AGAIN_SECONDS)


def _is_busy(error: sqlite3.Error) -> bool:
    """Return whether a statement failed because of a lock, and can succeed without it."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


@contextmanager
def _translated(where: Path) -> Iterator[None]:
    """Turn SQLite's errors into errors of sokkuri: one line with the file and what to do."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise _misuse(where, error) from error
    except sqlite3.IntegrityError as error:
        raise DamagedError(f"{where} refused a row: {error}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None  # `_handle_signals` raised it amid a statement
        raise _failure(where, error) from error


def _misuse(where: Path, error: sqlite3.ProgrammingError) -> SokkuriError:
    """Return the error for a call that SQLite refuses, whatever the file holds."""
    text = str(error)
    if "closed" in text:
        return UsageError(f"{where} is closed: open the collection again")
    if "thread" in text:
        return UsageError(
            f"{where} was opened by another thread: open the collection in the thread that uses it"
        )
    return StorageError(f"{where} cannot be used: {text}")


def _failure(where: Path, error: sqlite3.Error) -> CollectionError:
    """Return the error for a file that SQLite cannot read or write."""
    text, code = str(error), getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DamagedError(
            f"{where} is damaged ({text}): restore it from a backup, or move the store away and "
            "index again"
        )
    if code in _LOCK_ERRORS:
        return _no_locks_error(where)
    if "locked" in text or "busy" in text:
        line = f"{where} is held by another program: wait for it, then run again"
    elif "full" in text or "disk I/O" in text:
        line = (
            f"the disk is full or failing: {where} could not be written ({text}); "
            "free some space and run again"
        )
    elif code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        line = (
            f"{where} cannot be opened: it is gone, or look at the permissions of this file and of "
            "its folder, which may be on a disk that can only be read"
        )
    elif code & 0xFF == sqlite3.SQLITE_READONLY:
        line = (
            f"{where} cannot be written: the collection was opened for reading, or its disk can "
            "only be read"
        )
    else:
        line = f"{where} cannot be used: {text}"
    return StorageError(line)


def _no_locks_error(where: Path) -> StorageError:
    return StorageError(
        f"the file system of {where} does not lock files, as sokkuri needs: keep the collection "
        "elsewhere with --store DIR"
    )
