"""Gather the evidence about which of some near-duplicates to keep, within bounds.

Takes the pairs of near-duplicates; returns an ImageEvidence for each of their contents. Only images
of groups are read, each once; each one is measured against a few of its copies.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Never, TypeVar

from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.edit_kinds import kinds_of_edit
from sokkuri.curation.duplicates.evidence_store import EvidenceStore
from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.keep_evidence import (
    MARKS,
    ClaimsOfPairs,
    ImageEvidence,
    weigh,
)
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import Group, Pair

if TYPE_CHECKING:
    from sokkuri.curation.duplicates.pair_facts import PairFacts

_PAIRS_OF_IMAGE = 6
_BATCH = 64  # stored together
_WORST = (1,) * len(MARKS)

Item = TypeVar("Item")
Evidence = dict[bytes, ImageEvidence]


def result_of(steps: Generator[object, None, Item]) -> Item:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Item = end.value
            return result


class EvidenceGatherer:
    """Gathers evidence. It reads and measures everything once.

    store : what was read and measured before; None if there is nothing. comparer : reads and
    measures what the store lacks, and the store gets it; without it no file is read. missing : the
    contents that the store lacked.
    """

    def __init__(self, store: EvidenceStore | None, comparer: PairComparer | None = None) -> None:
        self._store, self._comparer = store, comparer
        self._facts: dict[bytes, ImageFacts] = {}
        self.missing: set[bytes] = set()
        self._measured: dict[tuple[bytes, bytes], PairFacts | None] = {}
        self._claims: ClaimsOfPairs = {}

    def gather(self, pairs: Iterable[PairResult]) -> Generator[Progress[Never], None, Evidence]:
        """Return the evidence for each content. An interrupt keeps what was stored by then."""
        pairs = [*pairs]
        chosen = _choose_pairs(pairs)
        contents = sorted({content for pair in chosen for content in pair})
        facts = yield from self.read_facts(contents)
        known: dict[tuple[bytes, bytes], PairFacts | None] = {}
        evidence, asked = weigh(facts, known), Counter[tuple[bytes, bytes]]()
        while chosen:
            asked.update(chosen)
            yield from self._measure(chosen)
            known |= {pair: self._measured[pair] for pair in chosen if pair in self._measured}
            evidence = weigh(facts, known, self._claims)
            chosen = _contested_pairs(pairs, evidence, asked)
        return evidence

    def name_edits(
        self, groups: Iterable[Group], keys: Mapping[str, bytes]
    ) -> Generator[Progress[Never], None, tuple[Group, ...]]:
        """Return the groups with the kinds of edit of each pair.

        keys : the content of each image of the groups, by its id in them.
        """
        groups = [*groups]
        pairs = {_pair_of(pair, keys) for group in groups for pair in group.pairs}
        pairs = {pair for pair in pairs if pair[0] != pair[1]}
        facts = yield from self.read_facts(sorted({key for pair in pairs for key in pair}))
        wanted = sorted(pair for pair in pairs if set(pair) <= facts.keys())
        yield from self._measure(wanted)
        kinds = {
            pair: kinds_of_edit(facts[pair[0]], facts[pair[1]], self._measured.get(pair))
            for pair in wanted
        }

        def named(pair: Pair) -> Pair:
            return replace(pair, kinds=kinds.get(_pair_of(pair, keys), ()))

        return tuple(replace(group, pairs=tuple(map(named, group.pairs))) for group in groups)

    def read_facts(
        self, contents: Sequence[bytes]
    ) -> Generator[Progress[Never], None, dict[bytes, ImageFacts]]:
        """Return the facts of these contents. Read and store those that the store lacks."""
        new = [key for key in contents if key not in self._facts and key not in self.missing]
        self._facts |= {} if self._store is None else self._store.image_facts(new)
        missing, done = [key for key in new if key not in self._facts], 0
        self.missing.update(missing)
        if self._comparer is not None and self._store is not None:
            for batch in _batches(self._comparer.image_facts(missing)):
                self._store.save_image_facts(batch)
                self._facts |= dict(batch)
                done += len(batch)
                yield Progress("choosing", done, len(missing))
        return {key: self._facts[key] for key in contents if key in self._facts}

    def _measure(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[Progress[Never]]:
        """Measure these pairs, as far as the facts of their contents are known."""
        if self._store is None:
            return
        new = [pair for pair in pairs if pair not in self._measured]
        self._measured |= self._store.pair_facts(new)
        if self._comparer is None or not self._comparer.by_keypoints:
            return
        unknown = [
            pair for pair in new
            if pair not in self._measured and set(pair) <= self._facts.keys()
        ]  # fmt: skip
        done = 0
        for measured in _batches(self._comparer.pair_facts(unknown, self._facts)):
            self._store.save_pair_facts(measured)
            self._measured |= {(first, second): of for first, second, of in measured}
            done += len(measured)
            yield Progress("choosing", done, len(unknown))


def _pair_of(pair: Pair, keys: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    """Return the contents of a pair, the smaller one first."""
    first, second = sorted((keys[pair.a], keys[pair.b]))
    return first, second


def _choose_pairs(pairs: Iterable[PairResult]) -> list[tuple[bytes, bytes]]:
    """Return the surest pairs of each content: enough to link all, and not the square of them."""
    chosen: list[tuple[bytes, bytes]] = []
    count: Counter[bytes] = Counter()
    copies = (pair for pair in pairs if pair.best != "alike" and pair.first != pair.second)
    for pair in sorted(copies, key=lambda pair: (-pair.score, pair.first, pair.second)):
        if min(count[pair.first], count[pair.second]) < _PAIRS_OF_IMAGE:
            chosen.append((pair.first, pair.second))
            count.update((pair.first, pair.second))
    return chosen


def _contested_pairs(
    pairs: Iterable[PairResult], evidence: Evidence, asked: Counter[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Return pairs that were not asked for, of two images that may both be the one to keep.

    Both have as few marks as any copy of theirs, so one may have been made from the other. The
    number of pairs of an image is bounded.
    """
    copies = [pair for pair in pairs if pair.best != "alike" and pair.first != pair.second]
    best: dict[bytes, tuple[int, ...]] = {}
    for pair in copies:
        known = [evidence[key].key for key in (pair.first, pair.second) if key in evidence]
        for content in (pair.first, pair.second):
            best[content] = min([*known, best.get(content, _WORST)])
    count = Counter(content for pair in asked for content in pair)
    chosen = []
    for pair in copies:
        both = pair.first, pair.second
        if both in asked or not set(both) <= evidence.keys():
            continue
        is_open = all(evidence[key].key == best[key] for key in both)
        if is_open and min(count[key] for key in both) < 2 * _PAIRS_OF_IMAGE:
            chosen.append(both)
            count.update(both)
    return chosen


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
