"""Read vectors from the shards, and check each one against the checksum that the catalog has of it.

Takes positions; returns the vectors as they were written. A vector that the disk has changed is
never copied, compared or handed on: it raises DamagedRowError. Searches scan whole shards without
checksums; they check the vectors of their hits.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import DamagedRowError
from sokkuri.core.types import StoredRows
from sokkuri.store.catalog import Catalog
from sokkuri.store.shard_table import row_checksums
from sokkuri.store.shards import ShardFolder, checksum_rows

Place = tuple[int, int]
"""The position of a vector: shard and row."""


def read_rows(catalog: Catalog, shards: ShardFolder, places: Sequence[Place]) -> StoredRows:
    """Return the vectors at N positions, in their order : (N, D) in the dtype of the shards.

    Raises DamagedRowError for a vector that is not as it was written, or that no image owns, and
    DamagedError when a shard is missing or too short.
    """
    rows = copy_rows(shards, places)
    check_rows(catalog, shards, places, rows)
    return rows


def check_rows(
    catalog: Catalog, shards: ShardFolder, places: Sequence[Place], rows: StoredRows
) -> None:
    """Raise DamagedRowError unless the vectors at N positions are as they were written.

    rows : (N, D) in the dtype of the shards.
    """
    owners = row_checksums(catalog, places)
    unowned = next((place for place in places if place not in owners), None)
    if unowned is not None:
        raise DamagedRowError(
            f"no image has row {unowned[1]} of {shards.features_path(unowned[0])}"
        )
    for number in unsound_rows(rows, [owners[place][1] for place in places])[:1].tolist():
        raise damaged_row_error(owners[places[number]][0])


def copy_rows(shards: ShardFolder, places: Sequence[Place]) -> StoredRows:
    """Return the same vectors without a check: for a caller that moves them with their checksums.

    Raises DamagedError when a shard is missing or too short.
    """
    out = np.empty((len(places), shards.dimension), shards.dtype)
    numbers = np.array([shard for shard, _ in places], np.int64)
    rows = np.array([row for _, row in places], np.int64)
    for number in np.unique(numbers).tolist():
        here = numbers == number
        held = shards.map_rows(number, int(rows[here].max()) + 1)
        out[here] = held[rows[here]]
    return out


def unsound_rows(rows: StoredRows, checksums: Sequence[int]) -> NDArray[np.int64]:
    """Return the indices of the rows that have another checksum, or numbers that are not finite.

    rows : (N, D), as they are in a shard. checksums : N integers. Returns ascending indices.
    """
    differs = np.array(checksum_rows(rows), np.int64) != np.array(checksums, np.int64)
    return np.flatnonzero(differs | ~np.isfinite(rows).all(axis=1))


def damaged_row_error(id_: str) -> DamagedRowError:
    """Return the error for an image whose vector is damaged."""
    return DamagedRowError(
        f"the vector of {id_} is damaged: run `sokkuri verify --repair`, then `sokkuri index`"
    )
