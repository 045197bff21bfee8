"""The ledger of pairs: which pictures were compared, what came of it, and their prints.

Takes content keys (decisions.py) and Matches; hands them on again. An SQLite file under
`indexes/<model>/`: derived, so that deleting it costs time and nothing else. Commits in batches: an
interrupt costs at most the batch at hand.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sokkuri.curation.types import Grade, Pair
from sokkuri.store import derived
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database
from sokkuri.store.derived import derived_folder

_NAME = "pairs.sqlite"
UNSURE = -1.0
"""Score of what was found to be no copy without a look at its keypoints, for want of OpenCV."""

_VERSION = "2"  # of the tables, and of what counts as a copy or as worth a look

_SCHEMA = """
CREATE TABLE prints (content BLOB PRIMARY KEY, print BLOB) WITHOUT ROWID;
CREATE TABLE compared (content BLOB PRIMARY KEY, reach REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE pairs (
  first BLOB, second BLOB, grade TEXT, score REAL NOT NULL, PRIMARY KEY (first, second)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What came of comparing two contents. grade : None where they are no near-duplicates. score :
    0 to 1, or UNSURE."""

    first: bytes
    second: bytes
    grade: Grade | None
    score: float

    def of(self, a: str, b: str) -> Pair:
        """The same of two images that hold them; of near-duplicates alone."""
        assert self.grade is not None
        return Pair(a, b, self.grade, self.score)


class Ledger:
    """An open ledger. `opened` gives one."""

    def __init__(self, tables: Database) -> None:
        self._tables = tables

    def printed(self) -> set[bytes]:
        """The contents whose prints were taken, whatever came of it."""
        return {content for (content,) in self._tables.each("SELECT content FROM prints")}

    def prints(self) -> dict[bytes, bytes]:
        """The prints by content, of pictures that have one."""
        return dict(self._tables.each("SELECT content, print FROM prints WHERE print IS NOT NULL"))

    def keep_prints(self, prints: Iterable[tuple[bytes, bytes | None]]) -> None:
        with self._tables.writing():
            self._tables.run_many("INSERT OR REPLACE INTO prints VALUES (?, ?)", prints)

    def compared(self) -> dict[bytes, float]:
        """The contents that were compared, with the reach of each: see joining.py."""
        return dict(self._tables.each("SELECT content, reach FROM compared"))

    def compared_count(self) -> int:
        return int(self._tables.one("SELECT count(*) FROM compared")[0])

    def keep(self, pairs: Iterable[Known], compared: Iterable[tuple[bytes, float]]) -> None:
        """What came of a batch, in one transaction."""
        rows = ((one.first, one.second, one.grade, one.score) for one in pairs)
        with self._tables.writing():
            self._tables.run_many("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?)", rows)
            self._tables.run_many("INSERT OR REPLACE INTO compared VALUES (?, ?)", compared)

    def forget(self, contents: Iterable[bytes]) -> None:
        """These are to be compared again: their pictures could not be had."""
        with self._tables.writing():
            self._tables.run_many(
                "DELETE FROM compared WHERE content = ?", [[one] for one in contents]
            )

    def forget_unsure(self) -> None:
        """What was UNSURE is to be looked at again, now that it can be told."""
        if self._tables.one("SELECT 1 FROM pairs WHERE score < 0 LIMIT 1") is None:
            return
        with self._tables.writing():
            self._tables.run(
                "DELETE FROM compared WHERE content IN (SELECT first FROM pairs WHERE score < 0"
                " UNION SELECT second FROM pairs WHERE score < 0)"
            )
            self._tables.run("DELETE FROM pairs WHERE score < 0")

    def near_duplicates(self) -> list[Known]:
        """The pairs that have a grade."""
        rows = self._tables.all("SELECT * FROM pairs WHERE grade IS NOT NULL")
        return [Known(*row) for row in rows]

    def known(self, a: bytes, b: bytes) -> Known | None:
        """What came of these two, if they were looked at."""
        row = self._tables.one(
            "SELECT * FROM pairs WHERE first = ? AND second = ?", [min(a, b), max(a, b)]
        )
        return None if row is None else Known(*row)

    def close(self) -> None:
        self._tables.close()


def place(collection: CollectionStore) -> Path:
    """Where the collection's ledger lies, or would."""
    return derived_folder(collection) / _NAME


@contextmanager
def opened(collection: CollectionStore) -> Iterator[Ledger]:
    """The collection's ledger, made where there is none, or none that can be used. Raises
    StorageError."""
    with derived.open_or_rebuild(place(collection), _kept(collection), _SCHEMA) as tables:
        yield Ledger(tables)


@contextmanager
def read(collection: CollectionStore) -> Iterator[Ledger | None]:
    """The same without writing anything: None where nothing was compared yet."""
    with derived.open_readonly(place(collection), _kept(collection)) as tables:
        yield None if tables is None else Ledger(tables)


def _kept(collection: CollectionStore) -> dict[str, str]:
    """Tells tables of this version, and for these features."""
    return {"version": _VERSION, "fingerprint": collection.model.fingerprint}
