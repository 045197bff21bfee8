"""Rows of several shards have numbers, and each number is one row's."""

from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.types import RowRef
from sokkuri.store.row_numbers import Numbering

COUNTED = st.dictionaries(st.integers(0, 30), st.integers(1, 6), min_size=1, max_size=8)


@given(COUNTED)
def test_there_and_back(counted: dict[int, int]) -> None:
    numbering = Numbering(counted)
    places = [(shard, row) for shard, rows in counted.items() for row in range(rows)]
    numbers = numbering.numbers(places).tolist()
    assert numbers == list(range(len(places)))
    assert [numbering.ref(number) for number in numbers] == [RowRef(*place) for place in places]


@given(COUNTED, st.integers(0, 40), st.integers(0, 10))
def test_what_came_later_has_no_number(counted: dict[int, int], shard: int, row: int) -> None:
    (number,) = Numbering(counted).numbers([(shard, row)]).tolist()
    assert (number >= 0) == (row < counted.get(shard, 0))


def test_nothing_has_no_numbers() -> None:
    assert Numbering({}).numbers([(0, 0)]).tolist() == [-1]
    assert Numbering({3: 2}).numbers([]).tolist() == []
