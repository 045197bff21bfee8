"""Weigh the facts about near-duplicates: which one is the original, and why.

Takes ImageFacts and PairFacts of images that are linked; returns an ImageEvidence for each of them.
Each kind of evidence is a mark against an image. The kinds have an order, `MARKS`: the image
without a mark of the first kind is kept, whatever the others say.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.losses import are_fine, is_coarser, is_derived
from sokkuri.curation.duplicates.orientation import Orientation
from sokkuri.curation.duplicates.pair_facts import PairFacts

FactsOfPairs = Mapping[tuple[bytes, bytes], PairFacts]
"""The facts of each pair of contents, the smaller content first."""

MeasuredPairs = Mapping[tuple[bytes, bytes], PairFacts | None]
"""The same, with None for pairs that cannot be aligned."""

Claim: TypeAlias = tuple[str, bytes, bytes]
"""A mark, the content that has it, and the content that is better."""

ClaimsOfPairs: TypeAlias = dict[tuple[bytes, bytes], tuple[Claim, ...]]
"""What each pair of contents says against them."""

MARKS = (
    "foreign", "monochrome", "mirrored", "turned", "cropped", "derived", "squashed", "camera",
    "coarse",
)  # fmt: skip
"""The kinds of evidence, the most important first."""

SLIGHT = "slight"
"""The mark against an image that lost more when it was saved, but so little that nobody sees it."""

ADVANTAGES = {
    "foreign": "has no frame, bars, text or cover of another",
    "monochrome": "has its colours",
    "mirrored": "is the right way round",
    "turned": "was not turned",
    "cropped": "shows the whole picture",
    "derived": "is neither enlarged nor saved again from another",
    "squashed": "has the proportions of most",
    "camera": "has the metadata of a camera",
    "coarse": "lost less when it was saved",
}
"""What is better about an image without a mark that another one has."""

_EDITED = frozenset({"foreign", "monochrome", "cropped"})
_STRONG = ("foreign", "monochrome", "cropped", "camera")
_LARGER = 2.0  # from here on, the same picture at a larger scale is worth a look
_SAME_SCALE = 1.1
_MAJORITY = 0.6
_FEW = 3


@dataclass(frozen=True, slots=True)
class ImageEvidence:
    """What is known about one image of a group.

    marks : kinds of `MARKS` against it, and perhaps `SLIGHT`. scale : how large the picture is in
    it beside the others, 0 if that is unknown. facts : None if the file was not read. undecided :
    `mirrored` or `turned` if another image shows the picture another way, and nothing tells which
    way is right; else "". unaligned : whether it could not be aligned with any of its copies.
    """

    marks: frozenset[str] = frozenset()
    scale: float = 0.0
    facts: ImageFacts | None = None
    undecided: str = ""
    unaligned: bool = False

    @property
    def key(self) -> tuple[int, ...]:
        """A sort key: the image to keep has the smallest."""
        return tuple(int(mark in self.marks) for mark in MARKS)

    @property
    def slightly_worse(self) -> int:
        """1 if it lost more, but so little that nobody sees it; 0 if not."""
        return int(SLIGHT in self.marks)


NO_EVIDENCE = ImageEvidence()


def weigh(
    facts: Mapping[bytes, ImageFacts], pairs: MeasuredPairs, claims: ClaimsOfPairs | None = None
) -> dict[bytes, ImageEvidence]:
    """Return the evidence for each content that has facts.

    pairs : only of near-duplicates. claims : of pairs that were weighed before, with the same
    facts; it gets those of the others.
    """
    claims = {} if claims is None else claims
    evidence: dict[bytes, ImageEvidence] = {}
    linked = {
        pair: of for pair, of in pairs.items()
        if of is not None and pair[0] in facts and pair[1] in facts
    }  # fmt: skip
    for pair in linked.keys() - claims.keys():
        first, second = pair
        claims[pair] = tuple(_claims_of_pair(pair, facts[first], facts[second], linked[pair]))
    tried = {content for pair in pairs for content in pair}
    for contents, inside in _components(linked):
        of_contents = {key: facts[key] for key in contents}
        evidence |= _Component(of_contents, {pair: linked[pair] for pair in inside}, claims).weigh()
    alone = (key for key in facts if key not in evidence)
    return evidence | {
        key: ImageEvidence(facts=facts[key], unaligned=key in tried) for key in alone
    }


def conflict_between(kept: ImageEvidence, other: ImageEvidence) -> str:
    """Return what is better about an image that is not kept; "" if nothing important is."""
    for mark in _STRONG:
        if mark in kept.marks and mark not in other.marks:
            return ADVANTAGES[mark]
    known = kept.scale and other.scale and "derived" not in other.marks
    if known and other.scale >= _LARGER * kept.scale:
        return "shows the picture larger"
    return ""


def _components(pairs: FactsOfPairs) -> Iterator[tuple[list[bytes], list[tuple[bytes, bytes]]]]:
    """Yield the contents that pairs link, and these pairs, both sorted."""
    neighbours: dict[bytes, set[bytes]] = defaultdict(set)
    for first, second in pairs:
        neighbours[first].add(second)
        neighbours[second].add(first)
    visited: set[bytes] = set()
    for start in sorted(neighbours):
        if start in visited:
            continue
        found, queue = {start}, [start]
        while queue:
            for content in neighbours[queue.pop()] - found:
                found.add(content)
                queue.append(content)
        visited |= found
        inside = ((first, second) for first in found for second in neighbours[first])
        yield sorted(found), sorted(pair for pair in inside if pair in pairs)


@dataclass(slots=True)
class _Component:
    """Linked contents. claims : of each pair."""

    facts: dict[bytes, ImageFacts]
    pairs: dict[tuple[bytes, bytes], PairFacts]
    claims: ClaimsOfPairs

    def weigh(self) -> dict[bytes, ImageEvidence]:
        claimed: dict[str, list[tuple[bytes, bytes]]] = defaultdict(list)
        for pair in self.pairs:
            for mark, against, by in self.claims[pair]:
                claimed[mark].append((against, by))
        camera = any(facts.camera for facts in self.facts.values())
        without = {key for key, facts in self.facts.items() if camera and not facts.camera}
        marks: dict[bytes, set[str]] = {key: set() for key in self.facts}
        for mark in (*MARKS, SLIGHT):
            found = {"squashed": self._squashed(), "camera": without}.get(mark)
            for key in _to_mark(claimed[mark], marks) if found is None else found:
                marks[key].add(mark)
        scales = self._scales()
        undecided = self._mark_orientation(marks, scales)
        return {
            key: ImageEvidence(frozenset(marks[key]), scales[key], facts, undecided=undecided)
            for key, facts in self.facts.items()
        }

    def _walk(self) -> Iterator[tuple[bytes, bytes, PairFacts, bool]]:
        """Yield steps that reach every content once, from the first one on: where from, where to,
        the pair, and whether the step goes from the pair's first image to its second one."""
        neighbours: dict[bytes, list[tuple[bytes, PairFacts, bool]]] = defaultdict(list)
        for (first, second), pair in self.pairs.items():
            neighbours[first].append((second, pair, True))
            neighbours[second].append((first, pair, False))
        start = next(iter(self.facts))
        reached, queue = {start}, [start]
        while queue:
            key = queue.pop()
            for other, pair, forward in neighbours[key]:
                if other not in reached:
                    reached.add(other)
                    queue.append(other)
                    yield key, other, pair, forward

    def _scales(self) -> dict[bytes, float]:
        """Return, for each content, its scale beside that of the first one."""
        values = {next(iter(self.facts)): 1.0}
        for key, other, pair, forward in self._walk():
            step = (pair.scale_x * pair.scale_y) ** 0.5
            values[other] = values[key] * (step if forward else 1 / step)
        return values

    def _orientations(self) -> dict[bytes, Orientation]:
        """Return, for each content, how it lies beside the first one."""
        values = {next(iter(self.facts)): Orientation()}
        for key, other, pair, forward in self._walk():
            turn = pair.orientation if forward else pair.orientation.inverse
            values[other] = values[key].then(turn)
        return values

    def _mark_orientation(
        self, marks: Mapping[bytes, set[str]], scales: Mapping[bytes, float]
    ) -> str:
        """Mark the contents that are mirrored or turned. Return the mark that cannot be given,
        because nothing tells to which of them, or ""."""
        lying = self._orientations()
        undecided = ""
        for mark, ways in (
            ("mirrored", {key: int(of.mirrored) for key, of in lying.items()}),
            ("turned", {key: of.quarters for key, of in lying.items()}),
        ):
            if len(set(ways.values())) < 2:
                continue
            right = _right_way(ways, self.facts, marks, scales)
            if right is None:
                undecided = undecided or mark
                continue
            for key, way in ways.items():
                if way != right:
                    marks[key].add(mark)
        return undecided

    def _squashed(self) -> set[bytes]:
        """Return the contents whose proportions differ from those of most of their copies."""
        all_, differ = Counter[bytes](), Counter[bytes]()
        for pair, of in self.pairs.items():
            if of.by_quarters:
                all_.update(pair)
                differ.update(pair if of.squashed else ())
        return {
            key for key, count in all_.items() if count >= _FEW and differ[key] > _MAJORITY * count
        }


def _claims_of_pair(
    contents: tuple[bytes, bytes], first: ImageFacts, second: ImageFacts, pair: PairFacts
) -> Iterator[Claim]:
    """Yield what a pair says against its contents."""
    of = first, second
    derived = [
        pair.enlarged[side] or is_derived(of[side], of[1 - side], pair, side) for side in (0, 1)
    ]
    foreign = list(pair.foreign)
    if derived[0] != derived[1] and any(foreign) and not pair.surrounded:
        foreign = derived  # what was made of the other has the text, whatever it looks like
    for side, key in enumerate(contents):
        x, y = of[side], of[1 - side]
        found = {
            "foreign": foreign[side],
            "cropped": pair.cropped[side],
            "monochrome": x.monochrome and _has_more_colour(y, x),
            "derived": derived[side],
        }
        if not derived[1 - side] and is_coarser(x, y, pair, side):
            found[SLIGHT if are_fine(x, y) else "coarse"] = True
        yield from ((mark, key, contents[1 - side]) for mark, is_true in found.items() if is_true)


def _to_mark(claims: Iterable[tuple[bytes, bytes]], marks: Mapping[bytes, set[str]]) -> set[bytes]:
    """Return the contents to mark. claims : contents, each with one that is better. marks : the
    more important ones.

    An image that has more important marks says nothing about the others. One pair may be mistaken,
    so it does not count against an image that is better than many.
    """
    rank = {key: tuple(one in found for one in MARKS) for key, found in marks.items()}
    valid = [(worse, by) for worse, by in claims if rank[by] <= rank[worse]]
    against, by = Counter(worse for worse, _ in valid), Counter(by for _, by in valid)
    return {key for key, count in against.items() if _FEW * count >= by[key]}


def _right_way(
    ways: Mapping[bytes, int],
    facts: Mapping[bytes, ImageFacts],
    marks: Mapping[bytes, set[str]],
    scales: Mapping[bytes, float],
) -> int | None:
    """Return which way of lying is that of the original, None if nothing tells it.

    ways : of each content. Images without an edit tell it first, then a camera, then images that
    were not saved again from others, then most of the images, then the largest scale.
    """
    clean = [key for key in ways if not marks[key] & _EDITED] or [*ways]
    counts: Counter[int] = Counter()

    def restrict(merit: Callable[[bytes], float], enough: float = 1.0) -> None:
        """Leave the ways whose best image has nearly the most merit."""
        nonlocal counts, clean
        least = enough * max(map(merit, clean))
        best = {ways[key] for key in clean if merit(key) >= least}
        clean = [key for key in clean if ways[key] in best]
        counts = Counter(ways[key] for key in clean)

    restrict(lambda key: facts[key].camera)
    restrict(lambda key: not {"derived", "coarse", SLIGHT} & marks[key])
    most, count = counts.most_common(1)[0]
    if len(counts) == 1 or (len(clean) > 2 and count >= _MAJORITY * len(clean)):
        return most
    restrict(scales.__getitem__, 1 / _SAME_SCALE)
    return next(iter(counts)) if len(counts) == 1 else None


def _has_more_colour(x: ImageFacts, y: ImageFacts) -> bool:
    return not x.monochrome and x.colour > 2 * y.colour + 1
