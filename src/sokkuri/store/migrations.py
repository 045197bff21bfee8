"""The schema of the catalog: a numbered list of migrations, and the tables that may be absent.

A new catalog runs all migrations from the first. An older catalog runs those that it lacks when it
is opened for writing, each in one transaction with its version number: a crash leaves the version
before. A read-only open changes nothing: it works from version `OLDEST_READABLE` on. A catalog of
a newer version is always refused. A catalog with named roots (recorded_root.py) records its version
plus `NAMED_ROOTS`, so that a sokkuri which does not know them refuses it.

How to change the schema:

1. Append `Migration(N, (...))` to `MIGRATIONS`; never edit an older entry. The largest number is
   the schema version.
2. If the queries of this package need the change even for reading, set `OLDEST_READABLE` to N.
3. Make `tests/fixtures/store-vN.tar.gz` with tests/support/store_fixture.py and add it to the tests
   in tests/unit/store/test_migrations.py, which open the store of every earlier version.

A new table that older code can ignore needs no migration: add it to `OPTIONAL_TABLES`. The first
write that needs it creates it (`create_table`); queries ask `has_table` before they read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sokkuri.core.errors import CollectionError, DamagedError, UnfinishedError
from sokkuri.store.database import Database


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that bring a catalog from version `version - 1` to `version`."""

    version: int
    statements: tuple[str, ...]


_SCHEMA_1 = """
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

_SCHEMA_2 = (
    "ALTER TABLE images ADD COLUMN ctime_ns INTEGER",
    "CREATE INDEX images_removed ON images (digest) WHERE removed = 1",
)
"""The time stamp of a file's last change of any kind, to notice files that trade names; and an
index to recognise removed images by their bytes."""

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, tuple(_SCHEMA_1.strip().split(";\n"))),
    Migration(2, _SCHEMA_2),
)

SCHEMA_VERSION = MIGRATIONS[-1].version
"""The version that this sokkuri writes."""

OLDEST_READABLE = 1
"""The oldest version that can be read without a migration."""

NAMED_ROOTS = 1000
"""What a catalog with named roots adds to its version."""

_PHOTO = (
    "format TEXT, taken INTEGER, utc_offset INTEGER, camera TEXT, lens TEXT, iso INTEGER,"
    " focal_length REAL, latitude REAL, longitude REAL, rating INTEGER, keywords TEXT"
)
"""The metadata of a photo: the fields of PhotoMetadata. `keywords` is a JSON array."""

OPTIONAL_TABLES = {
    "labels": (
        "CREATE TABLE IF NOT EXISTS labels"
        " (content BLOB PRIMARY KEY, label TEXT NOT NULL, turn INTEGER NOT NULL) WITHOUT ROWID"
    ),
    "label_edits": (
        "CREATE TABLE IF NOT EXISTS label_edits (edit INTEGER, content BLOB, label TEXT NOT NULL,"
        " turn INTEGER NOT NULL, became TEXT, PRIMARY KEY (edit, content)) WITHOUT ROWID"
    ),
    "different": (
        "CREATE TABLE IF NOT EXISTS different"
        " (first BLOB, second BLOB, PRIMARY KEY (first, second)) WITHOUT ROWID"
    ),
    "lost_rows": (
        "CREATE TABLE IF NOT EXISTS lost_rows (shard INTEGER, row INTEGER,"
        " checksum INTEGER NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,"
        " mtime_ns INTEGER NOT NULL, digest BLOB, width INTEGER, height INTEGER,"
        " todo INTEGER NOT NULL, PRIMARY KEY (shard, row)) WITHOUT ROWID"
    ),
    "different_by_second": (
        "CREATE INDEX IF NOT EXISTS different_by_second ON different (second, first)"
    ),
    "damaged": (
        "CREATE TABLE IF NOT EXISTS damaged (digest BLOB PRIMARY KEY, note TEXT NOT NULL)"
        " WITHOUT ROWID"
    ),
    "kept": "CREATE TABLE IF NOT EXISTS kept (content BLOB PRIMARY KEY) WITHOUT ROWID",
    "replacements": (
        "CREATE TABLE IF NOT EXISTS replacements (generation INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL, fingerprint TEXT NOT NULL, dtype TEXT NOT NULL, source TEXT NOT NULL)"
    ),
    "photos": (
        f"CREATE TABLE IF NOT EXISTS photos (digest BLOB PRIMARY KEY, {_PHOTO}) WITHOUT ROWID"
    ),
    "sidecars": (
        "CREATE TABLE IF NOT EXISTS sidecars (stem TEXT, path TEXT, size INTEGER NOT NULL,"
        f" mtime_ns INTEGER NOT NULL, {_PHOTO}, ctime_ns INTEGER,"
        " PRIMARY KEY (stem, path)) WITHOUT ROWID"
    ),
    "films": (
        "CREATE TABLE IF NOT EXISTS films (path TEXT PRIMARY KEY, size INTEGER NOT NULL,"
        " mtime_ns INTEGER NOT NULL, ctime_ns INTEGER, how TEXT NOT NULL, times TEXT NOT NULL)"
        " WITHOUT ROWID"
    ),
    "old_shards": (
        "CREATE TABLE IF NOT EXISTS old_shards"
        " (name TEXT, shard INTEGER, PRIMARY KEY (name, shard)) WITHOUT ROWID"
    ),
}
"""Tables, and an index, that exist from the first write that needs them: older catalogs lack
them."""


def create_table(database: Database, name: str) -> None:
    """Create an optional table unless it exists. Call it inside a write transaction."""
    database.execute(OPTIONAL_TABLES[name])


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the catalog to the newest version, one transaction a migration.

    Raises CollectionError for a catalog of a newer version.
    """
    for migration in migrations:
        with database.writing():  # read the version under the lock: another process may migrate
            offset, version = divmod(_stored_version(database), NAMED_ROOTS)
            if offset <= 1 and version < migration.version:
                for statement in migration.statements:
                    database.execute(statement)
                _set_version(database, offset * NAMED_ROOTS + migration.version)
    check_version(database, readonly=False)


def mark_named_roots(database: Database) -> None:
    """Let a sokkuri that does not know named roots refuse the catalog from now on."""
    _set_version(database, NAMED_ROOTS + _stored_version(database) % NAMED_ROOTS)


def _set_version(database: Database, version: int) -> None:
    database.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", [str(version)])


def check_version(database: Database, *, readonly: bool) -> bool:
    """Return whether the catalog has the newest version.

    readonly : the catalog will not be migrated. Raises UnfinishedError for a file without tables,
    DamagedError for a version that is no number, CollectionError for a version that is newer, or,
    with `readonly`, older than this sokkuri can read.
    """
    version = _stored_version(database)
    if version == 0:
        raise UnfinishedError(f"{database.where} was never finished: run `sokkuri index` again")
    offset, number = divmod(version, NAMED_ROOTS)
    if offset > 1 or number > SCHEMA_VERSION:
        raise CollectionError(
            f"{database.where} has catalog version {version}, but this sokkuri reads versions up "
            f"to {SCHEMA_VERSION}: install the version of sokkuri that wrote it, or a newer one"
        )
    if readonly and number < OLDEST_READABLE:
        raise CollectionError(
            f"{database.where} has catalog version {version}, but this sokkuri reads from version "
            f"{OLDEST_READABLE} on: run `sokkuri index` to bring it up to date"
        )
    return number == SCHEMA_VERSION


def _stored_version(database: Database) -> int:
    """The catalog's version; 0 for a file without tables."""
    if not database.has_table("meta"):
        return 0
    row = database.fetch_one("SELECT value FROM meta WHERE key = 'schema'")
    text = "" if row is None else str(row[0])
    if not (text.isascii() and text.isdigit()):
        raise DamagedError(
            f"{database.where} is damaged (its version is {text!r}): restore it from a backup, or "
            "move the store away and index again"
        )
    return int(text)
