"""Queries become vectors: of the collection, of files, of bytes, or given as they are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, empty

from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.search.query import QueryReader, QueryVector, combined, parsed_box
from sokkuri.search.searcher import Searcher


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(empty(tmp_path / "photos"))
    features = np.random.default_rng(0).random((20, DIMENSION), np.float32)
    bench.fill(features, [f"{number:02d}" for number in range(20)])
    yield bench
    bench.known.close()
    bench.collection.close()


def test_an_id_gives_its_row(bench: Bench) -> None:
    found = QueryReader(bench.collection).read("07")
    assert found.at is not None
    row = bench.collection.vectors([(found.at.shard, found.at.row)])[0]
    np.testing.assert_array_equal(found.vector, row)


def test_a_vector_is_taken_as_it_is(bench: Bench) -> None:
    """Engineers search with vectors of their own, of any float type."""
    vector = QueryReader(bench.collection).read("07").vector
    hits = Searcher(bench.collection).search([vector.astype(np.float64)], 3)
    assert hits.ids == Searcher(bench.collection).search(["07"], 3).ids
    assert hits.query == ("a vector",)
    together = Searcher(bench.collection).search_each([vector, "08"], 1)
    assert [getattr(one, "ids", None) for one in together] == [("07",), ("08",)]


@pytest.mark.parametrize(
    "vector", [np.ones(3, np.float32), np.ones((1, DIMENSION)), np.full(DIMENSION, np.nan)]
)
def test_what_is_no_vector_of_the_model_is_refused(
    bench: Bench, vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> None:
    with pytest.raises(UsageError, match="a query vector has 4 finite numbers"):
        QueryReader(bench.collection).read(vector)


def test_an_error_stands_in_its_query_s_place(bench: Bench) -> None:
    found = QueryReader(bench.collection).read_each(["03", "nobody", "05"])
    assert isinstance(found[0], QueryVector)
    assert isinstance(found[1], UnknownImageError)
    assert isinstance(found[2], QueryVector)


def test_several_are_the_middle_of_their_directions() -> None:
    """Under cosine an image with a long vector counts no more than others."""
    one, other = np.array([10, 0], np.float32), np.array([0, 1], np.float32)
    np.testing.assert_allclose(combined([one, other], [], "cosine"), [0.5, 0.5])
    np.testing.assert_allclose(combined([one, other], [], "l2"), [5, 0.5])
    np.testing.assert_array_equal(combined([one], [], "cosine"), one)
    np.testing.assert_allclose(combined([one], [other], "cosine"), [1.5, -0.5])


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,2,2", "0,0,0,1"])
def test_boxes_that_make_no_sense(text: str) -> None:
    assert parsed_box("1,2,30,40") == (1, 2, 30, 40)
    with pytest.raises(UsageError, match="--crop"):
        parsed_box(text)
