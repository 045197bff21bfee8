"""Pictures and their edits in a collection, and what `duplicates` says of them and keeps."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import edited_images
from run_cli import as_json, sokkuri

PICTURES = 4
NAMES = ["orig", "twin", *edited_images.EDITS]


def compared_in(root: Path) -> Path:
    """PICTURES and their edits in `root`, a collection, all compared."""
    for seed in range(PICTURES):
        edited_images.write(root / f"p{seed}", seed, twin=True)
    sokkuri("index", root)
    sokkuri("duplicates", "-C", root)
    return root


def groups(root: Path, *options: object) -> list[Any]:
    found: list[Any] = as_json("duplicates", "-C", root, *options)["groups"]
    return found


def members(found: list[Any]) -> set[frozenset[str]]:
    return {frozenset(group["ids"]) for group in found}


def ids(seed: int, names: list[str]) -> set[str]:
    return {f"p{seed}/{name}.jpg" for name in names}


def ledger(root: Path) -> Path:
    (found,) = root.glob(".sokkuri/indexes/*/pairs.sqlite")
    return found


def opened(root: Path) -> contextlib.closing[sqlite3.Connection]:
    """The ledger, to be read."""
    return contextlib.closing(sqlite3.connect(f"file:{ledger(root)}?mode=ro", uri=True))


def ask(root: Path, question: str) -> Any:
    """The first row that the ledger answers with; None while there is no ledger that can."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{ledger(root)}?mode=ro", uri=True)
        ) as tables:
            return tables.execute(question).fetchone()
    except (ValueError, sqlite3.Error):
        return None


def everything(root: Path) -> list[list[Any]]:
    """All that the ledger holds."""
    with opened(root) as tables:
        return [
            tables.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in ("prints", "pairs", "compared")
        ]


def forge(root: Path) -> None:
    """Scores that no comparing gives: what is compared again loses them."""
    with contextlib.closing(sqlite3.connect(ledger(root))) as tables, tables:
        tables.execute("UPDATE pairs SET score = 0.75 WHERE grade IS NOT NULL")
