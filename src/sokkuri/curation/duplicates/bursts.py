"""Find bursts: pictures that were taken within seconds of each other and are alike, but no copies.

Takes compared pairs and the facts of their files; returns Groups of the grade `burst`, the sharpest
picture first. Each picture is lost if its file is, so no plan ever moves one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import numpy as np

from sokkuri.curation.duplicates.contents import UniqueImage
from sokkuri.curation.duplicates.groups import make_stars
from sokkuri.curation.duplicates.image_facts import BINS, ImageFacts
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import DuplicateImage, Group, Pair

BURST_SECONDS = 10
"""Pictures of a burst were taken at most so long before or after its sharpest picture."""

_DETAIL = slice(BINS // 4, 3 * BINS // 4)  # frequencies that blur lowers; the highest hold noise
_WHY = "is the sharpest"

Images: TypeAlias = Mapping[bytes, Sequence[DuplicateImage]]
"""The images of each content that pass the filters, the image to keep first."""


@dataclass(frozen=True, slots=True)
class Shots:
    """Pairs of pictures of one burst, by their contents, and the facts of these contents."""

    pairs: Mapping[tuple[bytes, bytes], PairResult] = field(default_factory=dict)
    facts: Mapping[bytes, ImageFacts] = field(default_factory=dict)

    def __contains__(self, pair: PairResult) -> bool:
        return (pair.first, pair.second) in self.pairs

    def groups(self, copies: Iterable[Group], images: Images) -> list[Group]:
        """Return the bursts. Of each group of copies, only the image to keep is in a burst.

        images : of the contents that may be in one.
        """
        out = {image.digest for group in copies for image in group.images[1:]}
        out -= {group.images[0].digest for group in copies}
        inside = {key for pair in self.pairs for key in pair if key in images} - out
        order = sorted(inside, key=lambda key: (-sharpness(self.facts[key]), images[key][0].id))
        stars = make_stars(
            order, self.pairs.values(), lambda a, b: self.pairs.get((min(a, b), max(a, b)))
        )
        place = {key: number for number, key in enumerate(order)}
        found = []
        for star in stars:
            keys = [star.centre, *sorted(star.copies, key=place.__getitem__)]
            members = tuple(images[key][0] for key in keys)
            pairs = tuple(
                Pair(members[0].id, image.id, "burst", star.copies[key].score)
                for key, image in zip(keys[1:], members[1:], strict=True)
            )
            found.append(Group("burst", members, pairs, _WHY))
        return sorted(found, key=lambda group: group.order)


def find_shots(
    pairs: Iterable[PairResult],
    facts: Mapping[bytes, ImageFacts],
    contents: Mapping[bytes, UniqueImage],
) -> Shots:
    """Return the pairs of pictures that were taken in one burst.

    pairs : with a grade. Pictures that are `alike` count if their times are near. Pictures that
    look like edited copies count if both cameras say so: an edit keeps the time of its original.
    """
    found = {}
    for pair in pairs:
        if pair.grade not in ("edited", "alike") or not {pair.first, pair.second} <= facts.keys():
            continue
        a, b = (_taken(contents[key], facts[key]) for key in (pair.first, pair.second))
        apart = abs(a.seconds - b.seconds)
        if a.by_camera != b.by_camera or apart > BURST_SECONDS:
            continue
        if pair.grade == "alike" or (a.by_camera and apart > 0):
            found[pair.first, pair.second] = pair
    return Shots(found, {key: facts[key] for both in found for key in both})


def sharpness(facts: ImageFacts) -> float:
    """Return how much fine detail a picture holds, to compare pictures of one size; -inf if it is
    unknown."""
    if not facts.spectrum_x or not facts.spectrum_y:
        return -np.inf
    return float(np.mean([facts.spectrum_x[_DETAIL], facts.spectrum_y[_DETAIL]]))


@dataclass(frozen=True, slots=True)
class _Time:
    """seconds : since any fixed moment. by_camera : whether the camera's metadata tells it; the
    clocks of cameras and of files cannot be compared."""

    seconds: float
    by_camera: bool


def _taken(content: UniqueImage, facts: ImageFacts) -> _Time:
    """Return when a picture was taken: by the camera's metadata, else when its file was changed."""
    try:
        taken = datetime.strptime(f"{facts.taken:014}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time
    except ValueError:
        return _Time(min(image.mtime_ns for image in content.images) / 1e9, by_camera=False)
    return _Time((taken - datetime(1970, 1, 1)).total_seconds(), by_camera=True)  # noqa: DTZ001
