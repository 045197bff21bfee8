"""Only pairs that decide a group are looked at closely. The groups are as if all were."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sokkuri.curation.duplicates.close_looks import CloseLooks
from sokkuri.curation.duplicates.evidence import result_of
from sokkuri.curation.duplicates.groups import Star
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import Grade

COUNT = 7
PAIRS = [*combinations(range(COUNT), 2)]
COPIES = ("same", "edited")


def name(number: int) -> bytes:
    return bytes([number])


def open_pair(a: int, b: int) -> PairResult:
    return PairResult(name(a), name(b), "alike", 0.9, likely="edited", open=True)


class Truth:
    """Answers like a PairComparer, from a table. asked : the pairs, in their order."""

    def __init__(self, grades: Mapping[tuple[int, int], Grade | None], *, gone: int = -1) -> None:
        self._grades, self._gone = grades, gone
        self.asked: list[tuple[int, int]] = []

    def look_closely(self, pairs: Iterable[PairResult]) -> Iterator[PairResult]:
        for pair in pairs:
            both = pair.first[0], pair.second[0]
            self.asked.append(both)
            if self._gone not in both:
                yield replace(pair, grade=self._grades.get(both), open=False)

    def compare_pairs(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[PairResult]:
        return self.look_closely(PairResult(*pair, None, 0.1) for pair in pairs)


def counts(grade: Grade | None, _pair: PairResult) -> bool:
    return grade in COPIES


def stars_of(looks: CloseLooks) -> list[Star]:
    return result_of(looks.make_stars([*map(name, range(COUNT))], counts))


def members(stars: Iterable[Star]) -> list[list[int]]:
    return [[star.centre[0], *sorted(key[0] for key in star.copies)] for star in stars]


def test_the_copies_of_one_picture_are_looked_at_once_each() -> None:
    truth = Truth(dict.fromkeys(PAIRS, "edited"))
    looks = CloseLooks([open_pair(*pair) for pair in PAIRS], comparer=truth)
    assert members(stars_of(looks)) == [[*range(COUNT)]]
    assert truth.asked == [(0, other) for other in range(1, COUNT)]
    assert looks.asked == COUNT - 1
    stars_of(looks)
    assert looks.asked == COUNT - 1, "what was looked at is known"


@given(
    st.sets(st.sampled_from(PAIRS)),
    st.dictionaries(st.sampled_from(PAIRS), st.sampled_from([*COPIES, "alike", None])),
    st.sets(st.sampled_from(PAIRS)),
)
def test_the_stars_are_those_of_pairs_that_were_all_looked_at(
    likely: set[tuple[int, int]],
    grades: dict[tuple[int, int], Grade | None],
    before: set[tuple[int, int]],
) -> None:
    """before : pairs that were looked at earlier, which changes nothing."""
    links = [open_pair(*pair) for pair in sorted(likely)]
    truth = Truth(grades)
    closed = [*truth.look_closely(links)]
    expected = members(stars_of(CloseLooks(closed, comparer=truth)))
    truth.asked.clear()
    known = [
        closed[place] if (pair.first[0], pair.second[0]) in before else pair
        for place, pair in enumerate(links)
    ]
    stars = stars_of(CloseLooks(known, comparer=truth))
    assert members(stars) == expected
    assert not any(pair.open for star in stars for pair in star.copies.values())
    assert len(truth.asked) == len(set(truth.asked)), "no pair is looked at twice"


def test_an_image_that_cannot_be_read_is_in_no_group() -> None:
    truth = Truth(dict.fromkeys(PAIRS, "edited"), gone=1)
    looks = CloseLooks([open_pair(0, 1), open_pair(0, 2), open_pair(1, 2)], comparer=truth)
    assert members(stars_of(looks)) == [[0, 2]]


def test_without_looking_open_pairs_count_only_between_copies_of_a_third_image() -> None:
    copy = replace(open_pair(0, 2), grade="edited", open=False)
    alone = CloseLooks([copy, open_pair(1, 2), open_pair(0, 3)])
    assert members(stars_of(alone)) == [[0, 2]]
    originals = [replace(open_pair(*pair), grade="same", open=False) for pair in ((1, 6), (2, 6))]
    inferred = CloseLooks([*originals, open_pair(1, 2)])
    (star,) = stars_of(inferred)
    assert members([star]) == [[1, 2, 6]]
    assert (star.copies[name(2)].open, star.copies[name(2)].grade) == (True, "edited")
    assert not star.copies[name(6)].open
