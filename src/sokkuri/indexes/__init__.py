"""Search backends: arrays and row numbers in, row numbers and distances out. Nothing about images.

What every backend promises (tests/contract holds them to it): the k nearest accepted rows, nearest
first, equal distances in row order; distances in float64, as documented in `rows`; fewer than k
only when fewer are accepted.
"""

from sokkuri.indexes.codes import Basis, Coded, Codes, encode, principal
from sokkuri.indexes.exact import ExactIndex
from sokkuri.indexes.index import Accept, Index
from sokkuri.indexes.rows import Rows, distances, normalised

__all__ = [
    "Accept", "Basis", "Coded", "Codes", "ExactIndex", "Index", "Rows", "distances", "encode",
    "normalised", "principal",
]  # fmt: skip
