"""Terms of a query: words, and weights of words and images.

A weight is written behind its term, as in Lucene: `at night^0.5`. Takes what a person wrote;
returns the term and its weight.
"""

import re
from dataclasses import dataclass

from sokkuri.core.errors import UsageError

MAX_WEIGHT = 1000.0
_WEIGHTED = re.compile(r"(?s)(?P<term>.+)\^(?P<weight>[0-9]{1,6}(\.[0-9]{1,6})?|\.[0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Text:
    """Words to search with, for a collection whose model knows words."""

    words: str


def split_weight(written: str) -> tuple[str, float]:
    """Return the term and the weight of `TERM^WEIGHT`; weight 1 if none is written.

    Raises UsageError for a weight that is 0 or too large.
    """
    match = _WEIGHTED.fullmatch(written)
    if match is None:
        return written, 1.0
    return match["term"], check_weight(float(match["weight"]))


def check_weight(weight: float) -> float:
    """Return the weight. Raises UsageError unless it is above 0 and at most `MAX_WEIGHT`."""
    if not 0 < weight <= MAX_WEIGHT:
        raise UsageError(
            f"the weight {weight:g} must be above 0 and at most {MAX_WEIGHT:g}: to search away "
            "from a term, use --not or --not-text"
        )
    return weight
