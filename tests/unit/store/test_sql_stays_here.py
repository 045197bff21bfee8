"""Only the package sokkuri.store names the catalog's tables in SQL."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import sokkuri
from sokkuri.store.catalog import Catalog
from sokkuri.store.migrations import OPTIONAL_TABLES

PACKAGE = Path(sokkuri.__file__).parent
OWN_FILES = {
    "search/push_log.py",
    "search/engines/pgvector.py",
    "curation/duplicates/evidence_store.py",
    "curation/duplicates/pair_store.py",
}
"""Modules with SQL on tables of their own, in another database."""

MODULES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "store"
)


@cache
def table_names() -> set[str]:
    catalog = Catalog.in_memory()
    rows = catalog.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table'")
    catalog.close()
    return {name for (name,) in rows} | set(OPTIONAL_TABLES) | {"seen"}


def sql_on_catalog(source: str) -> list[str]:
    """Return the texts in a module that are SQL on one of the catalog's tables."""
    names = "|".join(sorted(table_names()))
    statement = re.compile(rf"\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+(?:temp\.)?(?:{names})\b")
    texts = (
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return [text for text in texts if statement.search(text)]


def test_sql_on_the_catalog_is_recognised() -> None:
    assert {"images", "shards", "labels", "meta"} <= table_names()
    assert sql_on_catalog('f"SELECT id FROM images WHERE {LIVE}"')
    assert sql_on_catalog('catalog.execute("UPDATE shards SET rows = 1")')
    assert not sql_on_catalog('"""Read vectors from images."""')


@pytest.mark.parametrize("module", MODULES)
def test_no_other_package_writes_sql_on_the_catalog(module: str) -> None:
    if module not in OWN_FILES:
        assert sql_on_catalog((PACKAGE / module).read_text(encoding="utf-8")) == []
    else:
        texts = sql_on_catalog((PACKAGE / module).read_text(encoding="utf-8"))
        assert not any(re.search(r"\bimages\b", text) for text in texts)
