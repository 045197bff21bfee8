"""Wrong values of options are refused in one line, before anything is done."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, make_model

from sokkuri.api import Collection
from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.core.types import Limits
from sokkuri.indexing.options import SyncOptions
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("workers", 0),
        ("workers", -1),
        ("workers", 1.5),
        ("workers", True),
        ("executor", "processes"),
        ("ids", "digest"),
        ("ann_from", -1),
        ("exclude", "raw/"),
        ("names", "list.txt"),
        ("part", "1/2"),
        ("limits", Limits(max_pixels=0)),
    ],
)
def test_a_run_refuses_wrong_options(tmp_path: Path, option: str, value: Any) -> None:
    with create_empty(tmp_path / "photos") as collection:
        run = collection.sync(SyncOptions(**{option: value}), model=make_model())
        with pytest.raises(UsageError, match=rf"{option}[.\w]* is .*: it must be "):
            next(run)


@pytest.mark.parametrize(("option", "value"), [("decode", "slow"), ("dtype", "float64")])
def test_a_new_collection_refuses_wrong_options(tmp_path: Path, option: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"{option} is '{value}': it must be "):
        Collection.create(tmp_path, **{option: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("k", "metric", "options"),
    [
        (0, None, {}),
        (2.5, None, {}),
        (1, "dot", {}),
        (1, None, {"mode": "fast"}),
        (1, None, {"max_distance": float("nan")}),
        (1, None, {"max_distance": -1}),
        (1, None, {"max_distance": "1"}),
    ],
)
def test_a_search_refuses_wrong_options(
    tmp_path: Path, k: Any, metric: Any, options: dict[str, Any]
) -> None:
    with create_empty(tmp_path / "photos") as collection:
        vector = np.ones(DIMENSION, np.float32)
        for search in (Searcher(collection).search, Searcher(collection).search_each):
            with pytest.raises(UsageError, match="it must be "):
                search([vector], k, metric, SearchOptions(**options))


@pytest.mark.parametrize(
    "vector",
    [
        np.full(DIMENSION, 1e39),
        np.full(DIMENSION, -np.inf),
        np.full(DIMENSION, 1j),
        np.array(["1"] * DIMENSION),
    ],
)
def test_a_query_vector_that_float32_cannot_hold_is_refused(tmp_path: Path, vector: Any) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, 3)
    searcher = Searcher(bench.collection)
    with pytest.raises(UsageError, match="a query vector must have"):
        searcher.search([vector])
    assert len(searcher.search([np.full(DIMENSION, 1e30)])) == 3
    bench.digests.close()
    bench.collection.close()


def test_a_search_by_an_image_without_a_vector_says_so(tmp_path: Path) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.list_files("failed.jpg")
    with pytest.raises(UnknownImageError, match=r"failed\.jpg is an image .* has no vector"):
        Searcher(bench.collection).search(["failed.jpg"])
    bench.digests.close()
    bench.collection.close()
