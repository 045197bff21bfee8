"""Queries become vectors: ids, given vectors, several images together; and boxes for crops."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.search.query import QueryReader, QueryVector, combine, parse_box
from sokkuri.search.searcher import Searcher


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path / "photos"))
    features = np.random.default_rng(0).random((20, DIMENSION), np.float32)
    bench.add_vectors(features, [f"{number:02d}" for number in range(20)])
    yield bench
    bench.digests.close()
    bench.collection.close()


def test_an_id_returns_its_row_and_vector(bench: Bench) -> None:
    query = QueryReader(bench.collection).read("07")
    assert query.row is not None
    vector = bench.collection.read_vectors([(query.row.shard, query.row.row)])[0]
    np.testing.assert_array_equal(query.vector, vector)


def test_a_vector_can_be_a_query(bench: Bench) -> None:
    """Callers can search with vectors of their own, of any float type."""
    vector = QueryReader(bench.collection).read("07").vector
    hits = Searcher(bench.collection).search([vector.astype(np.float64)], 3)
    assert hits.ids == Searcher(bench.collection).search(["07"], 3).ids
    assert hits.query == ("a vector",)
    results = Searcher(bench.collection).search_each([vector, "08"], 1)
    assert [getattr(result, "ids", None) for result in results] == [("07",), ("08",)]


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.ones(3, np.float32), r"must have 4 numbers: this one has the shape \(3,\)"),
        (np.ones((1, DIMENSION)), r"must have 4 numbers: this one has the shape \(1, 4\)"),
        (np.full(DIMENSION, np.nan), "must have finite numbers only"),
    ],
)
def test_an_array_that_is_not_a_vector_of_the_model_is_refused(
    bench: Bench, vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        QueryReader(bench.collection).read(vector)


def test_read_each_returns_an_error_in_place_of_a_query(bench: Bench) -> None:
    results = QueryReader(bench.collection).read_each(["03", "nobody", "05"])
    assert isinstance(results[0], QueryVector)
    assert isinstance(results[1], UnknownImageError)
    assert isinstance(results[2], QueryVector)


def test_several_images_are_combined_to_their_mean() -> None:
    """Under cosine an image with a long vector has no more weight than others."""
    long, short = vector(10, 0), vector(0, 1)
    np.testing.assert_allclose(combine([long, short], [], "cosine"), [0.5, 0.5])
    np.testing.assert_allclose(combine([long, short], [], "l2"), [5, 0.5])
    np.testing.assert_array_equal(combine([long], [], "cosine"), long.vector)
    np.testing.assert_allclose(combine([long], [short], "cosine"), [1.5, -0.5])


def test_a_weight_is_a_share_of_the_mean_and_the_length_of_the_step_away() -> None:
    one, other = vector(1, 0), vector(0, 1)
    heavy = replace(other, weight=3.0)
    np.testing.assert_allclose(combine([one, heavy], [], "cosine"), [0.25, 0.75])
    np.testing.assert_allclose(combine([one], [heavy], "cosine"), [2.5, -1.5])
    np.testing.assert_array_equal(combine([heavy], [], "cosine"), other.vector)


def vector(*numbers: float) -> QueryVector:
    return QueryVector(np.array(numbers, np.float32))


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,2,2", "0,0,0,1"])
def test_an_invalid_box_is_refused(text: str) -> None:
    assert parse_box("1,2,30,40") == (1, 2, 30, 40)
    with pytest.raises(UsageError, match="--crop"):
        parse_box(text)
