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
    found: set[tuple[int, int]], order: list[int]
) -> None:
    known = {frozenset(map(name, two)): pair(*two) for two in found}
    made = make_stars(
        [*map(name, order)], known.values(), lambda a, b: known.get(frozenset((a, b)))
    )
    taken: set[bytes] = set()
    for star in made:
        assert star.copies, "nobody is alone in a group"
        members = {star.centre, *star.copies}
        assert not members & taken, "and in no two"
        taken |= members
        for copy in star.copies:
            assert frozenset((star.centre, copy)) in known
            assert order.index(star.centre[0]) < order.index(copy[0]), "the best one is kept"
    left = [one for one in map(name, order) if one not in taken]
    for a, b in combinations(left, 2):
        assert frozenset((a, b)) not in known, "no pair is left over"


def test_a_chain_of_copies_is_not_one_group() -> None:
    chain = [pair(number, number + 1) for number in range(9)]
    made = make_stars([*map(name, range(10))], chain, lambda _a, _b: None)
    assert [len(star.copies) for star in made] == [1] * 5


def test_pairs_that_only_a_copy_links_are_compared() -> None:
    asked: list[tuple[int, int]] = []

    def ask(a: bytes, b: bytes) -> PairResult | None:
        asked.append((a[0], b[0]))
        return pair(a[0], b[0]) if b[0] < 3 else None

    made = make_stars([*map(name, range(4))], [pair(0, 1), pair(1, 2), pair(1, 3)], ask)
    assert [sorted(star.copies) for star in made] == [[name(1), name(2)]]
    assert sorted(asked) == [(0, 2), (0, 3)]


def test_pairs_with_other_contents_are_ignored() -> None:
    assert make_stars([name(0)], [pair(0, 1)], lambda _a, _b: None) == []
