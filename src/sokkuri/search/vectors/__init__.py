"""Indexes over vectors: arrays in, row numbers and distances out. They know nothing of images.

What every index promises (the contract tests check it): it returns the k nearest accepted rows,
nearest first, equal distances in row order; distances are float64, as `distances` defines them; it
returns fewer than k only if fewer are accepted.
"""

from sokkuri.search.vectors.base import Accept, Index
from sokkuri.search.vectors.distance import (
    VectorBlocks,
    as_float64_queries,
    distances,
    finite_rows,
    normalised,
)
from sokkuri.search.vectors.exact import ExactIndex
from sokkuri.search.vectors.quantize import (
    Basis,
    Int8Codes,
    QuantizedBlock,
    basis_of,
    principal_basis,
    quantize_rows,
    sum_products,
)

__all__ = [
    "Accept",
    "Basis",
    "ExactIndex",
    "Index",
    "Int8Codes",
    "QuantizedBlock",
    "VectorBlocks",
    "as_float64_queries",
    "basis_of",
    "distances",
    "finite_rows",
    "normalised",
    "principal_basis",
    "quantize_rows",
    "sum_products",
]
