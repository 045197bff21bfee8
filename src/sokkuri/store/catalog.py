"""The catalog: the SQLite file that says which rows of the shards count, and for which image.

Creates and opens the file, brings it to the newest schema (migrations.py), and holds the
collection's settings and model. Queries on images are in modules by purpose: images.py,
listing.py, leases.py, and so on. No other package writes SQL on the catalog's tables.

An image is *live* if it has a row and is neither removed nor missing. In the table `images`, `todo`
is 1 if the file must be read; `missing` is the run that found the file gone; `deaths` counts the
processes that died while they worked on the image.
"""

import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args

from sokkuri.core.errors import CollectionError, DamagedError, StorageError, UnfinishedError
from sokkuri.core.paths import is_path_below
from sokkuri.core.types import Decoding, Metric
from sokkuri.store.database import Database, as_text
from sokkuri.store.migrations import check_version, migrate

MAX_DIMENSION = 2**24
"""The largest number of dimensions of a vector that a catalog may claim."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """The model that made the collection's vectors.

    `source` loads the model again: a known name, or the path of an ONNX file or of a model card.
    """

    name: str
    fingerprint: str
    dimension: int
    metric: Metric
    decode: Decoding
    source: str

    def __str__(self) -> str:
        return f"{self.name} (fingerprint {self.fingerprint[:12]}, --decode {self.decode})"

    def replace_command(self, store: Path) -> str:
        """Return the command that gives the collection in `store` this model."""
        named = f"--model {shlex.quote(self.source)} --decode {self.decode}"
        return f"sokkuri index -C {shlex.quote(str(store))} {named} --replace"


def _is_sound(
    name: object, fingerprint: object, dimension: object, metric: object, decode: object, *_: object
) -> bool:
    """Return whether a model can have these values: a catalog of a stranger may hold any."""
    return (
        isinstance(name, str)
        and is_path_below(name)
        and "/" not in name
        and isinstance(fingerprint, str)
        and isinstance(dimension, int)
        and 1 <= dimension <= MAX_DIMENSION
        and metric in get_args(Metric)
        and decode in get_args(Decoding)
    )


class Catalog(Database):
    """A connection to one catalog file.

    Only the thread that opened it may use it, except with `threads=True`. guard : called at the
    start of each write transaction; if it raises, nothing is written.
    """

    guard: Callable[[], None] | None = None

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create the file, or open it if another process created it first."""
        catalog = cls.connect(path, "mode=rwc")
        migrate(catalog)
        return catalog

    @classmethod
    def open(cls, path: Path, mode: Literal["ro", "rw"] = "rw", *, threads: bool = False) -> Self:
        """Open an existing catalog; with mode `rw` bring it to the newest schema.

        threads : let several threads use the connection; the caller guards it with a lock. Raises
        UnfinishedError for a file without tables, CollectionError for a file of a newer or, with
        mode `ro`, too old version, StorageError for a file that cannot be opened.
        """
        readonly = mode == "ro"
        try:
            catalog = cls.connect(path, f"mode={mode}", threads=threads)
            is_newest = check_version(catalog, readonly=readonly)
        except StorageError:
            if not readonly:
                raise
            catalog = cls.connect_unwritable(path, threads=threads)
            is_newest = check_version(catalog, readonly=True)
        if not (is_newest or readonly):
            migrate(catalog)
        return catalog

    @classmethod
    def is_unfinished(cls, path: Path) -> bool:
        """Return whether the creation of this file was cut short before it had a model."""
        try:
            catalog = cls.open(path, "ro")
        except UnfinishedError:
            return True
        except CollectionError:
            return False  # damaged, or of another version: `open` reports it
        with closing(catalog):
            return catalog.model() is None

    @classmethod
    def in_memory(cls) -> Self:
        """Return an empty catalog in memory: a dry run compares a new folder with it."""
        catalog = cls(
            sqlite3.connect("file::memory:", uri=True, isolation_level=None), Path(":memory:")
        )
        migrate(catalog)
        return catalog

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in a transaction as `Database.writing` does, unless the guard raises."""
        with super().writing():
            if self.guard is not None:
                self.guard()
            yield

    def meta(self, key: str) -> str | None:
        """Return a setting of the collection, or None."""
        row = self.fetch_one("SELECT value FROM meta WHERE key = ?", [key])
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set a setting of the collection."""
        self.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS TEXT))", [key, as_text(value)]
        )

    def model(self) -> ModelRow | None:
        """Return the collection's model, or None before it has one.

        Raises DamagedError for values that no model has.
        """
        row = self.fetch_one(
            "SELECT name, fingerprint, dimension, metric, decode, source FROM models"
        )
        if row is None:
            return None
        if not _is_sound(*row):
            raise DamagedError(
                f"{self.where} is damaged (its model has impossible values): restore it from a "
                "backup, or move the store away and index again"
            )
        return ModelRow(*row)

    def set_model(self, model: ModelRow) -> None:
        """Record the collection's model. A collection has one: raises DamagedError for a second."""
        self.execute(
            "INSERT INTO models VALUES (1, ?, ?, ?, ?, ?, CAST(? AS TEXT))",
            [
                model.name, model.fingerprint, model.dimension, model.metric, model.decode,
                as_text(model.source),
            ],
        )  # fmt: skip

    def replace_model(self, model: ModelRow) -> None:
        """Record another model instead of the collection's model."""
        self.execute("DELETE FROM models")
        self.set_model(model)

    def set_model_source(self, source: str) -> None:
        """Record the name or the path that loads the model from now on."""
        self.execute("UPDATE models SET source = CAST(? AS TEXT)", [as_text(source)])
