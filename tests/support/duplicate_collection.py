"""A collection of images and their edits, with the groups and the pair store of `duplicates`."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import edited_images
import pytest
from run_cli import as_json, sokkuri

PICTURES = 2
NAMES = ["orig", "twin", *edited_images.EDITS]


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of PICTURES images and their edits, all of them compared. Tests that change
    something take a copy."""
    root = tmp_path_factory.mktemp("compared") / "photos"
    for seed in range(PICTURES):
        edited_images.write_edits(root / f"p{seed}", seed, twin=True)
    sokkuri("index", root)
    sokkuri("duplicates", "-C", root)
    return root


def find_groups(root: Path, *options: object) -> list[Any]:
    found: list[Any] = as_json("duplicates", "-C", root, *options)["groups"]
    return found


def group_members(found: list[Any]) -> set[frozenset[str]]:
    return {frozenset(group["ids"]) for group in found}


def image_ids(seed: int, names: list[str]) -> set[str]:
    return {f"p{seed}/{name}.jpg" for name in names}


def pair_store_path(root: Path) -> Path:
    (found,) = root.glob(".sokkuri/indexes/*/pairs.sqlite")
    return found


def open_pair_store(root: Path) -> contextlib.closing[sqlite3.Connection]:
    """Open the pair store for reading."""
    return contextlib.closing(sqlite3.connect(f"file:{pair_store_path(root)}?mode=ro", uri=True))


def query_pair_store(root: Path, question: str) -> Any:
    """Return the first row of the answer; None while there is no pair store to read."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{pair_store_path(root)}?mode=ro", uri=True)
        ) as tables:
            return tables.execute(question).fetchone()
    except (ValueError, sqlite3.Error):
        return None


def read_pair_store(root: Path) -> list[list[Any]]:
    """Return all rows of the pair store, by table."""
    with open_pair_store(root) as tables:
        return [
            tables.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in ("prints", "pairs", "compared")
        ]


def forge_scores(root: Path) -> None:
    """Set all scores to 0.75, which no comparison gives. A pair that is compared again loses it."""
    with contextlib.closing(sqlite3.connect(pair_store_path(root))) as tables, tables:
        tables.execute("UPDATE pairs SET score = 0.75 WHERE grade IS NOT NULL")
