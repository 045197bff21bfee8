"""Random rows to find neighbours in, and an engine that holds most of them."""

import numpy as np
from reference_engine import ReferenceEngine, make_record

from sokkuri.curation.duplicates.neighbours import RemoteRows
from sokkuri.search.engines import IndexInfo
from sokkuri.store.row_numbers import RowNumbers


def draw_unit_rows(seed: int, count: int, dimension: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    normalised: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normalised


def make_remote_rows(rows: np.ndarray, most: int = 10_000) -> RemoteRows:
    """An engine that lacks every fifth row, and holds every second of the others under two keys."""
    engine = ReferenceEngine(most)
    engine.create(IndexInfo("token", "fingerprint", rows.shape[1], "cosine"))
    present = np.array([row for row in range(len(rows)) if row % 5], np.int64)
    twice = present[present % 2 == 0]
    numbers = RowNumbers({5: len(present), 2: len(twice)})
    rows_by_number = np.concatenate([present[::-1], twice])
    keys = numbers.to_keys(np.arange(numbers.size))
    engine.upsert([make_record(key) for key in keys.tolist()], rows[rows_by_number])
    missing = np.setdiff1d(np.arange(len(rows)), present)
    return RemoteRows(engine, "cosine", numbers, rows_by_number, lambda asked: rows[asked], missing)
