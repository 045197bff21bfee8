"""Make groups of the pairs of a collection that count, by a person's filters, rules and decisions.

Takes a collection, DuplicateOptions and PairResults; returns Groups.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Never

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.bursts import Shots
from sokkuri.curation.duplicates.close_looks import CloseLooks, Contents
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    ids_that_pass,
    live_contents,
    readable_file,
)
from sokkuri.curation.duplicates.evidence import Evidence, EvidenceGatherer
from sokkuri.curation.duplicates.groups import Star
from sokkuri.curation.duplicates.keep_evidence import NO_EVIDENCE, ImageEvidence
from sokkuri.curation.duplicates.keep_rules import explain_choice, keep_order, parse_rules
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.duplicates.stacks import Stacks, note_companions
from sokkuri.curation.types import ALL_GRADES, GRADES, CopyGrade, DuplicateImage, Grade, Group, Pair
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions, read_decisions

_ROUNDS = 4  # of evidence and stars; two nearly always agree


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """Which near-duplicates to find, and how.

    min_grade : the least sure grade that counts. under, where : filters on the images, as in a
    search. keep : rules of keep_rules.py, which count more than the default rules. workers :
    threads; 0 means one for each core. bursts : find bursts too, see bursts.py. engine : the URL
    of a vector engine to which the collection was pushed; it finds the candidates. stacks : whether
    the pictures of one asset are no copies of each other, see stacks.py.
    """

    min_grade: CopyGrade = "edited"
    under: str | None = None
    where: str | None = None
    keep: tuple[str, ...] = ()
    workers: int = 0
    bursts: bool = False
    engine: str | None = None
    stacks: bool = True


def grades_from(grade: CopyGrade) -> tuple[CopyGrade, ...]:
    """Return this grade and the surer ones."""
    return GRADES[: GRADES.index(grade) + 1]


class GroupingTask:
    """The contents to compare, and how their pairs become groups. only, twins : see
    `live_contents`.

    shots : pairs that are bursts, and so no copies.
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
        self.rules = parse_rules(options.keep)
        self.shots = Shots()
        self.with_bursts = options.bursts
        self.decisions = read_decisions(collection.catalog)
        self.contents = live_contents(collection, self.decisions, only, twins=twins)
        note_companions(collection.catalog, self.contents.values())
        self._stacks = Stacks(collection.catalog, self.contents) if options.stacks else ()
        self.passing = ids_that_pass(collection, options.under, options.where)
        self.min_grade = options.min_grade

    def locate(self, content: bytes) -> Location:
        """Return where a file with this content can be read."""
        return readable_file(self.contents[content])

    def live(self, pairs: Iterable[PairResult]) -> list[PairResult]:
        """Return the pairs of two live contents."""
        return [pair for pair in pairs if self.contents.keys() >= {*pair.contents}]

    def passes(self, content: UniqueImage) -> bool:
        """Return whether any image of a content passes the filters."""
        return any(map(self._image_passes, content.images))

    def _image_passes(self, image: DuplicateImage) -> bool:
        return self.passing is None or image.id in self.passing

    @cached_property
    def _passing_images(self) -> dict[bytes, list[DuplicateImage]]:
        """The images that pass the filters, by content, the image to keep first."""
        order = keep_order(self.rules)  # the evidence is the same for all images of a content
        images = {
            key: [image for image in content.images if self._image_passes(image)]
            for key, content in self.contents.items()
        }
        for passing in images.values():
            if len(passing) > 1:
                passing.sort(key=order)
        return {key: passing for key, passing in images.items() if passing}

    def settle(
        self, grade: CopyGrade, looks: CloseLooks, gatherer: EvidenceGatherer
    ) -> Generator[Progress[Never], None, tuple[list[Star], Evidence]]:
        """Return the stars of a least grade, and the evidence for each content.

        At first, all links of a first look tell which images may be kept. Then the stars tell which
        links are true, and only these do. So it does not matter which pairs were looked at before.
        """
        images, grades = self._passing_images, grades_from(grade)

        def counts(grade: Grade | None, pair: PairResult) -> bool:
            return grade in grades and pair not in self.shots and not self._are_parted(pair)

        true: set[Contents] | None = None
        for _ in range(_ROUNDS):
            links = [
                pair for pair in looks.links
                if images.keys() >= {*pair.contents} and counts(pair.best, pair)
            ]  # fmt: skip
            if true is not None:
                links = [pair for pair in links if pair.contents in true]
            evidence = yield from gatherer.gather(links)
            # No other content is in a star. Sorting all of a large collection takes seconds.
            linked = {
                key for pair in looks.links if counts(pair.best, pair) or counts(pair.grade, pair)
                for key in pair.contents if key in images
            }  # fmt: skip
            order = self._order({key: images[key] for key in linked}, evidence)
            stars = yield from looks.make_stars(order, counts)
            before, true = true, _links_within(stars, looks.links)
            if true == before or (before is None and true >= {pair.contents for pair in links}):
                break
        return stars, evidence

    def groups(
        self, looks: CloseLooks, gatherer: EvidenceGatherer
    ) -> Generator[Progress[Never], None, tuple[Group, ...]]:
        """Return the groups, with the kinds of edit of their pairs."""
        stars, evidence = yield from self.settle(self.min_grade, looks, gatherer)
        yield Progress("grouping", 0, 0)
        images = self._passing_images
        grouped = {key for star in stars for key in (star.centre, *star.copies)}
        alone = {
            key: of for key, of in images.items() if key not in grouped and self._is_group(key, of)
        }
        stars = [*stars, *map(Star, self._order(alone, evidence))]
        groups = [make_group(star, images, self.decisions) for star in stars]
        evidence_of = partial(_evidence_of, evidence, _keys_of(images))
        explained = []
        for group in groups:
            why, conflict = explain_choice(group.images, self.rules, evidence_of)
            explained.append(replace(group, why=why, conflict=conflict))
        explained.sort(key=lambda group: group.order)
        bursts = self.shots.groups(explained, images)
        all_keys = _keys_of({key: content.images for key, content in self.contents.items()})
        named = yield from gatherer.name_edits(explained, all_keys)
        return (*named, *bursts)

    def _order(
        self, images: Mapping[bytes, Sequence[DuplicateImage]], evidence: Evidence
    ) -> list[bytes]:
        """Return the contents in the order in which they would be kept."""
        key_of = keep_order(self.rules, partial(_evidence_of, evidence, _keys_of(images)))
        return sorted(images, key=lambda key: key_of(images[key][0]))

    def possible_burst_pairs(self, pairs: Iterable[PairResult]) -> list[PairResult]:
        """Return the pairs that are pictures of one burst if they were taken within seconds."""
        passing = {key for key, content in self.contents.items() if self.passes(content)}
        return [
            pair for pair in pairs
            if pair.first in passing and pair.second in passing
            and pair.grade in ("edited", "alike")
            and not self._are_parted(pair)
        ]  # fmt: skip

    def _are_parted(self, pair: PairResult) -> bool:
        """Return whether a person, or their asset, says that the pair are no copies."""
        return self.decisions.part(pair.first, pair.second) or pair in self._stacks

    def _is_group(self, key: bytes, images: Sequence[DuplicateImage]) -> bool:
        """Return whether the images of one content are a group of their own."""
        return len(images) > 1 and not self.decisions.part(key, key)


def _keys_of(images: Mapping[bytes, Sequence[DuplicateImage]]) -> dict[str, bytes]:
    """Return the content of each image, by its id."""
    return {image.result_id: key for key, of in images.items() for image in of}


def _evidence_of(
    evidence: Evidence, keys: Mapping[str, bytes], image: DuplicateImage
) -> ImageEvidence:
    return evidence.get(keys[image.result_id], NO_EVIDENCE)


def _links_within(stars: Iterable[Star], links: Iterable[PairResult]) -> set[Contents]:
    """Return the links of two contents of one star."""
    star_of = {key: star.centre for star in stars for key in (star.centre, *star.copies)}
    return {
        pair.contents for pair in links
        if pair.first in star_of and star_of[pair.first] == star_of.get(pair.second)
    }  # fmt: skip


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
