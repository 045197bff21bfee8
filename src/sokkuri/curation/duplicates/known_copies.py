"""Tell for a few images which others are copies of them, as `duplicates` groups them.

Takes image records; returns the other images of their groups. Reads only the stored pairs that
lead from these images to others, so it takes little time in a large collection. It compares
nothing. The groups are those of `known_groups` at the grade `edited`, without filters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from sokkuri.core.types import ImageRecord, RowRef
from sokkuri.curation.duplicates.close_looks import CloseLooks
from sokkuri.curation.duplicates.evidence import EvidenceGatherer, result_of
from sokkuri.curation.duplicates.evidence_store import read_evidence_store
from sokkuri.curation.duplicates.grouping import DuplicateOptions, GroupingTask, grades_from
from sokkuri.curation.duplicates.groups import components
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore, read_pair_store
from sokkuri.search.collapse import GroupsOfCopies
from sokkuri.store.collection import CollectionStore
from sokkuri.store.content import key_of_id
from sokkuri.store.decisions import Decisions, read_decisions
from sokkuri.store.live_rows import images_by_digest
from sokkuri.store.snapshot import at_one_moment

_GRADES = grades_from(DuplicateOptions().min_grade)

_Images = Mapping[bytes, Sequence[tuple[str, RowRef]]]
"""The ids and rows of the live images of each content."""


class KnownCopies:
    """The groups of copies of a collection, as they are known now."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection

    def groups_of(self, images: Sequence[ImageRecord]) -> GroupsOfCopies:
        """Return the other images in the groups of these live images.

        Files with equal bytes are copies, compared or not, unless a person decided otherwise.
        """
        return at_one_moment(self._collection, partial(self._groups_of, images))

    def _groups_of(self, images: Sequence[ImageRecord]) -> GroupsOfCopies:
        keys = {image.id: image.digest or key_of_id(image.id) for image in images}
        decisions = read_decisions(self._collection.catalog)
        with read_pair_store(self._collection) as store:
            not_compared = {*keys.values()}
            pairs: list[PairResult] = []
            if store is not None:
                not_compared = store.not_compared(not_compared)
                pairs = _linked_pairs(store, keys.values(), decisions)
            contents = {*keys.values(), *(key for pair in pairs for key in pair.contents)}
            live = images_by_digest(self._collection.catalog, contents)
            pairs = [pair for pair in pairs if pair.first in live and pair.second in live]
            groups = {key: group for group in self._groups(pairs, store) for key in group}
        others = {}
        for image in images:
            key = keys[image.id]
            others[image.id] = _others(image.id, key, groups.get(key, (key,)), live, decisions)
        return GroupsOfCopies(
            {id_: of for id_, of in others.items() if of},
            frozenset(id_ for id_, key in keys.items() if key in not_compared),
        )

    def _groups(
        self, links: Sequence[PairResult], store: PairStore | None
    ) -> Iterator[Sequence[bytes]]:
        """Yield the contents of each group, the one to keep first if not all are copies of all."""
        unclear: list[PairResult] = []
        copies = {pair.contents for pair in CloseLooks(links).copies(_GRADES)}
        for contents, inside in components(links):
            count = len([pair for pair in inside if pair.contents in copies])
            if 2 * count == len(contents) * (len(contents) - 1):
                yield contents
            else:  # the image to keep decides which of the others are in its group
                unclear += inside
        if not unclear:
            return
        only = {key for pair in unclear for key in pair.contents}
        task = GroupingTask(self._collection, DuplicateOptions(stacks=False), only, twins=False)
        with read_evidence_store(self._collection) as evidence:
            gatherer = EvidenceGatherer(evidence)
            for group in result_of(task.groups(CloseLooks(unclear, store), gatherer)):
                yield list(dict.fromkeys(image.digest for image in group.images if image.digest))


def _linked_pairs(
    store: PairStore, contents: Iterable[bytes], decisions: Decisions
) -> list[PairResult]:
    """Return the links that lead from these contents to others, and on from those."""
    found: dict[tuple[bytes, bytes], PairResult] = {}
    visited: set[bytes] = set()
    queue = {*contents}
    while queue:
        visited |= queue
        for pair in store.links_of(sorted(queue)):
            if pair.best in _GRADES and not decisions.part(pair.first, pair.second):
                found[pair.contents] = pair
        queue = {key for pair in found for key in pair} - visited
    return [*found.values()]


def _others(
    id_: str, key: bytes, group: Iterable[bytes], live: _Images, decisions: Decisions
) -> list[tuple[str, RowRef]]:
    """Return the images of the group besides the one with this id and content, ordered by id.

    Of files with equal bytes that a person called different, the group has only one.
    """
    found = []
    for content in group:
        images = live.get(content, ())
        if decisions.part(content, content):
            images = () if content == key else images[:1]
        found += [image for image in images if image[0] != id_]
    return sorted(found)
