"""Groups are stars: every image of a group is a copy of the image that is kept."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sokkuri.curation.duplicates.groups import make_stars
from sokkuri.curation.duplicates.pair_store import PairResult


def name(number: int) -> bytes:
    return bytes([number])


def pair(a: int, b: int) -> PairResult:
    first, second = sorted((name(a), name(b)))
    return PairResult(first, second, "edited", 0.9)


PAIRS = st.sets(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda two: two[0] < two[1]), max_size=30
)


@given(PAIRS, st.permutations(range(10)))
def test_every_image_of_a_group_is_a_copy_of_the_kept_one(
    near_duplicates: set[tuple[int, int]], order: list[int]
) -> None:
    results = {frozenset(map(name, two)): pair(*two) for two in near_duplicates}
    stars = make_stars(
        [*map(name, order)], results.values(), lambda a, b: results.get(frozenset((a, b)))
    )
    grouped: set[bytes] = set()
    for star in stars:
        assert star.copies, "each group has a copy"
        members = {star.centre, *star.copies}
        assert not members & grouped, "no content is in two groups"
        grouped |= members
        for copy in star.copies:
            assert frozenset((star.centre, copy)) in results
            assert order.index(star.centre[0]) < order.index(copy[0]), "the best content is kept"
    left = [content for content in map(name, order) if content not in grouped]
    for a, b in combinations(left, 2):
        assert frozenset((a, b)) not in results, "no pair is left over"


def test_a_chain_of_copies_is_not_one_group() -> None:
    chain = [pair(number, number + 1) for number in range(9)]
    stars = make_stars([*map(name, range(10))], chain, lambda _a, _b: None)
    assert [len(star.copies) for star in stars] == [1] * 5


def test_a_copy_stays_with_the_picture_that_it_is_the_same_as() -> None:
    same = PairResult(name(1), name(2), "same", 1.0)
    stars = make_stars([*map(name, range(4))], [pair(0, 2), pair(0, 3), same], lambda _a, _b: None)
    assert [(star.centre, {*star.copies}) for star in stars] == [
        (name(0), {name(3)}),
        (name(1), {name(2)}),
    ]


def test_an_edited_picture_and_its_copy_both_join_the_original() -> None:
    same = PairResult(name(1), name(2), "same", 1.0)
    (star,) = make_stars([*map(name, range(3))], [pair(0, 2), same], lambda a, b: pair(a[0], b[0]))
    assert star.centre == name(0)
    assert {*star.copies} == {name(1), name(2)}


def test_pairs_that_only_a_copy_links_are_compared() -> None:
    asked: list[tuple[int, int]] = []

    def ask(a: bytes, b: bytes) -> PairResult | None:
        asked.append((a[0], b[0]))
        return pair(a[0], b[0]) if b[0] < 3 else None

    stars = make_stars([*map(name, range(4))], [pair(0, 1), pair(1, 2), pair(1, 3)], ask)
    assert [sorted(star.copies) for star in stars] == [[name(1), name(2)]]
    assert sorted(asked) == [(0, 2), (0, 3)]


def test_pairs_with_other_contents_are_ignored() -> None:
    assert make_stars([name(0)], [pair(0, 1)], lambda _a, _b: None) == []
