"""Decisions of a person about near-duplicates: "not a duplicate", and "keep this image".

Takes ids; stores and returns content keys, which are equal for equal bytes. So a decision survives
moves, renames and a new index. The first decision creates the tables; a collection without them has
no decisions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sokkuri.store.catalog import Catalog
from sokkuri.store.content import content_of
from sokkuri.store.migrations import create_table


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions in a collection, by content key.

    different : pairs of contents that are not duplicates, the smaller key first. kept : contents of
    the images to keep.
    """

    different: frozenset[tuple[bytes, bytes]] = frozenset()
    kept: frozenset[bytes] = frozenset()

    def part(self, a: bytes, b: bytes) -> bool:
        """Return whether a person decided that these two contents are not duplicates."""
        return (min(a, b), max(a, b)) in self.different


def read_decisions(catalog: Catalog) -> Decisions:
    """Return all decisions."""
    if not catalog.has_table("different"):
        return Decisions()
    return Decisions(
        frozenset(
            (first, second) for first, second in catalog.fetch_all("SELECT * FROM different")
        ),
        frozenset(content for (content,) in catalog.fetch_all("SELECT * FROM kept")),
    )


def mark_different(catalog: Catalog, ids: Sequence[str], *, undo: bool = False) -> int:
    """Record that no two of these images are duplicates; return how many pairs changed.

    undo : delete this decision. Raises UnknownImageError before any change.
    """
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
    """Record that these images are to be kept in their groups; return how many contents changed.

    undo : delete this decision. Raises UnknownImageError before any change.
    """
    with catalog.writing():
        contents = set(_contents(catalog, ids))
        statement = (
            "DELETE FROM kept WHERE content = ?"
            if undo
            else "INSERT OR IGNORE INTO kept VALUES (?)"
        )
        return sum(catalog.execute(statement, [content]) for content in contents)


def add_decisions(catalog: Catalog, decisions: Decisions) -> None:
    """Add the decisions of another collection, inside a transaction of the caller."""
    if decisions == Decisions():
        return
    _make_tables(catalog)
    catalog.execute_many("INSERT OR IGNORE INTO different VALUES (?, ?)", decisions.different)
    catalog.execute_many("INSERT OR IGNORE INTO kept VALUES (?)", ([one] for one in decisions.kept))


def _contents(catalog: Catalog, ids: Iterable[str]) -> list[bytes]:
    """Return the content key of each id. Raises UnknownImageError."""
    _make_tables(catalog)
    return [content_of(catalog, id_) for id_ in ids]


def _make_tables(catalog: Catalog) -> None:
    for name in ("different", "different_by_second", "kept"):
        create_table(catalog, name)
