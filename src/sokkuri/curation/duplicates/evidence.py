"""Gather the evidence about which of some near-duplicates to keep, within bounds.

Takes the pairs of near-duplicates; returns an ImageEvidence for each of their contents. Only images
of groups are read, each once; each one is measured against a few of its copies.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Never, TypeVar

from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import UniqueImage
from sokkuri.curation.duplicates.edit_kinds import kinds_of_edit
from sokkuri.curation.duplicates.evidence_store import EvidenceStore, read_evidence_store
from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.keep_evidence import MARKS, ImageEvidence, weigh
from sokkuri.curation.duplicates.pair_facts import PairFacts
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import Group, Pair
from sokkuri.store.collection import CollectionStore

_PAIRS_OF_IMAGE = 6
_BATCH = 64  # stored together
_WORST = (1,) * len(MARKS)

Item = TypeVar("Item")
Evidence = dict[bytes, ImageEvidence]


def gather_evidence(
    pairs: Iterable[PairResult], store: EvidenceStore, comparer: PairComparer
) -> Generator[Progress[Never], None, Evidence]:
    """Read and measure what the store lacks, and return the evidence for each content.

    An interrupt keeps what was stored by then.
    """
    pairs = [*pairs]
    chosen = _choose_pairs(pairs)
    contents = sorted({content for pair in chosen for content in pair})
    facts = yield from read_facts(contents, store, comparer)
    known: dict[tuple[bytes, bytes], PairFacts | None] = {}
    evidence, asked = weigh(facts, known), Counter[tuple[bytes, bytes]]()
    while chosen:
        asked.update(chosen)
        known |= store.pair_facts(chosen)
        for measured, of in _measure_pairs(chosen, facts, known, store, comparer):
            yield Progress("choosing", measured, of)
        evidence = weigh(facts, known)
        chosen = _contested_pairs(pairs, evidence, asked)
    return evidence


def name_edits(
    groups: Iterable[Group],
    contents: Mapping[bytes, UniqueImage],
    evidence: Evidence,
    store: EvidenceStore | None,
    comparer: PairComparer | None = None,
) -> tuple[Group, ...]:
    """Return the groups with the kinds of edit of each pair.

    contents : of all images. comparer : measures the pairs that the store lacks; without it, no
    file is read.
    """
    keys = {image.result_id: key for key, of in contents.items() for image in of.images}
    facts = {key: of.facts for key, of in evidence.items() if of.facts is not None}
    return _name_edits(groups, keys, facts, store, comparer)


def read_and_name_edits(
    groups: Sequence[Group],
    keys: Mapping[str, bytes],
    store: EvidenceStore,
    comparer: PairComparer,
) -> Generator[Progress[Never], None, tuple[Group, ...]]:
    """Read the images of the groups that the store does not know, and return the groups with the
    kinds of edit of each pair.

    keys : the content of each image of the groups, by its id in them.
    """
    pairs = [_pair_of(pair, keys) for group in groups for pair in group.pairs]
    contents = sorted({key for pair in pairs if pair[0] != pair[1] for key in pair})
    facts = yield from read_facts(contents, store, comparer)
    return _name_edits(groups, keys, facts, store, comparer)


def read_facts(
    contents: Sequence[bytes], store: EvidenceStore, comparer: PairComparer
) -> Generator[Progress[Never], None, dict[bytes, ImageFacts]]:
    """Return the facts of these contents. Read and store those that the store lacks."""
    facts = store.image_facts(contents)
    missing = [content for content in contents if content not in facts]
    done = 0
    for batch in _batches(comparer.image_facts(missing)):
        store.save_image_facts(batch)
        facts |= dict(batch)
        done += len(batch)
        yield Progress("choosing", done, len(missing))
    return facts


def _name_edits(
    groups: Iterable[Group],
    keys: Mapping[str, bytes],
    facts: Mapping[bytes, ImageFacts],
    store: EvidenceStore | None,
    comparer: PairComparer | None,
) -> tuple[Group, ...]:
    groups = [*groups]
    copies = [group for group in groups if group.grade != "burst"]
    pairs = {_pair_of(pair, keys) for group in copies for pair in group.pairs}
    wanted = sorted(pair for pair in pairs if pair[0] != pair[1] and set(pair) <= facts.keys())
    known: dict[tuple[bytes, bytes], PairFacts | None] = {}
    if store is not None:
        known = store.pair_facts(wanted)
    if store is not None and comparer is not None:
        for _ in _measure_pairs(wanted, facts, known, store, comparer):
            pass
    kinds = {
        pair: kinds_of_edit(facts[pair[0]], facts[pair[1]], known.get(pair)) for pair in wanted
    }

    def named(pair: Pair) -> Pair:
        return replace(pair, kinds=kinds.get(_pair_of(pair, keys), ()))

    return tuple(replace(group, pairs=tuple(map(named, group.pairs))) for group in groups)


def _measure_pairs(
    pairs: Iterable[tuple[bytes, bytes]],
    facts: Mapping[bytes, ImageFacts],
    known: dict[tuple[bytes, bytes], PairFacts | None],
    store: EvidenceStore,
    comparer: PairComparer,
) -> Iterator[tuple[int, int]]:
    """Measure the pairs that are not known, store them, and add them to `known`. Yield from time to
    time how many are done, and of how many."""
    if not comparer.by_keypoints:
        return
    unknown = [pair for pair in pairs if pair not in known and set(pair) <= facts.keys()]
    done = 0
    for measured in _batches(comparer.pair_facts(unknown, facts)):
        store.save_pair_facts(measured)
        known |= {(first, second): of for first, second, of in measured}
        done += len(measured)
        yield done, len(unknown)


def _pair_of(pair: Pair, keys: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    """Return the contents of a pair, the smaller one first."""
    first, second = sorted((keys[pair.a], keys[pair.b]))
    return first, second


def known_evidence(collection: CollectionStore, pairs: Iterable[PairResult]) -> Evidence:
    """Return the evidence that was gathered so far, without reading images or writing."""
    pairs = [*pairs]
    chosen = _choose_pairs(pairs)
    with read_evidence_store(collection) as store:
        if store is None:
            return {}
        facts = store.image_facts(sorted({content for pair in chosen for content in pair}))
        known: dict[tuple[bytes, bytes], PairFacts | None] = {}
        evidence, asked = weigh(facts, known), Counter[tuple[bytes, bytes]]()
        while chosen:
            asked.update(chosen)
            known |= store.pair_facts(chosen)
            evidence = weigh(facts, known)
            chosen = _contested_pairs(pairs, evidence, asked)
    return evidence


def _choose_pairs(pairs: Iterable[PairResult]) -> list[tuple[bytes, bytes]]:
    """Return the surest pairs of each content: enough to link all, and not the square of them."""
    chosen: list[tuple[bytes, bytes]] = []
    count: Counter[bytes] = Counter()
    copies = (pair for pair in pairs if pair.grade != "alike" and pair.first != pair.second)
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
    copies = [pair for pair in pairs if pair.grade != "alike" and pair.first != pair.second]
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
