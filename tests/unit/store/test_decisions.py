"""Decisions are stored by content: they survive moves, and can be undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sokkuri.core.errors import UnknownImageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.decisions import Decisions, mark_different, mark_kept, read_decisions

HELD = {"a": b"A" * 16, "b": b"B" * 16, "twin": b"A" * 16, "c": None}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog.create(tmp_path / "catalog.sqlite")
    made.execute_many(
        "INSERT INTO images (id, path, size, mtime_ns, digest) VALUES (?, ?, 1, 1, ?)",
        [
            ("a", "a", b"A" * 16),
            ("b", "b", b"B" * 16),
            ("twin", "twin", b"A" * 16),
            ("c", "c", None),
        ],
    )
    yield made
    made.close()


def test_without_any_nothing_is_decided(catalog: Catalog) -> None:
    assert read_decisions(catalog) == Decisions()


def test_pairs_are_different_both_ways_round(catalog: Catalog) -> None:
    assert mark_different(catalog, ["b", "a", "c"]) == 3
    found = read_decisions(catalog)
    assert found.part(b"A" * 16, b"B" * 16)
    assert found.part(b"B" * 16, b"A" * 16)
    assert found.part(b"id:c", b"A" * 16)
    assert mark_different(catalog, ["a", "b"]) == 0, "it is known already"
    assert mark_different(catalog, ["b", "a"], undo=True) == 1
    assert not read_decisions(catalog).part(b"A" * 16, b"B" * 16)


def test_same_bytes_can_be_left_alone_too(catalog: Catalog) -> None:
    assert mark_different(catalog, ["a", "twin"]) == 1
    assert read_decisions(catalog).part(b"A" * 16, b"A" * 16)


def test_a_decision_follows_the_bytes(catalog: Catalog) -> None:
    mark_kept(catalog, ["a"])
    catalog.execute("UPDATE images SET id = 'elsewhere/a', path = id WHERE id = 'a'")
    assert b"A" * 16 in read_decisions(catalog).kept
    assert mark_kept(catalog, ["twin"], undo=True) == 1
    assert not read_decisions(catalog).kept


def test_an_unknown_image_changes_nothing(catalog: Catalog) -> None:
    with pytest.raises(UnknownImageError, match="'nobody'"):
        mark_different(catalog, ["a", "b", "nobody"])
    with pytest.raises(UnknownImageError):
        mark_kept(catalog, ["a", "nobody"])
    assert read_decisions(catalog) == Decisions()
