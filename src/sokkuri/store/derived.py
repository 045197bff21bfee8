"""Derived files: files under `indexes/<model>/` that can be rebuilt from the collection.

Takes a collection or a path; returns the folder of derived files, a lock for one of the jobs that
write there, and connections to derived SQLite files. If a derived file is damaged or of another
version, it is rebuilt: this costs time and loses nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database

_META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"


def derived_folder(collection: CollectionStore) -> Path:
    """Return the folder of all files that are derived from the collection's vectors."""
    return collection.home / "indexes" / collection.model.name


@contextmanager
def storage_errors(collection: CollectionStore) -> Iterator[None]:
    """Make the derived folder, and raise StorageError for every OSError of the block."""
    folder = derived_folder(collection)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error


@contextmanager
def wait_for_lock(collection: CollectionStore, name: str) -> Iterator[None]:
    """Lock a job on derived files; wait while another process holds the lock.

    Raises StorageError when the disk refuses.
    """
    from filelock import FileLock

    with storage_errors(collection):
        lock = FileLock(derived_folder(collection) / f"{name}.lock", thread_local=False)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def try_lock(collection: CollectionStore, name: str) -> Iterator[bool]:
    """Try to lock a job on derived files; yield False when another process holds the lock.

    The lock ends with the block, or with the process. Raises StorageError when the disk refuses.
    """
    from filelock import FileLock, Timeout

    with storage_errors(collection):
        lock = FileLock(derived_folder(collection) / f"{name}.lock")
        is_locked = True
        try:
            lock.acquire(blocking=False)
        except Timeout:
            is_locked = False
    try:
        yield is_locked
    finally:
        if is_locked:
            lock.release()


@contextmanager
def open_or_rebuild(path: Path, kept: Mapping[str, str], schema: str) -> Iterator[Database]:
    """Open a derived SQLite file; build its tables if it is new, damaged or of another version.

    kept : the content of the table `meta`, such as the version of the tables. A file with another
    content is rebuilt. schema : statements that create the tables. Raises StorageError when the
    file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            tables = _made(path, kept, schema)
        except DamagedError:
            for part in path.parent.glob(f"{path.name}*"):
                part.unlink(missing_ok=True)
            tables = _made(path, kept, schema)
    except OSError as error:
        said = f"{path.parent} could not be written: {error.strerror or error}"
        raise StorageError(said) from error
    try:
        yield tables
    finally:
        tables.close()


@contextmanager
def open_readonly(path: Path, kept: Mapping[str, str]) -> Iterator[Database | None]:
    """Open a derived SQLite file and write nothing; yield None for a file that cannot be used.

    kept : the content that the table `meta` must have.
    """
    tables = _connect_readonly(path, kept) if path.is_file() else None
    try:
        yield tables
    finally:
        if tables is not None:
            tables.close()


def _connect_readonly(path: Path, kept: Mapping[str, str]) -> Database | None:
    """Open a derived SQLite file that has this table `meta`, also in a folder that cannot be
    written. Return None for another file."""
    for connect in (partial(Database.connect, options="mode=ro"), Database.connect_unwritable):
        with ExitStack() as failing, suppress(StorageError, DamagedError):
            tables = failing.enter_context(closing(connect(path)))
            if not _is_current(tables, kept):
                return None
            failing.pop_all()
            return tables
    return None


def _made(path: Path, kept: Mapping[str, str], schema: str) -> Database:
    """Open the file, and build its tables anew unless they are current. Raises DamagedError."""
    with ExitStack() as failing:
        tables = failing.enter_context(closing(Database.connect(path, "mode=rwc")))
        _check(tables)
        with tables.writing():  # before the check: another process may be building the tables
            if not _is_current(tables, kept):
                for (name,) in tables.fetch_all(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                ):
                    tables.execute(f"DROP TABLE {name}")
                for statement in (_META, *schema.split(";\n")):
                    tables.execute(statement)
                tables.execute_many("INSERT INTO meta VALUES (?, ?)", kept.items())
        failing.pop_all()
    return tables


def _check(tables: Database) -> None:
    """Check the file's structure, because SQLite may read damaged pages. Raises DamagedError."""
    faults = tables.integrity_faults(1)
    if faults:
        raise DamagedError(f"{tables.where} is damaged: {faults[0]}")


def _is_current(tables: Database, kept: Mapping[str, str]) -> bool:
    """Return whether the table `meta` exists and has exactly the content `kept`."""
    if not tables.has_table("meta"):
        return False
    return dict(tables.fetch_all("SELECT key, value FROM meta")) == dict(kept)
