"""Push a collection to the reference engine, and compare what it then holds."""

import numpy as np
from reference_engine import ReferenceEngine
from synthetic_collection import Bench

from sokkuri.search.push import PushReport, push
from sokkuri.search.push_log import pushed_states


def run_push(bench: Bench, engine: ReferenceEngine) -> PushReport:
    report = [*push(bench.collection, engine)][-1].result
    assert report is not None
    return report


def counts(report: PushReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.deleted, report.unchanged


def assert_up_to_date(bench: Bench, engine: ReferenceEngine) -> None:
    """Assert that the engine holds the live images, as they are now, and nothing else."""
    rows = bench.catalog.fetch_all(
        "SELECT shard, row, id, path, width, height, size, mtime_ns FROM images"
        " WHERE shard IS NOT NULL AND removed = 0 AND missing IS NULL"
    )
    live = {shard << 32 | row: (id_, path, *others) for shard, row, id_, path, *others in rows}
    in_engine = {
        key: (record.id, record.path, record.width, record.height, record.size, record.mtime_ns)
        for key, record in engine.records.items()
    }
    assert in_engine == live
    vectors = bench.collection.read_vectors([(key >> 32, key & (2**32 - 1)) for key in in_engine])
    lengths = np.linalg.norm(vectors, axis=1)[:, None]
    np.testing.assert_allclose(np.stack([*engine.vectors.values()]), vectors / lengths, rtol=1e-5)
    assert [state.behind for state in pushed_states(bench.collection)] == [0]
