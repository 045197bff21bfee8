"""The vector engine PostgreSQL with its extension pgvector: one table with an HNSW index.

Takes `pgvector://user@host:5432/database/table`. Parts that the URL leaves out come from the
places where PostgreSQL's own programs look: PGPASSWORD, ~/.pgpass and so on. `docs/engines.md`
describes the table; its comment says which sokkuri collection it belongs to. Searches without
`among` use the index (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor
search using Hierarchical Navigable Small World graphs", 2018); searches among given keys compare
all of them.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import EngineError, MissingExtraError, UsageError
from sokkuri.core.types import Features
from sokkuri.search.engines import IndexInfo, VectorRecord, as_utf8
from sokkuri.search.engines.url import EngineUrl

MAX_CANDIDATES = 1000
"""The largest `hnsw.ef_search`: the index returns no more rows than that."""

_PORT = 5432
_OPTIONS = frozenset({
    "host", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "passfile",
})  # fmt: skip
_EXAMPLE = "pgvector://user@host:5432/database/table"
_TIMEOUTS = {
    "connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10",
    "keepalives_count": "3", "tcp_user_timeout": "30000",
}  # fmt: skip
"""How soon a dead server is noticed: in seconds; `tcp_user_timeout` in milliseconds."""

_STATEMENT_TIMEOUT = "60s"  # of a search; a server that needs longer counts as down
_VERSION_KEY = "sokkuri"  # in a table's comment: the version of its layout
_VERSION = 1
_HNSW_LINKS, _HNSW_BUILD_CANDIDATES = 16, 64
_MIN_EF_SEARCH = 100  # HNSW's `ef`: candidates that a search keeps
_MAX_DIMENSION, _MAX_HALF_DIMENSION = 2000, 4000  # that pgvector can index, by type
_HALF = "halfvec"  # pgvector's type of 16-bit numbers, since version 0.7
_MAX_BUILD_MEMORY = 2 * 2**30  # of the server's memory, in bytes
_KEYS_AT_ONCE = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALREADY_EXISTS = ("23505", "42P07", "42710")  # SQLSTATEs if two processes create the same thing

_COLUMNS = "id, path, width, height, size, modified, embedding"

Result = TypeVar("Result")


class PgvectorEngine:
    """A PostgreSQL table as a `VectorEngine`. Connects at the first call, and again after the
    connection was lost."""

    max_candidates = MAX_CANDIDATES

    def __init__(self, url: EngineUrl) -> None:
        """Raises UsageError for a URL that names no table, MissingExtraError."""
        self._psycopg = _import_psycopg()
        database, table = _database_and_table(url)
        self._parameters: dict[str, Any] = {
            **_TIMEOUTS, **url.options, "dbname": database, "user": url.user or None,
            "password": url.secret or None,
        }  # fmt: skip
        if url.host:
            self._parameters |= {"host": url.host, "port": url.port or _PORT}
        elif url.port is not None:
            self._parameters["port"] = url.port
        self.address = url.without_secret(_PORT)
        names = tuple(table.split("."))
        sql = self._psycopg.sql
        self._table = sql.SQL(".".join(["{}"] * len(names))).format(*map(sql.Identifier, names))
        self._connection: Any = None
        self._info: IndexInfo | None = None

    def _sql(self, text: str) -> Any:
        """Return SQL with the table's quoted name in the place of {}."""
        return self._psycopg.sql.SQL(text).format(self._table)

    def _call(self, function: Callable[[Any], Result]) -> Result:
        """Return `function(connection)`. If the connection turns out to be lost, connect and call
        once more: every function here may run twice. Raises EngineError."""
        reused = self._connection is not None
        try:
            return function(self._connect())
        except self._psycopg.Error as error:
            lost = self._connection is None or self._connection.closed
            if lost:
                self.close()
            if lost and reused:
                return self._call(function)
            raise EngineError(f"{self.address} {_error_message(error, lost)}") from error

    def _connect(self) -> Any:
        if self._connection is None:
            # Without prepared statements: a plan for any LIMIT would not use the index.
            self._connection = self._psycopg.connect(
                **self._parameters, autocommit=True, prepare_threshold=None
            )
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(self._psycopg.Error):
                self._connection.close()
            self._connection = None

    def info(self) -> IndexInfo | None:
        """See `VectorEngine`. Raises EngineError also for a table that sokkuri did not create."""
        self._info = self._call(self._read_info)
        return self._info

    def _read_info(self, connection: Any) -> IndexInfo | None:
        name = self._table.as_string(connection)
        row = connection.execute(
            "SELECT obj_description(t, 'pg_class') FROM to_regclass(%s) AS t WHERE t IS NOT NULL",
            [name],
        ).fetchone()
        if row is None:
            return None
        try:
            document = json.loads(row[0] or "")
            version, info = document.pop(_VERSION_KEY), IndexInfo(**document)
        except (ValueError, KeyError, TypeError, AttributeError):
            version = info = None
        if version != _VERSION:
            raise EngineError(
                f"{self.address} is a table that this sokkuri did not make: name another"
            )
        return info

    def create(self, info: IndexInfo) -> None:
        """See `VectorEngine`. Raises EngineError also if the database has no pgvector."""
        self._call(self._ensure_extension)
        self._call(lambda connection: self._create(connection, info))

    def _ensure_extension(self, connection: Any) -> None:
        exists = "SELECT 1 FROM pg_extension WHERE extname = 'vector'"
        if connection.execute(exists).fetchone():
            return
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except self._psycopg.Error as error:
            if error.sqlstate not in _ALREADY_EXISTS:
                raise EngineError(
                    f"{self.address} has no pgvector, and it cannot be added: let an administrator "
                    "install it there and run CREATE EXTENSION vector "
                    f"({_first_line(error)})"
                ) from error

    def _create(self, connection: Any, info: IndexInfo) -> None:
        comment = json.dumps({_VERSION_KEY: _VERSION, **asdict(info)})
        literal = self._psycopg.sql.Literal
        try:
            with connection.transaction():
                connection.execute(self._psycopg.sql.SQL(
                    "CREATE TABLE {} (key bigint PRIMARY KEY, id text NOT NULL, path text NOT NULL,"
                    " width integer, height integer, size bigint NOT NULL,"
                    " modified timestamptz NOT NULL, embedding vector({}) NOT NULL)"
                ).format(self._table, literal(info.dimension)))  # fmt: skip
                connection.execute(self._psycopg.sql.SQL("COMMENT ON TABLE {} IS {}").format(
                    self._table, literal(comment)
                ))  # fmt: skip
        except self._psycopg.Error as error:
            if error.sqlstate not in _ALREADY_EXISTS:
                raise

    def upsert(self, records: Sequence[VectorRecord], vectors: Features) -> None:
        rows = {record.key: row for row, record in enumerate(records)}  # the last of equal keys

        def write(connection: Any) -> None:
            self._register_types(connection)
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(self._sql(
                    "CREATE TEMPORARY TABLE IF NOT EXISTS sokkuri_batch"
                    " (LIKE {}) ON COMMIT DELETE ROWS"
                ))  # fmt: skip
                with cursor.copy("COPY sokkuri_batch FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(
                        ["int8", "text", "text", "int4", "int4", "int8", "timestamptz", "vector"]
                    )
                    for row in rows.values():
                        copy.write_row((*_columns(records[row]), vectors[row]))
                cursor.execute(self._sql(
                    f"INSERT INTO {{}} AS held SELECT * FROM sokkuri_batch ON CONFLICT (key) DO"  # noqa: S608
                    f" UPDATE SET ({_COLUMNS}) = ({_columns_of('excluded')}) WHERE"
                    f" ({_columns_of('held')}) IS DISTINCT FROM ({_columns_of('excluded')})"
                ))  # fmt: skip

        self._call(write)

    def delete(self, keys: NDArray[np.int64]) -> None:
        statement = self._sql("DELETE FROM {} WHERE key = ANY(%s)")
        self._call(lambda connection: connection.execute(statement, [keys.tolist()]))

    def flush(self) -> None:
        """Create the index if there is none. New rows enter an existing index at once."""
        if self._info is None:
            self.info()
        self._call(self._ensure_index)
        self._call(lambda connection: connection.execute(self._sql("ANALYZE {}")))

    def _ensure_index(self, connection: Any) -> None:
        type_ = self._index_type(connection)
        if type_ is None or self._has_index(connection):
            return
        try:
            self._build_index(connection, type_, workers=None)
        except self._psycopg.Error as error:
            if "shared memory" not in str(error):
                raise
            # Containers have little shared memory by default; one process needs none.
            self._build_index(connection, type_, workers=0)

    def _build_index(self, connection: Any, type_: str, workers: int | None) -> None:
        with connection.transaction():
            # The lock lets only one of several processes build the index.
            connection.execute(self._sql("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"))
            if self._has_index(connection):
                return
            rows = connection.execute(self._sql("SELECT count(*) FROM {}")).fetchone()[0]
            assert self._info is not None
            memory = rows * (4 * self._info.dimension + 32 * _HNSW_LINKS) * 5 // 4
            connection.execute(
                "SELECT set_config('maintenance_work_mem', greatest("
                "pg_size_bytes(current_setting('maintenance_work_mem')), %s) / 1024 || 'kB', true)",
                [min(memory, _MAX_BUILD_MEMORY)],
            )
            if workers is not None:
                connection.execute(f"SET LOCAL max_parallel_maintenance_workers = {workers}")
            connection.execute(self._sql(
                f"CREATE INDEX ON {{}} USING hnsw"
                f" ({self._indexed_expression(type_)} {self._operator_class(type_)})"
                f" WITH (m = {_HNSW_LINKS}, ef_construction = {_HNSW_BUILD_CANDIDATES})"
            ))  # fmt: skip

    def _has_index(self, connection: Any) -> bool:
        row = connection.execute(
            "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON"
            " pg_am.oid = relam WHERE indrelid = to_regclass(%s) AND amname = 'hnsw'",
            [self._table.as_string(connection)],
        ).fetchone()
        return row is not None

    def _index_type(self, connection: Any) -> str | None:
        """Return the type of the index, None if pgvector cannot index these vectors."""
        assert self._info is not None
        if self._info.dimension <= _MAX_DIMENSION:
            return "vector"
        # 16-bit numbers can hold vectors of length 1, but not vectors of any length.
        if self._info.dimension > _MAX_HALF_DIMENSION or self._info.metric == "l2":
            return None
        row = connection.execute("SELECT to_regtype(%s) IS NOT NULL", [_HALF]).fetchone()
        return _HALF if row[0] else None

    def _indexed_expression(self, type_: str | None) -> str:
        assert self._info is not None
        return f"(embedding::{_HALF}({self._info.dimension}))" if type_ == _HALF else "embedding"

    def _operator_class(self, type_: str) -> str:
        assert self._info is not None
        return f"{type_}_{'l2' if self._info.metric == 'l2' else 'cosine'}_ops"

    def keys(self) -> Iterator[NDArray[np.int64]]:
        statement = self._sql("SELECT key FROM {} WHERE key > %s ORDER BY key LIMIT %s")
        last_key = -1
        while True:
            values = [last_key, _KEYS_AT_ONCE]
            rows = self._call(lambda connection, values=values: (  # type: ignore[misc]
                connection.execute(statement, values).fetchall()
            ))  # fmt: skip
            if not rows:
                return
            yield np.array([key for (key,) in rows], np.int64)
            last_key = rows[-1][0]

    def search(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        if self._info is None and self.info() is None:
            raise EngineError(f"{self.address} is not there: run `sokkuri push` to it again")
        return self._call(lambda connection: self._search(connection, queries, count, among))

    def _search(
        self, connection: Any, queries: NDArray[np.float32], count: int,
        among: NDArray[np.int64] | None,
    ) -> NDArray[np.int64]:  # fmt: skip
        self._register_types(connection)
        padded = np.full((len(queries), count), -1, np.int64)
        statement = self._search_statement(connection, exact=among is not None)
        values: list[Any] = [] if among is None else [among.tolist()]
        with connection.transaction(), connection.pipeline():
            connection.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_TIMEOUT}'")
            ef_search = min(max(count, _MIN_EF_SEARCH), MAX_CANDIDATES)
            connection.execute(f"SET LOCAL hnsw.ef_search = {ef_search}")
            cursors = [connection.execute(statement, [*values, query, count]) for query in queries]
            for query, cursor in enumerate(cursors):
                keys = [key for (key,) in cursor.fetchall()]
                padded[query, : len(keys)] = keys
        return padded

    def _search_statement(self, connection: Any, *, exact: bool) -> Any:
        assert self._info is not None
        operator = "<->" if self._info.metric == "l2" else "<=>"
        if exact:  # the index cannot order by a sum, so PostgreSQL compares all rows
            order = f"(embedding {operator} %s) + 0"
            return self._sql(f"SELECT key FROM {{}} WHERE key = ANY(%s) ORDER BY {order} LIMIT %s")  # noqa: S608
        type_ = self._index_type(connection)
        query = f"%s::{_HALF}({self._info.dimension})" if type_ == _HALF else "%s"
        return self._sql(
            f"SELECT key FROM {{}} ORDER BY {self._indexed_expression(type_)}"  # noqa: S608
            f" {operator} {query} LIMIT %s"
        )

    def _register_types(self, connection: Any) -> None:
        """Let this connection send and receive vectors."""
        from pgvector.psycopg import register_vector

        if connection.adapters.types.get("vector") is None:
            register_vector(connection)


def _import_psycopg() -> Any:
    try:
        import pgvector.psycopg  # noqa: F401 - both are needed
        import psycopg
    except ImportError:
        raise MissingExtraError("PostgreSQL", "pgvector") from None
    return psycopg


def _database_and_table(url: EngineUrl) -> tuple[str, str]:
    """Return the database and the table. Raises UsageError."""
    if len(url.path) != 2 or not all(url.path[1].split(".")):
        raise UsageError(
            f"name a database and a table: {_EXAMPLE}, not {url.without_secret(_PORT)}"
        )
    if unknown := sorted(url.options.keys() - _OPTIONS):
        raise UsageError(
            f"an address of pgvector takes {', '.join(sorted(_OPTIONS))} after its question mark, "
            f"not {unknown[0]}"
        )
    return url.path[0], url.path[1]


def _columns_of(table: str) -> str:
    """Return all columns of this table except the key."""
    return ", ".join(f"{table}.{column}" for column in _COLUMNS.split(", "))


def _columns(record: VectorRecord) -> tuple[Any, ...]:
    """Return a record as a row of the table, without the vector; `modified` is rounded down to
    microseconds."""
    modified = _EPOCH + timedelta(microseconds=record.mtime_ns // 1000)
    return (
        record.key, as_utf8(record.id), as_utf8(record.path), record.width, record.height,
        record.size, modified,
    )  # fmt: skip


def _error_message(error: Exception, lost: bool) -> str:
    reason = _first_line(error)
    return f"does not answer ({reason})" if lost else f"refused the request ({reason})"


def _first_line(error: Exception) -> str:
    text = str(error).removeprefix("connection is bad: ").strip() or type(error).__name__
    return text.splitlines()[0]
