"""Keep on disk what was found out about near-duplicates, to choose the image to keep.

Takes content keys, ImageFacts and PairFacts, and returns them. The SQLite file lies beside the pair
store and is derived: deleting it costs the time to read the images of all groups again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.pair_facts import PairFacts
from sokkuri.store import derived
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database
from sokkuri.store.derived import derived_folder

_IDENTITY = {"version": "8"}  # of the tables, and of what the facts mean
_SCHEMA = """
CREATE TABLE image_facts (
  content BLOB PRIMARY KEY, facts TEXT NOT NULL, samples BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE pair_facts (
  first BLOB, second BLOB, facts TEXT, PRIMARY KEY (first, second)
) WITHOUT ROWID;
"""


class EvidenceStore:
    """An open store. `open_evidence_store` and `read_evidence_store` return one."""

    def __init__(self, tables: Database) -> None:
        self._tables = tables

    def image_facts(self, contents: Iterable[bytes]) -> dict[bytes, ImageFacts]:
        """Return the facts of those contents that have some."""
        found = {}
        for content in contents:
            row = self._tables.fetch_one(
                "SELECT facts, samples FROM image_facts WHERE content = ?", [content]
            )
            if row is not None:
                found[content] = ImageFacts.from_row(*row)
        return found

    def pair_facts(
        self, pairs: Iterable[tuple[bytes, bytes]]
    ) -> dict[tuple[bytes, bytes], PairFacts | None]:
        """Return the facts of those pairs that were measured; None if they cannot be aligned."""
        found: dict[tuple[bytes, bytes], PairFacts | None] = {}
        for pair in pairs:
            row = self._tables.fetch_one(
                "SELECT facts FROM pair_facts WHERE first = ? AND second = ?", pair
            )
            if row is not None:
                found[pair] = None if row[0] is None else PairFacts.from_json(row[0])
        return found

    def save_image_facts(self, facts: Iterable[tuple[bytes, ImageFacts]]) -> None:
        """Store facts by content, in one transaction."""
        rows = ((content, *of.to_row()) for content, of in facts)
        with self._tables.writing():
            self._tables.execute_many("INSERT OR REPLACE INTO image_facts VALUES (?, ?, ?)", rows)

    def save_pair_facts(self, facts: Iterable[tuple[bytes, bytes, PairFacts | None]]) -> None:
        """Store facts by pair, in one transaction."""
        rows = ((first, second, of and of.to_json()) for first, second, of in facts)
        with self._tables.writing():
            self._tables.execute_many("INSERT OR REPLACE INTO pair_facts VALUES (?, ?, ?)", rows)


def evidence_store_path(collection: CollectionStore) -> Path:
    """Return the path of the collection's evidence store, which need not exist."""
    return derived_folder(collection) / "evidence.sqlite"


@contextmanager
def open_evidence_store(collection: CollectionStore) -> Iterator[EvidenceStore]:
    """Open the collection's evidence store. Create it if it is missing or cannot be used.

    Raises StorageError.
    """
    path = evidence_store_path(collection)
    with derived.open_or_rebuild(path, _IDENTITY, _SCHEMA) as tables:
        yield EvidenceStore(tables)


@contextmanager
def read_evidence_store(collection: CollectionStore) -> Iterator[EvidenceStore | None]:
    """Open the collection's evidence store without writing; None if there is none."""
    with derived.open_readonly(evidence_store_path(collection), _IDENTITY) as tables:
        yield None if tables is None else EvidenceStore(tables)
