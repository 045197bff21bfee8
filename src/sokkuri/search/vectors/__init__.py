"""Search backends: arrays and row numbers in, row numbers and distances out. Nothing about images.

What every backend promises (tests/contract holds them to it): the k nearest accepted rows, nearest
first, equal distances in row order; distances in float64, as documented in `rows`; fewer than k
only when fewer are accepted.
"""

from sokkuri.search.vectors.base import Accept, Index
from sokkuri.search.vectors.distance import Rows, distances, normalised
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.quantize import Basis, Coded, Codes, encode, principal

__all__ = [
    "Accept", "Basis", "Coded", "Codes", "ExactIndex", "Index", "Rows", "distances", "encode",
    "normalised", "principal",
]  # fmt: skip
