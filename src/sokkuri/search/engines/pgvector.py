"""PostgreSQL with the extension pgvector, as an engine: one table a collection, an HNSW index.

Takes `pgvector://user@host:5432/database/table`; what it leaves out comes from where PostgreSQL's
own programs look: PGPASSWORD, ~/.pgpass and the like. `docs/engines.md` describes the table. Whose
table it is says its comment. Searches by distance use the index (Malkov and Yashunin, "Efficient
and robust approximate nearest neighbor search using HNSW graphs", 2018); searches among given keys
compare all of them.
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
from sokkuri.search.engines import Entry, Holding, as_utf8
from sokkuri.search.engines.url import EngineAddress

MOST = 1000
"""What `hnsw.ef_search` can be at most: the index gives no more."""

_PORT = 5432
_OPTIONS = frozenset({
    "host", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "passfile",
})  # fmt: skip
_EXAMPLE = "pgvector://user@host:5432/database/table"
_PATIENCE = {
    "connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10",
    "keepalives_count": "3", "tcp_user_timeout": "30000",
}  # fmt: skip
"""In which a server that is gone is known to be: seconds, but for the last, milliseconds."""

_ANSWER = "60s"  # for one search: a server that is busier than that counts as away
_MADE_BY = "sokkuri"  # in a table's comment: the version of its layout
_VERSION = 1
_LINKS, _BUILDING = 16, 64  # of HNSW: links a row, candidates while building
_LEAST_REACH = 100  # candidates that the index looks through, however few are asked for
_INDEXED, _INDEXED_HALVES = 2000, 4000  # dimensions that pgvector can index
_HALVES = "halfvec"  # its type of 16-bit numbers, from version 0.7 on
_MOST_MEMORY = 2 * 2**30  # for building, of the server's
_KEYS_AT_ONCE = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CREATED_AT_ONCE = ("23505", "42P07", "42710")  # what two who make the same at once are told

_COLUMNS = "id, path, width, height, size, modified, embedding"

Result = TypeVar("Result")


class PgvectorEngine:
    """A PostgreSQL table, as an `Engine`. Connects at the first call, and again when the connection
    was lost."""

    most = MOST

    def __init__(self, address: EngineAddress) -> None:
        """Raises UsageError for an address that names no table, MissingExtraError."""
        self._psycopg = _psycopg()
        database, table = _names(address)
        self._parameters: dict[str, Any] = {
            **_PATIENCE, **address.options, "dbname": database, "user": address.user or None,
            "password": address.secret or None,
        }  # fmt: skip
        if address.host:
            self._parameters |= {"host": address.host, "port": address.port or _PORT}
        elif address.port is not None:
            self._parameters["port"] = address.port
        self.address = address.shown(_PORT)
        self._name = tuple(table.split("."))
        self._table = self._sql(".".join(["{}"] * len(self._name)), *self._name)
        self._connection: Any = None
        self._holding: Holding | None = None

    def _sql(self, text: str, *names: str) -> Any:
        """SQL with quoted names in the place of {}."""
        sql = self._psycopg.sql
        return sql.SQL(text).format(*map(sql.Identifier, names))

    def _of(self, text: str) -> Any:
        """SQL with the table's name in the place of {}."""
        return self._psycopg.sql.SQL(text).format(self._table)

    def _do(self, what: Callable[[Any], Result]) -> Result:
        """Do it with a connection; once more with a new one where the old one is found to be lost.
        Everything that is done here may be done twice."""
        known = self._connection is not None
        try:
            return what(self._connected())
        except self._psycopg.Error as error:
            lost = self._connection is None or self._connection.closed
            if lost:
                self.close()
            if lost and known:
                return self._do(what)
            raise EngineError(f"{self.address} {_trouble(error, lost)}") from error

    def _connected(self) -> Any:
        if self._connection is None:
            # Not prepared: a plan for any LIMIT would leave the index alone.
            self._connection = self._psycopg.connect(
                **self._parameters, autocommit=True, prepare_threshold=None
            )
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(self._psycopg.Error):
                self._connection.close()
            self._connection = None

    def held(self) -> Holding | None:
        """Raises EngineError too for a table that is not sokkuri's."""
        self._holding = self._do(self._held)
        return self._holding

    def _held(self, connection: Any) -> Holding | None:
        name = self._table.as_string(connection)
        row = connection.execute(
            "SELECT obj_description(t, 'pg_class') FROM to_regclass(%s) AS t WHERE t IS NOT NULL",
            [name],
        ).fetchone()
        if row is None:
            return None
        try:
            kept = json.loads(row[0] or "")
            version, holding = kept.pop(_MADE_BY), Holding(**kept)
        except (ValueError, KeyError, TypeError, AttributeError):
            version = holding = None
        if version != _VERSION:
            raise EngineError(
                f"{self.address} is a table that this sokkuri did not make: name another"
            )
        return holding

    def create(self, holding: Holding) -> None:
        """Raises EngineError too where the database has no pgvector."""
        self._do(self._with_extension)
        self._do(lambda connection: self._create(connection, holding))

    def _with_extension(self, connection: Any) -> None:
        there = "SELECT 1 FROM pg_extension WHERE extname = 'vector'"
        if connection.execute(there).fetchone():
            return
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except self._psycopg.Error as error:
            if error.sqlstate not in _CREATED_AT_ONCE:
                raise EngineError(
                    f"{self.address} has no pgvector, and it cannot be added: let an administrator "
                    "install it there and run CREATE EXTENSION vector "
                    f"({_first_line(error)})"
                ) from error

    def _create(self, connection: Any, holding: Holding) -> None:
        said = json.dumps({_MADE_BY: _VERSION, **asdict(holding)})
        literal = self._psycopg.sql.Literal
        try:
            with connection.transaction():
                connection.execute(self._psycopg.sql.SQL(
                    "CREATE TABLE {} (key bigint PRIMARY KEY, id text NOT NULL, path text NOT NULL,"
                    " width integer, height integer, size bigint NOT NULL,"
                    " modified timestamptz NOT NULL, embedding vector({}) NOT NULL)"
                ).format(self._table, literal(holding.dimension)))  # fmt: skip
                connection.execute(self._psycopg.sql.SQL("COMMENT ON TABLE {} IS {}").format(
                    self._table, literal(said)
                ))  # fmt: skip
        except self._psycopg.Error as error:
            if error.sqlstate not in _CREATED_AT_ONCE:
                raise

    def put(self, entries: Sequence[Entry], vectors: Features) -> None:
        rows = {entry.key: number for number, entry in enumerate(entries)}

        def written(connection: Any) -> None:
            self._ready(connection)
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(self._of(
                    "CREATE TEMPORARY TABLE IF NOT EXISTS sokkuri_batch"
                    " (LIKE {}) ON COMMIT DELETE ROWS"
                ))  # fmt: skip
                with cursor.copy("COPY sokkuri_batch FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(
                        ["int8", "text", "text", "int4", "int4", "int8", "timestamptz", "vector"]
                    )
                    for number in rows.values():
                        copy.write_row((*_row(entries[number]), vectors[number]))
                cursor.execute(self._of(
                    f"INSERT INTO {{}} AS held SELECT * FROM sokkuri_batch ON CONFLICT (key) DO"  # noqa: S608
                    f" UPDATE SET ({_COLUMNS}) = ({_among('excluded')}) WHERE"
                    f" ({_among('held')}) IS DISTINCT FROM ({_among('excluded')})"
                ))  # fmt: skip

        self._do(written)

    def delete(self, keys: NDArray[np.int64]) -> None:
        statement = self._of("DELETE FROM {} WHERE key = ANY(%s)")
        self._do(lambda connection: connection.execute(statement, [keys.tolist()]))

    def finish(self) -> None:
        """The index, where there is none yet; new rows are in it as they are put."""
        if self._holding is None:
            self.held()
        self._do(self._indexed)
        self._do(lambda connection: connection.execute(self._of("ANALYZE {}")))

    def _indexed(self, connection: Any) -> None:
        kind = self._kind(connection)
        if kind is None or self._has_index(connection):
            return
        try:
            self._build(connection, kind, workers=None)
        except self._psycopg.Error as error:
            if "shared memory" not in str(error):
                raise
            # Where containers are given little of it, as they are by default.
            self._build(connection, kind, workers=0)

    def _build(self, connection: Any, kind: str, workers: int | None) -> None:
        with connection.transaction():
            # One after another, where several finish at once.
            connection.execute(self._of("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"))
            if self._has_index(connection):
                return
            rows = connection.execute(self._of("SELECT count(*) FROM {}")).fetchone()[0]
            assert self._holding is not None
            needed = rows * (4 * self._holding.dimension + 32 * _LINKS) * 5 // 4
            connection.execute(
                "SELECT set_config('maintenance_work_mem', greatest("
                "pg_size_bytes(current_setting('maintenance_work_mem')), %s) / 1024 || 'kB', true)",
                [min(needed, _MOST_MEMORY)],
            )
            if workers is not None:
                connection.execute(f"SET LOCAL max_parallel_maintenance_workers = {workers}")
            connection.execute(self._of(
                f"CREATE INDEX ON {{}} USING hnsw ({self._column(kind)} {self._operators(kind)})"
                f" WITH (m = {_LINKS}, ef_construction = {_BUILDING})"
            ))  # fmt: skip

    def _has_index(self, connection: Any) -> bool:
        found = connection.execute(
            "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON"
            " pg_am.oid = relam WHERE indrelid = to_regclass(%s) AND amname = 'hnsw'",
            [self._table.as_string(connection)],
        )
        return found.fetchone() is not None

    def _kind(self, connection: Any) -> str | None:
        """The type that the index is of; None where pgvector can index no such vectors."""
        assert self._holding is not None
        if self._holding.dimension <= _INDEXED:
            return "vector"
        # Numbers of any size do not go into 16 bits, those of vectors of length 1 do.
        if self._holding.dimension > _INDEXED_HALVES or self._holding.metric == "l2":
            return None
        known = connection.execute("SELECT to_regtype(%s) IS NOT NULL", [_HALVES])
        return _HALVES if known.fetchone()[0] else None

    def _column(self, kind: str | None) -> str:
        assert self._holding is not None
        return f"(embedding::{_HALVES}({self._holding.dimension}))" if kind == _HALVES else (
            "embedding"
        )  # fmt: skip

    def _operators(self, kind: str) -> str:
        assert self._holding is not None
        return f"{kind}_{'l2' if self._holding.metric == 'l2' else 'cosine'}_ops"

    def keys(self) -> Iterator[NDArray[np.int64]]:
        statement = self._of("SELECT key FROM {} WHERE key > %s ORDER BY key LIMIT %s")
        last = -1
        while True:
            asked = [last, _KEYS_AT_ONCE]
            rows = self._do(lambda connection, asked=asked: (  # type: ignore[misc]
                connection.execute(statement, asked).fetchall()
            ))  # fmt: skip
            if not rows:
                return
            yield np.array([key for (key,) in rows], np.int64)
            last = rows[-1][0]

    def nearest(
        self, queries: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        if self._holding is None and self.held() is None:
            raise EngineError(f"{self.address} is not there: run `sokkuri push` to it again")
        return self._do(lambda connection: self._nearest(connection, queries, count, among))

    def _nearest(
        self, connection: Any, queries: NDArray[np.float32], count: int,
        among: NDArray[np.int64] | None,
    ) -> NDArray[np.int64]:  # fmt: skip
        self._ready(connection)
        found = np.full((len(queries), count), -1, np.int64)
        statement = self._statement(connection, exact=among is not None)
        chosen: list[Any] = [] if among is None else [among.tolist()]
        with connection.transaction(), connection.pipeline():
            connection.execute(f"SET LOCAL statement_timeout = '{_ANSWER}'")
            reach = min(max(count, _LEAST_REACH), MOST)
            connection.execute(f"SET LOCAL hnsw.ef_search = {reach}")
            asked = [connection.execute(statement, [*chosen, query, count]) for query in queries]
            for number, cursor in enumerate(asked):
                keys = [key for (key,) in cursor.fetchall()]
                found[number, : len(keys)] = keys
        return found

    def _statement(self, connection: Any, *, exact: bool) -> Any:
        assert self._holding is not None
        operator = "<->" if self._holding.metric == "l2" else "<=>"
        if exact:  # a sum is no order that the index knows, so that all are compared
            order = f"(embedding {operator} %s) + 0"
            return self._of(f"SELECT key FROM {{}} WHERE key = ANY(%s) ORDER BY {order} LIMIT %s")  # noqa: S608
        kind = self._kind(connection)
        query = f"%s::{_HALVES}({self._holding.dimension})" if kind == _HALVES else "%s"
        return self._of(
            f"SELECT key FROM {{}} ORDER BY {self._column(kind)} {operator} {query} LIMIT %s"  # noqa: S608
        )

    def _ready(self, connection: Any) -> None:
        """Teach this connection what a vector is."""
        from pgvector.psycopg import register_vector

        if connection.adapters.types.get("vector") is None:
            register_vector(connection)


def _psycopg() -> Any:
    try:
        import pgvector.psycopg  # noqa: F401 - both are needed
        import psycopg
    except ImportError:
        raise MissingExtraError("PostgreSQL", "pgvector") from None
    return psycopg


def _names(address: EngineAddress) -> tuple[str, str]:
    """Database and table. Raises UsageError."""
    if len(address.parts) != 2 or not all(address.parts[1].split(".")):
        raise UsageError(f"name a database and a table: {_EXAMPLE}, not {address.shown(_PORT)}")
    if unknown := sorted(address.options.keys() - _OPTIONS):
        raise UsageError(
            f"an address of pgvector takes {', '.join(sorted(_OPTIONS))} after its question mark, "
            f"not {unknown[0]}"
        )
    return address.parts[0], address.parts[1]


def _among(table: str) -> str:
    """All columns but the key, of this table."""
    return ", ".join(f"{table}.{column}" for column in _COLUMNS.split(", "))


def _row(entry: Entry) -> tuple[Any, ...]:
    """An entry as the table has it; `modified` is kept to the microsecond."""
    modified = _EPOCH + timedelta(microseconds=entry.mtime_ns // 1000)
    return (
        entry.key, as_utf8(entry.id), as_utf8(entry.path), entry.width, entry.height, entry.size,
        modified,
    )  # fmt: skip


def _trouble(error: Exception, lost: bool) -> str:
    said = _first_line(error)
    return f"does not answer ({said})" if lost else f"refused what was asked ({said})"


def _first_line(error: Exception) -> str:
    said = str(error).removeprefix("connection is bad: ").strip() or type(error).__name__
    return said.splitlines()[0]
