"""Groups of points: spans of time, groups of copies, and the largest folders or labels."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.services.map_groups import group_by_copies, group_by_date, group_by_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def taken(*dates: str) -> list[int | None]:
    """Return these dates as times of photos; "" is unknown."""
    return [
        (datetime.fromisoformat(date).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
        if date
        else None
        for date in dates
    ]


@pytest.mark.parametrize(
    ("dates", "names", "groups"),
    [
        (["", ""], [], [-1, -1]),
        (["2024-05-03T23:59", "", "2024-05-01"], ["2024-05-01", "2024-05-03"], [1, -1, 0]),
        ([f"2024-01-{day:02}" for day in range(1, 12)], ["2024-01"], [0] * 11),
        (
            [f"2024-{month:02}-01" for month in range(1, 13)],
            ["2024-01 – 2024-03", "2024-04 – 2024-06", "2024-07 – 2024-09", "2024-10 – 2024-12"],
            [month // 3 for month in range(12)],
        ),
        (
            [f"{1969 + half // 2}-{1 + half % 2 * 6:02}-09" for half in range(20)],
            [str(year) for year in range(1969, 1979)],
            [half // 2 for half in range(20)],
        ),
        (
            [f"{year}-02-03" for year in range(2013, 2024)],
            ["2012 – 2013", "2014 – 2015", "2016 – 2017", "2018 – 2019", "2020 – 2021",
             "2022 – 2023"],
            [(year - 2012) // 2 for year in range(2013, 2024)],
        ),
    ],
)  # fmt: skip
def test_few_spans_of_time_have_all_photos(
    dates: list[str], names: list[str], groups: list[int]
) -> None:
    found = group_by_date(taken(*dates))
    assert (found.names, found.of.tolist()) == (names, groups)
    assert found.counts == [groups.count(number) for number in range(len(names))]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=40))
def test_any_time_of_a_photo_has_a_span_or_none(times: list[int | None]) -> None:
    found = group_by_date(times)
    assert len(found.names) == len(found.counts) <= 10
    assert sum(found.counts) == int((found.of >= 0).sum())
    order = [number for _, number in sorted(zip(times, found.of.tolist(), strict=True))
             if number >= 0] if None not in times else []  # fmt: skip
    assert order == sorted(order), "later photos have later spans"


def test_groups_of_copies_have_the_colours_in_turn() -> None:
    groups = tuple((f"{group}/0", f"{group}/1") for group in range(12))
    found = group_by_copies([*(id_ for group in groups for id_ in group), "alone"], groups)
    assert found.of.tolist() == [*np.repeat(np.arange(12) % 10, 2).tolist(), -1]
    assert found.copies == (12, 24)


def test_the_largest_groups_are_named() -> None:
    names = [*"aabbbccccd", None, *map(str, range(10))]
    found = group_by_name(names)
    assert found.names == [*"cba", *map(str, range(7))]
    assert found.of.tolist()[:11] == [2, 2, 1, 1, 1, 0, 0, 0, 0, -1, -1]
