"""Keep the compared pairs and the fingerprints of a collection on disk.

Takes content keys (store/content.py), fingerprints and PairResults, and returns them. The SQLite
file lies under `indexes/<model>/` and is derived: deleting it costs the time to compare again. It
commits in batches, so an interrupt loses at most one batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sokkuri.curation.types import Grade, Pair
from sokkuri.store import derived
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database, chunks
from sokkuri.store.derived import derived_folder

_NAME = "pairs.sqlite"
NOT_COMPARED_BY_KEYPOINTS = -1.0
"""The score of a pair that is not a near-duplicate without keypoints, which need OpenCV."""

_VERSION = "11"  # of the tables, and of what counts as a copy or as a candidate

_SCHEMA = """
CREATE TABLE prints (content BLOB PRIMARY KEY, print BLOB) WITHOUT ROWID;
CREATE TABLE compared (content BLOB PRIMARY KEY, reach REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE pairs (
  first BLOB, second BLOB, grade TEXT, score REAL NOT NULL,
  likely TEXT, open INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (first, second)
) WITHOUT ROWID;
"""


_IS_LINK = "(grade IS NOT NULL OR likely IS NOT NULL)"

_BY_SECOND = f"CREATE INDEX IF NOT EXISTS links_by_second ON pairs (second, first) WHERE {_IS_LINK}"
"""Finds the links of a content. The next run adds it to a file that lacks it."""


@dataclass(frozen=True, slots=True)
class PairResult:
    """The result of comparing two contents.

    grade : None if they are no near-duplicates, and None while nobody knows. score : 0 to 1, or
    NOT_COMPARED_BY_KEYPOINTS. likely : the best grade that they can have after a first look at
    their previews; None if the first look decided. open : whether they must still be looked at
    closely before they count as copies.
    """

    first: bytes
    second: bytes
    grade: Grade | None
    score: float
    likely: Grade | None = None
    open: bool = False

    @property
    def contents(self) -> tuple[bytes, bytes]:
        """Both contents, the smaller one first."""
        return self.first, self.second

    @property
    def current(self) -> Grade | None:
        """The grade by what is known now: of an open pair, the best one."""
        return self.likely if self.open else self.grade

    @property
    def best(self) -> Grade | None:
        """The grade after the first look, whatever a close look says."""
        return self.likely or self.grade

    def as_pair(self, a: str, b: str) -> Pair:
        """Return the pair of two images with these contents. Only for near-duplicates."""
        assert self.grade is not None
        return Pair(a, b, self.grade, self.score, is_open=self.open)


class PairStore:
    """An open store. `open_pair_store` and `read_pair_store` return one."""

    def __init__(self, tables: Database) -> None:
        self._tables = tables

    def fingerprinted(self) -> set[bytes]:
        """Return the contents with a fingerprint, and those that cannot be decoded."""
        return {content for (content,) in self._tables.iterate("SELECT content FROM prints")}

    def fingerprints(self) -> dict[bytes, bytes]:
        """Return the fingerprints by content, without those that cannot be decoded."""
        return dict(
            self._tables.iterate("SELECT content, print FROM prints WHERE print IS NOT NULL")
        )

    def save_fingerprints(self, fingerprints: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Store fingerprints by content; None for those that cannot be decoded."""
        with self._tables.writing():
            self._tables.execute_many("INSERT OR REPLACE INTO prints VALUES (?, ?)", fingerprints)

    def thresholds(self) -> dict[bytes, float]:
        """Return the compared contents with their reverse thresholds, see candidates.py."""
        return dict(self._tables.iterate("SELECT content, reach FROM compared"))

    def count_compared(self) -> int:
        """Return the number of compared contents."""
        return int(self._tables.fetch_one("SELECT count(*) FROM compared")[0])

    def save(self, results: Iterable[PairResult], compared: Iterable[tuple[bytes, float]]) -> None:
        """Store a batch in one transaction. compared : contents with their reverse thresholds."""
        rows = (
            (pair.first, pair.second, pair.grade, pair.score, pair.likely, pair.open)
            for pair in results
        )
        with self._tables.writing():
            self._tables.execute_many(
                "INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            self._tables.execute_many("INSERT OR REPLACE INTO compared VALUES (?, ?)", compared)

    def mark_not_compared(self, contents: Iterable[bytes]) -> None:
        """Let the next run compare these contents again: their files could not be read."""
        with self._tables.writing():
            self._tables.execute_many(
                "DELETE FROM compared WHERE content = ?", [[content] for content in contents]
            )

    def forget_without_keypoints(self) -> None:
        """Let the next run compare the pairs with NOT_COMPARED_BY_KEYPOINTS again."""
        if self._tables.fetch_one("SELECT 1 FROM pairs WHERE score < 0 LIMIT 1") is None:
            return
        with self._tables.writing():
            self._tables.execute(
                "DELETE FROM compared WHERE content IN (SELECT first FROM pairs WHERE score < 0"
                " UNION SELECT second FROM pairs WHERE score < 0)"
            )
            self._tables.execute("DELETE FROM pairs WHERE score < 0")

    def near_duplicates(self) -> list[PairResult]:
        """Return the pairs that have a grade. Open pairs have none."""
        rows = self._tables.fetch_all("SELECT * FROM pairs WHERE grade IS NOT NULL")
        return [*map(_to_result, rows)]

    def links(self) -> list[PairResult]:
        """Return the pairs that a first look or a close look took for near-duplicates."""
        rows = self._tables.fetch_all(f"SELECT * FROM pairs WHERE {_IS_LINK}")  # noqa: S608
        return [*map(_to_result, rows)]

    def links_of(self, contents: Iterable[bytes]) -> list[PairResult]:
        """Return the links that one of these contents is in, once each."""
        rows: set[tuple[Any, ...]] = set()
        for chunk in chunks(contents):
            marks = ",".join("?" * len(chunk))
            for side in ("first", "second"):
                rows |= set(
                    self._tables.iterate(
                        f"SELECT * FROM pairs WHERE {_IS_LINK} AND {side} IN ({marks})",  # noqa: S608
                        chunk,
                    )
                )
        return [*map(_to_result, sorted(rows, key=lambda row: row[:2]))]

    def not_compared(self, contents: Iterable[bytes]) -> set[bytes]:
        """Return those of the contents that were not compared yet."""
        asked = {*contents}
        compared: set[bytes] = set()
        for chunk in chunks(sorted(asked)):
            marks = ",".join("?" * len(chunk))
            compared |= {
                content
                for (content,) in self._tables.iterate(
                    f"SELECT content FROM compared WHERE content IN ({marks})",  # noqa: S608
                    chunk,
                )
            }
        return asked - compared

    def find(self, a: bytes, b: bytes) -> PairResult | None:
        """Return the result of two contents, None if they were not compared."""
        row = self._tables.fetch_one(
            "SELECT * FROM pairs WHERE first = ? AND second = ?", [min(a, b), max(a, b)]
        )
        return None if row is None else _to_result(row)

    def compared_pairs(self, firsts: Iterable[bytes]) -> set[tuple[bytes, bytes]]:
        """Return the compared pairs whose smaller content is one of these."""
        pairs: set[tuple[bytes, bytes]] = set()
        for chunk in chunks(firsts):
            marks = ",".join("?" * len(chunk))
            pairs.update(
                self._tables.iterate(
                    f"SELECT first, second FROM pairs WHERE first IN ({marks})",  # noqa: S608
                    chunk,
                )
            )
        return pairs

    def close(self) -> None:
        self._tables.close()


def _to_result(row: tuple[Any, ...]) -> PairResult:
    first, second, grade, score, likely, is_open = row
    return PairResult(first, second, grade, score, likely, bool(is_open))


def pair_store_path(collection: CollectionStore) -> Path:
    """Return the path of the collection's pair store, which need not exist."""
    return derived_folder(collection) / _NAME


@contextmanager
def open_pair_store(collection: CollectionStore) -> Iterator[PairStore]:
    """Open the collection's pair store. Create it if it is missing or cannot be used.

    Raises StorageError.
    """
    path = pair_store_path(collection)
    with derived.open_or_rebuild(path, _identity(collection), _SCHEMA) as tables:
        with tables.writing():
            tables.execute(_BY_SECOND)
        yield PairStore(tables)


@contextmanager
def read_pair_store(collection: CollectionStore) -> Iterator[PairStore | None]:
    """Open the collection's pair store without writing; None if nothing was compared yet."""
    with derived.open_readonly(pair_store_path(collection), _identity(collection)) as tables:
        yield None if tables is None else PairStore(tables)


def adopt_pair_store(collection: CollectionStore, fingerprint: str) -> None:
    """Take over a pair store that was copied from the vectors of the model with this fingerprint.

    Its pairs stay. All contents are to look for candidates again, among the collection's vectors.
    """
    path = pair_store_path(collection)
    identity = {**_identity(collection), "fingerprint": fingerprint}
    if not path.is_file():
        return
    with derived.open_or_rebuild(path, identity, _SCHEMA) as tables, tables.writing():
        tables.execute("DELETE FROM compared")
        tables.execute(
            "UPDATE meta SET value = ? WHERE key = 'fingerprint'", [collection.model.fingerprint]
        )


def _identity(collection: CollectionStore) -> dict[str, str]:
    """Return the version of the tables and of the features, which a usable file must state."""
    return {"version": _VERSION, "fingerprint": collection.model.fingerprint}
