"""A peer: the server of the article, rewritten from its description. Needs Flask.

    python -m benchmarks.article_server FEATURES PORT

It keeps every shard in memory. For a request it computes the Euclidean distances to all rows,
`argsort`s them, and returns the nearest hundred.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def create_app(features: Path) -> Any:
    from flask import Flask, jsonify

    shards = sorted(features.glob("*.features.npy"))
    matrix = np.concatenate([np.load(path) for path in shards])
    ids = np.concatenate([np.load(str(p).replace(".features", ".object_ids")) for p in shards])
    rows = {str(id_): row for row, id_ in enumerate(ids)}
    app = Flask("article")

    def similar(object_id: str) -> Any:
        started = time.perf_counter()
        distances = np.linalg.norm(matrix - matrix[rows[object_id]], axis=1)
        best = np.argsort(distances)[:100]
        return jsonify({
            "time": 1000 * (time.perf_counter() - started),
            "queryObjectId": object_id,
            "similarImages": [
                {"objectId": str(ids[row]), "distance": float(distances[row])} for row in best
            ],
        })  # fmt: skip

    app.add_url_rule("/similar/<path:object_id>", view_func=similar)
    return app


if __name__ == "__main__":
    create_app(Path(sys.argv[1])).run(port=int(sys.argv[2]), threaded=True)
