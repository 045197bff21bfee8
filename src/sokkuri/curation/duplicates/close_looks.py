"""Look closely at the pairs that decide the groups, and at no others.

Takes contents in the order in which they would be kept, and returns Stars. A first look at previews
(compare.py) takes some pairs for copies. These pairs are open until they are looked at closely,
which takes far longer. Only the image to keep and its supposed copies are looked at closely: so the
work grows with the number of copies, not with the number of pairs of copies.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Never, Protocol, TypeAlias

from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.groups import Star, make_stars
from sokkuri.curation.duplicates.pair_store import (
    PairResult,
    PairStore,
    open_pair_store,
    read_pair_store,
)
from sokkuri.curation.types import ALL_GRADES, Grade, Group
from sokkuri.store.collection import CollectionStore

_LOOKS = 16  # saved together

Contents: TypeAlias = tuple[bytes, bytes]
"""The contents of a pair, the smaller one first."""


Counts: TypeAlias = Callable[[Grade | None, PairResult], bool]
"""Returns whether a pair makes two contents near-duplicates if this is its grade."""


class Looker(Protocol):
    """Looks at pairs: a PairComparer."""

    def look_closely(self, pairs: Iterable[PairResult]) -> Iterator[PairResult]: ...
    def compare_pairs(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[PairResult]: ...


class CloseLooks:
    """The pairs of a collection, with what was found out about them.

    links : see PairStore.links. store : gets the results. comparer : without it nothing is looked
    at, and an open pair counts only if both are copies of a third content. asked : number of pairs
    that were looked at so far.
    """

    def __init__(
        self,
        links: Iterable[PairResult],
        store: PairStore | None = None,
        comparer: Looker | None = None,
    ) -> None:
        self._store, self._comparer = store, comparer
        self._known: dict[Contents, PairResult | None] = {pair.contents: pair for pair in links}
        self._unreadable: set[Contents] = set()
        self.asked = 0
        if comparer is None:
            self._known |= _infer(self.links)

    @property
    def links(self) -> list[PairResult]:
        """The pairs that a first look or a close look took for near-duplicates."""
        return [pair for pair in self._known.values() if pair is not None and pair.best]

    def copies(self, grades: Container[Grade | None]) -> list[PairResult]:
        """Return the pairs that count as copies now."""
        return [pair for pair in self.links if self._is_usable(pair) and pair.current in grades]

    def make_stars(
        self, order: Sequence[bytes], counts: Counts
    ) -> Generator[Progress[Never], None, list[Star]]:
        """Return the stars of these contents. All their pairs were looked at closely.

        Whoever was taken for a copy of a copy at first is looked at, too. So it does not matter
        which pairs were looked at before. Raises StorageError.
        """
        while True:
            unknown: dict[Contents, None] = {}
            links = [pair for pair in self.links if counts(pair.best, pair)]
            pairs = [pair for pair in self.links if self._is_copy(counts, pair)]
            stars = make_stars(order, pairs, partial(self._find, counts, unknown), links)
            open_pairs = [pair for star in stars for pair in star.copies.values() if pair.open]
            if self._comparer is None or not (unknown or open_pairs):
                return stars
            yield from self._look(open_pairs, [*unknown], self._comparer)

    def _is_usable(self, pair: PairResult) -> bool:
        """Return whether a pair may link images: it is known, or it can be looked at."""
        if not pair.open:
            return True
        can_look = self._comparer is not None and pair.contents not in self._unreadable
        return can_look or (self._comparer is None and pair.grade == "edited")

    def _find(
        self,
        counts: Counts,
        unknown: dict[Contents, None],
        a: bytes,
        b: bytes,
    ) -> PairResult | None:
        """Return a pair that counts; note it in `unknown` if nobody compared it."""
        contents = min(a, b), max(a, b)
        if contents not in self._known:
            found = None if self._store is None else self._store.find(a, b)
            if found is None:
                unknown[contents] = None
                return None
            self._known[contents] = found
        pair = self._known[contents]
        return pair if pair is not None and self._is_copy(counts, pair) else None

    def _is_copy(self, counts: Counts, pair: PairResult) -> bool:
        return self._is_usable(pair) and counts(pair.current, pair)

    def _look(
        self, open_pairs: Sequence[PairResult], unknown: Sequence[Contents], comparer: Looker
    ) -> Iterator[Progress[Never]]:
        """Look closely at these pairs, and store the results."""
        asked = [*(pair.contents for pair in open_pairs), *unknown]
        found, done = set(), 0
        self.asked += len(asked)
        looked = chain(comparer.look_closely(open_pairs), comparer.compare_pairs(unknown))
        while results := list(islice(looked, _LOOKS)):
            if self._store is not None:
                self._store.save(results, [])
            self._known |= {pair.contents: pair for pair in results}
            found |= {pair.contents for pair in results}
            done += len(results)
            yield Progress("checking", done, len(asked))
        for contents in asked:
            if contents not in found:  # its file is gone
                self._unreadable.add(contents)
                self._known.setdefault(contents, None)


def _infer(pairs: Sequence[PairResult]) -> dict[Contents, PairResult]:
    """Return the open pairs of two copies of a third content, as `edited` ones.

    They stay open: no plan may use them before they were looked at.
    """
    originals: dict[bytes, set[bytes]] = defaultdict(set)
    for pair in pairs:
        if not pair.open and pair.grade in ("same", "edited"):
            originals[pair.first].add(pair.second)
            originals[pair.second].add(pair.first)
    return {
        pair.contents: replace(pair, grade="edited", likely="edited") for pair in pairs
        if pair.open and originals[pair.first] & originals[pair.second]
    }  # fmt: skip


def confirm_groups(
    collection: CollectionStore, groups: Iterable[Group]
) -> tuple[list[Group], list[Group]]:
    """Look closely at the open pairs of groups of two images.

    Return the groups of copies, with their grades, and the others. Raises StorageError.
    """
    groups = [*groups]
    files = {image.digest: image.file for of in groups for image in of.images if image.digest}
    with read_pair_store(collection) as known:
        open_pairs = _open_pairs(groups, known)
    if not open_pairs:
        return groups, []
    with (
        open_pair_store(collection) as store,
        PairComparer(files.__getitem__, workers=1) as comparer,
    ):
        looked = [*comparer.look_closely(open_pairs.values())]
        store.save(looked, [])
    grades = {pair.contents: pair.grade for pair in looked}
    confirmed, refuted = [], []
    for group in groups:
        contents = _contents_of(group)
        grade = grades.get(contents) if contents in open_pairs else group.grade
        if grade is None or ALL_GRADES.index(grade) > ALL_GRADES.index(group.grade):
            refuted.append(group)
        else:
            closed = tuple(replace(pair, grade=grade, is_open=False) for pair in group.pairs)
            confirmed.append(replace(group, grade=grade, pairs=closed))
    return confirmed, refuted


def _open_pairs(groups: Iterable[Group], store: PairStore | None) -> dict[Contents, PairResult]:
    """Return the open pairs of groups of two images."""
    found = {}
    for contents in map(_contents_of, groups):
        pair = None if store is None else store.find(*contents)
        if pair is not None and pair.open:
            found[contents] = pair
    return found


def _contents_of(group: Group) -> Contents:
    first, second = sorted(image.digest or b"" for image in group.images)
    return first, second
