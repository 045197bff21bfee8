"""The catalog: the SQLite file that says which rows of the shards count, and for which image.

Creates and opens the file, brings it to the newest schema (migrations.py), and holds the
collection's settings and model. Queries on images are in modules by purpose: images.py,
listing.py, leases.py, and so on. No other package writes SQL on the catalog's tables.

An image is *live* when it has a row and is neither removed nor missing. `todo` says that its file
must be read; `missing` is the run that found the file gone; `deaths` counts the processes that died
while they worked on it.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from sokkuri.core.errors import CollectionError, StorageError, UnfinishedError
from sokkuri.core.types import Decoding, Metric
from sokkuri.store.database import Database, as_text
from sokkuri.store.migrations import check_version, migrate


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


class Catalog(Database):
    """A connection to one catalog file. Not shared between threads unless said so."""

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create the file, or open it if another process was quicker."""
        catalog = cls.connect(path, "mode=rwc")
        migrate(catalog)
        return catalog

    @classmethod
    def open(cls, path: Path, mode: Literal["ro", "rw"] = "rw", *, threads: bool = False) -> Self:
        """Open an existing catalog; with mode `rw` bring it to the newest schema.

        threads : several threads use it, and the caller guards it with a lock. Raises
        UnfinishedError for a file without tables, CollectionError for one of another version.
        """
        readonly = mode == "ro"
        try:
            catalog = cls.connect(path, f"mode={mode}", threads=threads)
            is_newest = check_version(catalog, readonly=readonly)
        except StorageError:
            if not readonly:
                raise
            # A read-only medium cannot hold WAL's helper files; nobody can write there either.
            catalog = cls.connect(path, "mode=ro&immutable=1", threads=threads)
            is_newest = check_version(catalog, readonly=True)
        if not (is_newest or readonly):
            migrate(catalog)
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
    def in_memory(cls) -> Self:
        """An empty catalog that is never written: what a dry run compares a new folder with."""
        catalog = cls(sqlite3.connect(":memory:", isolation_level=None), Path(":memory:"))
        migrate(catalog)
        return catalog

    def meta(self, key: str) -> str | None:
        row = self.fetch_one("SELECT value FROM meta WHERE key = ?", [key])
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        self.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS TEXT))", [key, as_text(value)]
        )

    def model(self) -> ModelRow | None:
        """The collection's model, once it has one."""
        row = self.fetch_one(
            "SELECT name, fingerprint, dimension, metric, decode, source FROM models"
        )
        return None if row is None else ModelRow(*row)

    def set_model(self, model: ModelRow) -> None:
        self.execute(
            "INSERT INTO models VALUES (1, ?, ?, ?, ?, ?, CAST(? AS TEXT))",
            [
                model.name, model.fingerprint, model.dimension, model.metric, model.decode,
                as_text(model.source),
            ],
        )  # fmt: skip

    def set_model_source(self, source: str) -> None:
        """Record where the model is found from now on: a name, or the path of a file."""
        self.execute("UPDATE models SET source = CAST(? AS TEXT)", [as_text(source)])
