"""SQLite files under `indexes/` that are derived from a collection: whatever is wrong with one, it
is made anew, which costs time and nothing else.

Takes a path, tables, and what tells whether those that are there can be used; hands on connections.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.store.catalog import Catalog

_META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"


@contextmanager
def opened(path: Path, kept: Mapping[str, str], schema: str) -> Iterator[Catalog]:
    """The file, made where there is none, or none that can be used. kept : such as the version of
    the tables; a file that has anything else is made anew. Raises StorageError."""
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
def read(path: Path, kept: Mapping[str, str]) -> Iterator[Catalog | None]:
    """The same without writing anything: None where there is none that can be used."""
    if not path.is_file():
        yield None
        return
    try:
        tables = Catalog.connect(path, "mode=ro")
    except StorageError:
        yield None
        return
    try:
        try:
            current = _is_current(tables, kept)
        except (DamagedError, StorageError):
            current = False
        yield tables if current else None
    finally:
        tables.close()


def _made(path: Path, kept: Mapping[str, str], schema: str) -> Catalog:
    with ExitStack() as failing:
        tables = failing.enter_context(closing(Catalog.connect(path, "mode=rwc")))
        _check(tables)
        with tables.writing():  # for the question too: another process may be making them
            if not _is_current(tables, kept):
                for (name,) in tables.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
                    tables.run(f"DROP TABLE {name}")
                for statement in (_META, *schema.split(";\n")):
                    tables.run(statement)
                tables.run_many("INSERT INTO meta VALUES (?, ?)", kept.items())
        failing.pop_all()
    return tables


def _check(tables: Catalog) -> None:
    """Raises DamagedError, where SQLite itself does not."""
    found = tables.one("PRAGMA quick_check(1)")[0]
    if found != "ok":
        raise DamagedError(f"{tables.where} is damaged: {found}")


def _is_current(tables: Catalog, kept: Mapping[str, str]) -> bool:
    if not tables.has_table("meta"):
        return False
    return dict(tables.all("SELECT key, value FROM meta")) == dict(kept)
