"""Carry compared pairs over to the vectors of another model.

What a comparison of two pictures said does not depend on vectors: the pairs, the fingerprints and
the evidence stay. Which pairs are worth a comparison does: with other vectors, every image looks
for its candidates again, and no pair is compared twice.
"""

from pathlib import Path

from sokkuri.curation.duplicates.evidence_store import evidence_store_path
from sokkuri.curation.duplicates.pair_store import adopt_pair_store, pair_store_path
from sokkuri.store.collection import CollectionStore
from sokkuri.store.database import Database
from sokkuri.store.derived import storage_errors


def carry_pairs(collection: CollectionStore, fresh: CollectionStore) -> None:
    """Copy what was compared to the store of a replacement, whose own tables are replaced.

    Raises StorageError. A damaged file is left behind: its pairs are compared again.
    """
    for path_of in (evidence_store_path, pair_store_path):
        source, target = path_of(collection), path_of(fresh)
        if source.is_file():
            with storage_errors(fresh):
                _copy(source, target)
    adopt_pair_store(fresh, collection.model.fingerprint)


def _copy(source: Path, target: Path) -> None:
    """Copy an SQLite file, also while others write it."""
    partial = target.with_name(f".{target.name}.new")
    partial.unlink(missing_ok=True)
    tables = Database.connect(source, "mode=ro")
    try:
        tables.copy_to(partial)
    finally:
        tables.close()
    for path in target.parent.glob(f"{target.name}*"):
        path.unlink()
    partial.replace(target)
