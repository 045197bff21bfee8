"""What a person decided about near-duplicates: not a duplicate, keep this one. Kept by content.

Takes ids; hands on content keys, which are the same for the same bytes wherever they lie: so a
decision survives moves, renames and indexing anew. The tables are made when the first thing is
decided; a collection without them has no decisions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sokkuri.store.catalog import Catalog
from sokkuri.store.content import content_of
from sokkuri.store.migrations import create_table


@dataclass(frozen=True, slots=True)
class Decisions:
    """different : pairs of contents, in order, that are no duplicates. kept : contents to keep."""

    different: frozenset[tuple[bytes, bytes]] = frozenset()
    kept: frozenset[bytes] = frozenset()

    def part(self, a: bytes, b: bytes) -> bool:
        """Whether a person said that these two are no duplicates."""
        return (min(a, b), max(a, b)) in self.different


def read_decisions(catalog: Catalog) -> Decisions:
    """All that was decided."""
    if not catalog.has_table("different"):
        return Decisions()
    return Decisions(
        frozenset(
            (first, second) for first, second in catalog.fetch_all("SELECT * FROM different")
        ),
        frozenset(content for (content,) in catalog.fetch_all("SELECT * FROM kept")),
    )


def mark_different(catalog: Catalog, ids: Sequence[str], *, undo: bool = False) -> int:
    """No two of these images are duplicates; `undo` takes that back. Gives back how many pairs
    changed. Raises UnknownImageError before any change."""
    with catalog.writing():
        contents = _contents(catalog, ids)
        pairs = {(min(pair), max(pair)) for pair in combinations(contents, 2)}
        statement = (
            "DELETE FROM different WHERE first = ? AND second = ?"
            if undo
            else "INSERT OR IGNORE INTO different VALUES (?, ?)"
        )
        return sum(catalog.execute(statement, pair) for pair in pairs)


def mark_kept(catalog: Catalog, ids: Sequence[str], *, undo: bool = False) -> int:
    """These images are the ones to keep of their groups; `undo` takes that back. Gives back how
    many contents changed. Raises UnknownImageError before any change."""
    with catalog.writing():
        contents = set(_contents(catalog, ids))
        statement = (
            "DELETE FROM kept WHERE content = ?"
            if undo
            else "INSERT OR IGNORE INTO kept VALUES (?)"
        )
        return sum(catalog.execute(statement, [content]) for content in contents)


def add_decisions(catalog: Catalog, decisions: Decisions) -> None:
    """Take over what was decided elsewhere. Inside a transaction of the caller."""
    if decisions == Decisions():
        return
    _make_tables(catalog)
    catalog.execute_many("INSERT OR IGNORE INTO different VALUES (?, ?)", decisions.different)
    catalog.execute_many("INSERT OR IGNORE INTO kept VALUES (?)", ([one] for one in decisions.kept))


def _contents(catalog: Catalog, ids: Iterable[str]) -> list[bytes]:
    _make_tables(catalog)
    return [content_of(catalog, id_) for id_ in ids]


def _make_tables(catalog: Catalog) -> None:
    for name in ("different", "kept"):
        create_table(catalog, name)
