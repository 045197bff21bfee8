"""Interrupts end waits for locks and long statements, and a wait ends when the lock is free."""

import errno
import os
import signal
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import pytest

from sokkuri.core.errors import StorageError
from sokkuri.store import database
from sokkuri.store.database import Database

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(Database.connect(tmp_path / "a.sqlite", "mode=rwc")) as made:
        made.execute("CREATE TABLE t (n INTEGER)")
    return tmp_path / "a.sqlite"


@contextmanager
def interrupts() -> Iterator[None]:
    """Interrupt the main thread again and again while the block runs."""
    running = True

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if running:
            raise KeyboardInterrupt

    def send() -> None:
        while not done.wait(0.05):
            os.kill(os.getpid(), signal.SIGINT)

    done = threading.Event()
    before = signal.signal(signal.SIGINT, interrupt)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        running = False
        done.set()
        thread.join()
        signal.signal(signal.SIGINT, before)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock of a file, as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.mark.parametrize("sql", ["BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)"])
def test_an_interrupt_ends_a_wait_for_a_lock(path: Path, sql: str) -> None:
    """Guarantee: Ctrl-C is heard while another program holds the catalog's lock."""
    with locked(path), closing(Database.connect(path, "mode=rw")) as waiting:
        with pytest.raises(KeyboardInterrupt), interrupts():
            waiting.execute(sql)
        assert not waiting.in_transaction


@pytest.mark.parametrize("call", ["execute", "fetch_one", "fetch_all", "iterate"])
def test_an_interrupt_ends_a_long_statement(path: Path, call: str) -> None:
    """The transaction around the statement leaves nothing behind."""
    with closing(Database.connect(path, "mode=rw")) as working:

        def insert_and_work() -> None:
            with working.writing():
                working.execute("INSERT INTO t VALUES (1)")
                list(getattr(working, call)(_ENDLESS))

        with pytest.raises(KeyboardInterrupt), interrupts():
            insert_and_work()
        assert not working.in_transaction
        assert working.fetch_all("SELECT n FROM t") == []


def test_an_interrupt_in_a_function_of_a_statement_is_no_error(path: Path) -> None:
    def interrupt(_: bytes) -> int:
        raise KeyboardInterrupt

    with closing(Database.connect(path, "mode=rw")) as working:
        working.define("interrupt", interrupt)
        with pytest.raises(KeyboardInterrupt):
            working.fetch_all("SELECT interrupt(x'00') FROM (SELECT 1 UNION SELECT 2)")


def test_a_statement_waits_until_the_lock_is_free(path: Path) -> None:
    """The wait is longer than SQLite waits by itself."""
    with locked(path) as other, closing(Database.connect(path, "mode=rw")) as waiting:
        timer = threading.Timer(3 * database._DEAF_SECONDS, other.execute, ["COMMIT"])
        timer.start()
        with waiting.writing():
            waiting.execute("INSERT INTO t VALUES (1)")
        timer.join()
        assert waiting.fetch_all("SELECT n FROM t") == [(1,)]


def test_a_lock_that_stays_gives_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0)
    with (
        locked(path),
        closing(Database.connect(path, "mode=rw")) as waiting,
        pytest.raises(StorageError, match="is held by another program"),
    ):
        waiting.execute("BEGIN IMMEDIATE")


def test_a_transaction_that_can_never_write_is_not_tried_again(path: Path) -> None:
    """It read a state that others have changed since: no wait makes it current."""
    with (
        closing(Database.connect(path, "mode=rw")) as late,
        closing(Database.connect(path, "mode=rw")) as other,
        late.reading(),
    ):
        late.fetch_all("SELECT n FROM t")
        other.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(StorageError):
            late.execute("INSERT INTO t VALUES (2)")


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """SQLite takes ENOLCK for a lock of another program, and would wait for it in vain."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(database, "_CHECK_SECONDS", 0)
    with closing(Database.connect(path, "mode=rw")) as holder, holder.writing():
        monkeypatch.setattr(fcntl, "lockf", refuse)
        other = Database.connect(path, "mode=rw")
        with closing(other), pytest.raises(StorageError, match="does not lock files, as sokkuri"):
            other.execute("INSERT INTO t VALUES (1)")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_rows_that_nobody_reads_may_outlive_their_file(path: Path) -> None:
    """An error stops a loop over rows: then the file is closed before the rows are."""
    database = Database.connect(path, "mode=rw")
    database.execute_many("INSERT INTO t VALUES (?)", [[number] for number in range(9)])
    rows = database.iterate("SELECT n FROM t ORDER BY n")
    assert isinstance(rows, Generator)
    assert next(rows) == (0,)
    database.close()
    rows.close()
