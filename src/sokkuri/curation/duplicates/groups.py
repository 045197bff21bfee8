"""Build star groups from pairs: every image of a group is a copy of the image that is kept.

Takes contents in the order in which they would be kept, and the pairs among them; returns Stars.
Copies of copies do not chain: if A resembles B and B resembles C, then A and C share a group only
if they resemble each other. A copy that is the same picture as another content stays with that one,
however much it looks like an edit of a third.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sokkuri.curation.duplicates.pair_store import PairResult

_SAME = ("identical", "same")

FindPair = Callable[[bytes, bytes], PairResult | None]
"""Returns the result of two contents if they are near-duplicates, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Star:
    """centre : the content to keep. copies : its copies, each with the result of the pair."""

    centre: bytes
    copies: dict[bytes, PairResult] = field(default_factory=dict)


def make_stars(
    order: Sequence[bytes],
    pairs: Iterable[PairResult],
    find_pair: FindPair,
    links: Iterable[PairResult] = (),
) -> list[Star]:
    """Return the groups.

    order : the contents, the first to keep first; pairs with other contents are ignored. pairs :
    near-duplicates; open ones count too, but nothing is looked for through them. find_pair : called
    for two contents that only a third one links, by `pairs` or by `links`, which need not be
    near-duplicates.
    """
    contents = set(order)
    neighbours: dict[bytes, dict[bytes, PairResult]] = defaultdict(dict)
    linked: dict[bytes, dict[bytes, None]] = defaultdict(dict)
    for pair in pairs:
        if pair.first in contents and pair.second in contents:
            neighbours[pair.first][pair.second] = pair
            neighbours[pair.second][pair.first] = pair
    for pair in chain(links, *(of.values() for of in neighbours.values())):
        if pair.first in contents and pair.second in contents:
            linked[pair.first][pair.second] = None
            linked[pair.second][pair.first] = None
    grouped: set[bytes] = set()
    stars = []
    for centre in order:
        if centre in grouped or centre not in neighbours:
            continue
        copies = _collect_copies(centre, neighbours, linked, grouped, find_pair)
        if copies:
            grouped |= {centre, *copies}
            stars.append(Star(centre, copies))
    return stars


def _collect_copies(
    centre: bytes,
    neighbours: Mapping[bytes, Mapping[bytes, PairResult]],
    linked: Mapping[bytes, Iterable[bytes]],
    grouped: set[bytes],
    find_pair: FindPair,
) -> dict[bytes, PairResult]:
    """Return the copies of `centre`: its known ones, and those of its copies' copies that
    `find_pair` confirms."""
    copies: dict[bytes, PairResult] = {}
    for content, pair in neighbours[centre].items():
        stays = pair.current in _SAME or not _has_original(
            content, centre, neighbours, grouped, find_pair
        )
        if content not in grouped and stays:
            copies[content] = pair
    visited = {centre, *neighbours[centre]}
    queue = [content for content, pair in copies.items() if not pair.open]
    while queue:
        for content in linked[queue.pop()]:
            if content in visited or content in grouped:
                continue
            visited.add(content)
            found = find_pair(centre, content)
            if found is None:
                continue
            copies[content] = found
            if not found.open:
                queue.append(content)
    return copies


def _has_original(
    content: bytes,
    centre: bytes,
    neighbours: Mapping[bytes, Mapping[bytes, PairResult]],
    grouped: set[bytes],
    find_pair: FindPair,
) -> bool:
    """Return whether a content is the same picture as one that is no copy of `centre`."""
    return any(
        pair.current in _SAME
        and other not in grouped
        and other not in neighbours[centre]
        and find_pair(centre, other) is None
        for other, pair in neighbours[content].items()
        if other != centre
    )


def components(
    pairs: Iterable[PairResult],
) -> Iterator[tuple[list[bytes], list[PairResult]]]:
    """Yield contents that pairs link, with these pairs. A group never spans two of them."""
    around: dict[bytes, list[PairResult]] = defaultdict(list)
    for pair in pairs:
        around[pair.first].append(pair)
        around[pair.second].append(pair)
    visited: set[bytes] = set()
    for start in around:
        if start in visited:
            continue
        contents, queue = {start}, [start]
        while queue:
            for pair in around[queue.pop()]:
                for key in {*pair.contents} - contents:
                    contents.add(key)
                    queue.append(key)
        visited |= contents
        members = sorted(contents)
        yield members, [pair for key in members for pair in around[key] if pair.first == key]
