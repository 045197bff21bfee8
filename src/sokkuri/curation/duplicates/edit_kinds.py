"""Name what was edited between two copies of one picture, in fixed words."""

import math

import numpy as np

from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.pair_facts import PairFacts

KINDS = (
    "cropped", "mirrored", "rotated", "recoloured", "covered", "framed", "squashed", "resized",
    "re-encoded",
)  # fmt: skip
"""All words, in the order in which they are given."""

_OTHER_SIZE = 0.02  # logarithm of the quotient
_OTHER_COLOURS = 6.0  # levels


def kinds_of_edit(first: ImageFacts, second: ImageFacts, pair: PairFacts | None) -> tuple[str, ...]:
    """Return the words of `KINDS` for what was edited between two copies, as far as it is known.

    pair : None if it is unknown how they lie in each other.
    """
    found = {
        "recoloured": first.monochrome != second.monochrome,
        "re-encoded": first.format != second.format or first.quantisation != second.quantisation
        or not np.array_equal(first.grids[0], second.grids[0]),
    }  # fmt: skip
    if pair is not None:
        found["recoloured"] |= pair.colour_change > _OTHER_COLOURS
        found |= {
            "cropped": any(pair.cropped),
            "mirrored": pair.mirrored,
            "rotated": pair.turned,
            "covered": any(pair.covered),
            "framed": any(pair.framed),
            "squashed": pair.squashed,
            "resized": _is_resized(pair),
        }
    return tuple(kind for kind in KINDS if found.get(kind))


def _is_resized(pair: PairFacts) -> bool:
    """Return whether the scales differ; of squashed pairs, whether both sides are larger, or both
    are smaller."""
    steps = sorted(math.log(scale) for scale in (pair.scale_x, pair.scale_y))
    if pair.squashed:
        return steps[0] > _OTHER_SIZE or steps[1] < -_OTHER_SIZE
    return max(map(abs, steps)) > _OTHER_SIZE
