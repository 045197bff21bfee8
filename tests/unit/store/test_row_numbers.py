"""Row positions, row numbers and row keys convert into each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.types import RowRef
from sokkuri.store.row_numbers import RowNumbers, row_keys

ROWS_PER_SHARD = st.dictionaries(st.integers(0, 30), st.integers(1, 6), min_size=1, max_size=8)


@given(ROWS_PER_SHARD)
def test_positions_numbers_and_keys_translate_both_ways(rows_per_shard: dict[int, int]) -> None:
    row_numbers = RowNumbers(rows_per_shard)
    positions = [(shard, row) for shard, rows in rows_per_shard.items() for row in range(rows)]
    numbers = row_numbers.to_numbers(positions)
    assert numbers.tolist() == list(range(len(positions)))
    assert row_numbers.to_refs(numbers) == [RowRef(*position) for position in positions]
    assert [row_numbers.to_number(RowRef(*position)) for position in positions] == numbers.tolist()
    keys = row_numbers.to_keys(numbers)
    assert keys.tolist() == [shard << 32 | row for shard, row in positions]
    assert row_numbers.from_keys(keys).tolist() == numbers.tolist()


@given(ROWS_PER_SHARD, st.integers(0, 40), st.integers(0, 10))
def test_rows_committed_later_have_no_number(
    rows_per_shard: dict[int, int], shard: int, row: int
) -> None:
    row_numbers = RowNumbers(rows_per_shard)
    (number,) = row_numbers.to_numbers([(shard, row)]).tolist()
    assert (number >= 0) == (row < rows_per_shard.get(shard, 0))
    assert row_numbers.from_keys(row_keys(shard, np.array([row]))).tolist() == [number]


@given(ROWS_PER_SHARD, st.data())
def test_split_gives_each_number_to_its_shard(
    rows_per_shard: dict[int, int], data: st.DataObject
) -> None:
    row_numbers = RowNumbers(rows_per_shard)
    drawn = data.draw(st.sets(st.integers(0, row_numbers.size - 1)))
    numbers = np.array(sorted(drawn), np.int64)
    split = [
        (int(row_numbers.shards[block]), row, number)
        for block, part, rows in row_numbers.split(numbers)
        for row, number in zip(rows.tolist(), numbers[part].tolist(), strict=True)
    ]
    refs = row_numbers.to_refs(numbers)
    assert split == [(ref.shard, ref.row, n) for ref, n in zip(refs, numbers.tolist(), strict=True)]


def test_nothing_translates_to_nothing() -> None:
    assert RowNumbers({}).to_numbers([(0, 0)]).tolist() == [-1]
    assert RowNumbers({}).from_keys(np.array([[0, -1]])).tolist() == [[-1, -1]]
    assert RowNumbers({3: 2}).to_numbers([]).tolist() == []
    assert RowNumbers({3: 2}).from_keys(np.array([-1])).tolist() == [-1]
