"""Build star groups from pairs: every image of a group is a copy of the image that is kept.

Takes contents in the order in which they would be kept, and the pairs among them; returns Stars.
Copies of copies do not chain: if A resembles B and B resembles C, then A and C share a group only
if they resemble each other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sokkuri.curation.duplicates.pair_store import PairResult

FindPair = Callable[[bytes, bytes], PairResult | None]
"""Returns the result of two contents if they are near-duplicates; it may compare them now."""


@dataclass(frozen=True, slots=True)
class Star:
    """centre : the content to keep. copies : its copies, each with the result of the pair."""

    centre: bytes
    copies: dict[bytes, PairResult] = field(default_factory=dict)


def make_stars(
    order: Sequence[bytes], pairs: Iterable[PairResult], find_pair: FindPair
) -> list[Star]:
    """Return the groups.

    order : the contents, the first to keep first; pairs with other contents are ignored. pairs :
    near-duplicates. find_pair : called for two contents that only a third one links.
    """
    neighbours: dict[bytes, dict[bytes, PairResult]] = defaultdict(dict)
    contents = set(order)
    for pair in pairs:
        if pair.first in contents and pair.second in contents:
            neighbours[pair.first][pair.second] = pair
            neighbours[pair.second][pair.first] = pair
    grouped: set[bytes] = set()
    stars = []
    for centre in order:
        if centre in grouped or centre not in neighbours:
            continue
        copies = _collect_copies(centre, neighbours, grouped, find_pair)
        if copies:
            grouped |= {centre, *copies}
            stars.append(Star(centre, copies))
    return stars


def _collect_copies(
    centre: bytes,
    neighbours: dict[bytes, dict[bytes, PairResult]],
    grouped: set[bytes],
    find_pair: FindPair,
) -> dict[bytes, PairResult]:
    """Return the copies of `centre`: its known ones, and those of its copies' copies that
    `find_pair` confirms."""
    copies = {
        content: pair for content, pair in neighbours[centre].items() if content not in grouped
    }
    visited = {centre, *neighbours[centre]}
    queue = list(copies)
    while queue:
        for content in neighbours[queue.pop()]:
            if content in visited or content in grouped:
                continue
            visited.add(content)
            pair = find_pair(centre, content)
            if pair is not None:
                copies[content] = pair
                queue.append(content)
    return copies
