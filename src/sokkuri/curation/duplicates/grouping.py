"""Make groups of the pairs of a collection that count, by a person's filters, rules and decisions.

Takes a collection, DuplicateOptions and PairResults; returns Groups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location
from sokkuri.curation.duplicates.bursts import Shots
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    ids_that_pass,
    live_contents,
    readable_file,
)
from sokkuri.curation.duplicates.groups import Star, make_stars
from sokkuri.curation.duplicates.keep_evidence import NO_EVIDENCE, ImageEvidence
from sokkuri.curation.duplicates.keep_rules import explain_choice, keep_order, parse_rules
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore
from sokkuri.curation.types import ALL_GRADES, GRADES, CopyGrade, DuplicateImage, Group, Pair
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions, read_decisions


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """Which near-duplicates to find, and how.

    min_grade : the least sure grade that counts. under, where : filters on the images, as in a
    search. keep : rules of keep_rules.py, which count more than the default rules. workers :
    threads; 0 means one for each core. bursts : find bursts too, see bursts.py. engine : the URL of
    a vector engine to which the collection was pushed; it finds the candidates.
    """

    min_grade: CopyGrade = "edited"
    under: str | None = None
    where: str | None = None
    keep: tuple[str, ...] = ()
    workers: int = 0
    bursts: bool = False
    engine: str | None = None


def grades_from(grade: CopyGrade) -> tuple[CopyGrade, ...]:
    """Return this grade and the surer ones."""
    return GRADES[: GRADES.index(grade) + 1]


class GroupingTask:
    """The contents to compare, and how their pairs become groups. only, twins : see
    `live_contents`.

    evidence : by content, what tells which image to keep. shots : pairs that are bursts, and so no
    copies.
    """

    def __init__(
        self,
        collection: CollectionStore,
        options: DuplicateOptions,
        only: set[bytes] | None = None,
        *,
        twins: bool = True,
    ) -> None:
        if options.min_grade not in GRADES:
            raise UsageError(f"{options.min_grade} is not a grade: give one of {', '.join(GRADES)}")
        self.collection = collection
        self.rules = parse_rules(options.keep)
        self.evidence: dict[bytes, ImageEvidence] = {}
        self.shots = Shots()
        self.with_bursts = options.bursts
        self.decisions = read_decisions(collection.catalog)
        self.contents = live_contents(collection, self.decisions, only, twins=twins)
        self.passing = ids_that_pass(collection, options.under, options.where)
        self.grades = grades_from(options.min_grade)

    def locate(self, content: bytes) -> Location:
        """Return where a file with this content can be read."""
        return readable_file(self.contents[content])

    def passing_images(self, content: UniqueImage) -> list[DuplicateImage]:
        """Return the images of a content that pass the filters, the image to keep first."""
        order = keep_order(self.rules)  # the evidence is the same for all of them
        return sorted(filter(self._image_passes, content.images), key=order)

    def passes(self, content: UniqueImage) -> bool:
        """Return whether any image of a content passes the filters."""
        return any(map(self._image_passes, content.images))

    def _image_passes(self, image: DuplicateImage) -> bool:
        return self.passing is None or image.id in self.passing

    def groups(
        self,
        pairs: Iterable[PairResult],
        store: PairStore | None,
        comparer: PairComparer | None,
    ) -> tuple[Group, ...]:
        """Return the groups.

        pairs : of `counting`. comparer : compares pairs that only a third image links;
        without it, these pairs do not count as near-duplicates.
        """
        images = {key: self.passing_images(content) for key, content in self.contents.items()}
        images = {key: passing for key, passing in images.items() if passing}
        keys = {image.result_id: key for key, of in images.items() for image in of}

        def evidence_of(image: DuplicateImage) -> ImageEvidence:
            return self.evidence.get(keys[image.result_id], NO_EVIDENCE)

        key_of = keep_order(self.rules, evidence_of)
        order = sorted(images, key=lambda key: key_of(images[key][0]))
        find_pair = partial(_find_pair, self, store, comparer)
        stars = make_stars(order, pairs, find_pair)
        grouped = {key for star in stars for key in (star.centre, *star.copies)}
        alone = [
            Star(key) for key in order if key not in grouped and self.is_group(key, images[key])
        ]
        groups = [make_group(star, images, self.decisions) for star in (*stars, *alone)]
        explained = []
        for group in groups:
            why, conflict = explain_choice(group.images, self.rules, evidence_of)
            explained.append(replace(group, why=why, conflict=conflict))
        bursts = self.shots.groups(explained, images)
        return (*sorted(explained, key=lambda group: group.order), *bursts)

    def counting(self, pairs: Iterable[PairResult]) -> list[PairResult]:
        """Return the pairs that count, of images that pass the filters."""
        return [pair for pair in self.passing_pairs(pairs) if self.counts(pair)]

    def passing_pairs(self, pairs: Iterable[PairResult]) -> list[PairResult]:
        """Return the pairs of images that pass the filters."""
        passing = {key for key, content in self.contents.items() if self.passes(content)}
        return [pair for pair in pairs if pair.first in passing and pair.second in passing]

    def may_be_bursts(self, pairs: Iterable[PairResult]) -> list[PairResult]:
        """Return the pairs that are pictures of one burst if they were taken within seconds."""
        return [
            pair for pair in self.passing_pairs(pairs)
            if pair.grade in ("edited", "alike")
            and not self.decisions.part(pair.first, pair.second)
        ]  # fmt: skip

    def counts(self, pair: PairResult) -> bool:
        """Return whether a pair counts, by its grade, the decisions and the bursts."""
        if pair in self.shots or self.decisions.part(pair.first, pair.second):
            return False
        return pair.grade in self.grades

    def is_group(self, key: bytes, images: list[DuplicateImage]) -> bool:
        """Return whether the images of one content are a group of their own."""
        return len(images) > 1 and not self.decisions.part(key, key)


def _find_pair(
    task: GroupingTask,
    store: PairStore | None,
    comparer: PairComparer | None,
    a: bytes,
    b: bytes,
) -> PairResult | None:
    result = None if store is None else store.find(a, b)
    if result is None and comparer is not None and store is not None:
        result = next(comparer.compare_pairs([(a, b)]), None)
        if result is not None:
            store.save([result], [])
    return result if result is not None and task.counts(result) else None


def make_group(
    star: Star, images: Mapping[bytes, Sequence[DuplicateImage]], decisions: Decisions
) -> Group:
    """Return the group of a star. images : of each content, the image to keep first."""
    kept = images[star.centre][0]
    copies = [
        (result.as_pair(kept.result_id, images[key][0].result_id), key)
        for key, result in star.copies.items()
    ]
    copies.sort(key=lambda copy: copy[0].order)
    members: list[DuplicateImage] = []
    pairs: list[Pair] = []
    for pair, key in ((None, star.centre), *copies):
        first, *twins = images[key]
        if decisions.part(key, key):
            twins = []
        members += [first, *twins]
        pairs += [pair] if pair else []
        pairs += [Pair(first.result_id, twin.result_id, "identical", 1.0) for twin in twins]
    grade = max((pair.grade for pair in pairs), key=ALL_GRADES.index)
    return Group(grade, tuple(members), tuple(pairs))
