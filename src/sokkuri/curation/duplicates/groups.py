"""From pairs to groups: every picture of a group was found to be a copy of the one that is kept.

Takes contents in the order in which they would be kept, and pairs of them; hands on stars: one in
the middle, and its copies around it. Pairs of copies do not chain: of pictures that each resemble
the next, the first and the last are not in one group unless they resemble each other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sokkuri.curation.duplicates.pair_store import Known

Ask = Callable[[bytes, bytes], Known | None]
"""What is known of two contents; may find it out."""


@dataclass(frozen=True, slots=True)
class Star:
    """middle : the content to keep. copies : what is a copy of it, with the pair that says so."""

    middle: bytes
    copies: dict[bytes, Known] = field(default_factory=dict)


def stars(order: Sequence[bytes], pairs: Iterable[Known], ask: Ask) -> list[Star]:
    """order : the contents, the first to be kept first; pairs of others are left out. pairs : those
    that count. ask : for two that are linked by a third only; None where they do not count."""
    near: dict[bytes, dict[bytes, Known]] = defaultdict(dict)
    wanted = set(order)
    for pair in pairs:
        if pair.first in wanted and pair.second in wanted:
            near[pair.first][pair.second] = near[pair.second][pair.first] = pair
    taken: set[bytes] = set()
    found = []
    for middle in order:
        if middle in taken or middle not in near:
            continue
        copies = _copies(middle, near, taken, ask)
        if copies:
            taken |= {middle, *copies}
            found.append(Star(middle, copies))
    return found


def _copies(
    middle: bytes, near: dict[bytes, dict[bytes, Known]], taken: set[bytes], ask: Ask
) -> dict[bytes, Known]:
    """What is a copy of it: those that are known to be, and of the copies' own copies those that
    turn out to be when they are asked for."""
    copies = {one: pair for one, pair in near[middle].items() if one not in taken}
    seen = {middle, *near[middle]}
    waiting = list(copies)
    while waiting:
        for one in near[waiting.pop()]:
            if one in seen or one in taken:
                continue
            seen.add(one)
            pair = ask(middle, one)
            if pair is not None:
                copies[one] = pair
                waiting.append(one)
    return copies
