"""int8 codes of feature vectors, with bounds on their error: the cheap part of an exact search.

Takes rows; returns codes, and for a query a lower bound on the cost of every row. There are two
kinds of codes. A *full* code has a quarter of a row's bytes. A *projected* code is the code of the
row's projection onto the few directions in which rows differ most (their principal components); it
has a twentieth of a row's bytes.

Let the rows of P be orthonormal, x = P'a + x' and q = P'b + q'. Then q . x = a . b + q' . x'. The
projection is a = s c + r with a scale s, whole numbers c from -127 to 127 and a residual r;
likewise b = t p + e. Therefore

    |q . x - t s (p . c)|  <=  |b| |r| + |e| (|a| + |r|) + |q'| |x'|

by the triangle and Cauchy-Schwarz inequalities. NumKong's kernels compute p . c exactly. For full
codes P is the identity, and x' and q' are zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric, StoredRows
from sokkuri.search.vectors.distance import finite_rows, normalised

PROJECTED_DIMENSION = 256
"""Numbers of a projected code: it leaves 2 in 100 rows of 13,500 real features undecided."""

_MAX_CODE = 127.0
_ROUND_UP = 1.0 + 1e-6  # more than the error of float64 and of rounding to float32
_FLOAT32_ERROR = np.float32(2e-6)  # of 32 float32 roundings
_MIN_LENGTH, _MAX_LENGTH = 1e-30, 1e18  # float32 holds such lengths and their squares
_PACK_FROM_QUERIES = 8  # from so many queries on, the packed product is faster
_SUMMED_ROWS = 2048  # rows whose products are summed at once
_ENCODE_ROWS = 1024  # rows encoded at once: their float64 numbers take 10 MiB, several times
_COMPARE_ROWS = 2**17  # rows times queries compared at once: their bounds stay in the cache

Basis = NDArray[np.float64]
"""P : (H, D), its rows orthonormal."""


@dataclass(frozen=True, slots=True, eq=False)
class Int8Codes:
    """Codes of N rows. codes : (N, D) or (N, H) int8. terms : (4, N) float32, of each row the scale
    s, |r| rounded up, |x|, and |x'| rounded up."""

    codes: NDArray[np.int8]
    terms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    def select(self, where: slice | NDArray[np.int64]) -> "Int8Codes":
        """Return the codes of some of the rows."""
        return Int8Codes(self.codes[where], self.terms[:, where])


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedBlock:
    """Both kinds of codes of a block's first rows. basis : of the projected codes."""

    full: Int8Codes
    projected: Int8Codes
    basis: Basis

    def __len__(self) -> int:
        return len(self.full)

    def select(self, where: slice | NDArray[np.int64]) -> "QuantizedBlock":
        """Return the codes of some of the rows."""
        return QuantizedBlock(self.full.select(where), self.projected.select(where), self.basis)


def principal_basis(sample: StoredRows) -> Basis:
    """Return the principal directions of a sample of rows : (N, D) -> (H, D), H at most 256. Each
    row has the same weight, whatever its length, but rows that are not finite have none. The mean
    is not subtracted: it is a direction like the others."""
    return basis_of(sum_products([sample]))


def sum_products(parts: Iterable[StoredRows]) -> NDArray[np.float64]:
    """Return the sum of the products of each row's numbers with each other : parts (N, D) ->
    (D, D). Rows are scaled to length 1, and rows that are not finite are left out. One part at
    least; only one is held at a time."""
    products: NDArray[np.float64] | None = None
    for part in parts:
        if products is None:
            products = np.zeros((part.shape[1], part.shape[1]))
        for start in range(0, len(part), _SUMMED_ROWS):
            rows = finite_rows(part[start : start + _SUMMED_ROWS]).astype(np.float64)
            rows = normalised(rows, "cosine")
            products += rows.T @ rows
    if products is None:
        raise ValueError("a sample has one part at least")
    return products


def basis_of(products: NDArray[np.float64]) -> Basis:
    """Return the principal directions of the rows that were summed : (D, D) -> (H, D)."""
    _, vectors = np.linalg.eigh(products)
    return np.ascontiguousarray(vectors[:, ::-1][:, :PROJECTED_DIMENSION].T)


def quantize_rows(rows: StoredRows, basis: Basis) -> QuantizedBlock:
    """Return the codes of rows : (N, D), finite numbers."""
    full = np.empty(rows.shape, np.int8), np.empty((4, len(rows)), np.float32)
    projected = np.empty((len(rows), len(basis)), np.int8), np.empty_like(full[1])
    for start in range(0, len(rows), _ENCODE_ROWS):
        part = slice(start, start + _ENCODE_ROWS)
        exact = np.asarray(rows[part], np.float64)
        full[0][part], full[1][:, part] = _encode(exact, None)
        projected[0][part], projected[1][:, part] = _encode(exact, basis)
    return QuantizedBlock(Int8Codes(*full), Int8Codes(*projected), basis)


def _encode(
    rows: NDArray[np.float64], basis: Basis | None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return codes and terms as in `Int8Codes` : (N, D) -> (N, D or H) and (4, N)."""
    lengths = np.linalg.norm(rows, axis=1)
    projections = rows if basis is None else rows @ basis.T
    with np.errstate(over="ignore", under="ignore"):
        scales = (np.abs(projections).max(axis=1, initial=0.0) / _MAX_CODE).astype(np.float32)
        scales[~(scales > 0) | ~np.isfinite(scales)] = 1.0
        stored = scales.astype(np.float64)[:, None]  # residuals are relative to stored scales
        codes = np.clip(np.rint(projections / stored), -_MAX_CODE, _MAX_CODE).astype(np.int8)
        residuals = np.linalg.norm(projections - stored * codes, axis=1)
        # float32 cannot hold such lengths to the last digit: leave these rows to float64.
        residuals[(lengths < _MIN_LENGTH) & (lengths > 0) | (lengths > _MAX_LENGTH)] = np.inf
        remainders = np.zeros(len(rows))
        if basis is not None:
            squares = lengths**2 - np.einsum("ij,ij->i", projections, projections)
            # The difference is off by some float64 roundings of its terms.
            remainders = np.sqrt(np.maximum(squares, 0.0) + 1e-11 * lengths**2)
        terms = np.stack([scales, _ROUND_UP * residuals, lengths, _ROUND_UP * remainders])
    return codes, terms.astype(np.float32)


class QuantizedQueries:
    """Codes of queries, to be compared with codes of rows. queries : (Q, D) float64. basis : that
    of the projected codes to compare with, None to compare with full codes."""

    def __init__(
        self, queries: NDArray[np.float64], metric: Metric, basis: Basis | None = None
    ) -> None:
        self._codes, terms = _encode(queries, basis)
        self._metric = metric
        if metric == "cosine":
            terms /= np.where(terms[2] > 0, terms[2], np.float32(1))
        factor = np.float32(1 if metric == "cosine" else 2)
        scales, residuals, lengths, remainders = terms
        self._scales = -factor * scales
        # Multiplied by the rows' terms in `_fill`, these give the error bound, and the rounding of
        # cost and bound in float32. Both are at most of the size of (|x| + |r|) (|x| + |r| + |q|),
        # and rounded a few times.
        weights = [
            factor * lengths, factor * residuals, factor * remainders,
            np.full_like(remainders, _FLOAT32_ERROR),
        ]  # fmt: skip
        weights[1] = weights[1] + _FLOAT32_ERROR * lengths
        self._weights = np.stack(weights, axis=1) * np.float32(1 + 1e-5)

    def lower_bounds(self, rows: Int8Codes) -> NDArray[np.float32]:
        """Return a lower bound on the cost of every row for each query : (Q, N) float32.

        The cost is distance - 1 for `cosine`, and distance^2 - |q|^2 for `l2`. The bound is -inf
        for rows about which the codes say nothing.
        """
        bounds = np.empty((len(self._codes), len(rows)), np.float32)
        step = max(_COMPARE_ROWS // max(len(self._codes), 1), 256)
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            self._fill(rows.select(part), bounds[:, part])
        return bounds

    def _fill(self, rows: Int8Codes, bounds: NDArray[np.float32]) -> None:
        scales, residuals, lengths, remainders = rows.terms
        with np.errstate(over="ignore", invalid="ignore"):
            squares = lengths * lengths
            if self._metric == "cosine":
                inverse = 1 / np.where(lengths > 0, lengths, np.float32(1))
                scales, residuals = scales * inverse, residuals * inverse
                remainders = remainders * inverse
                lengths = np.ones_like(lengths)
            ends = lengths + residuals
            # From int32 straight to float32: not by way of float64.
            np.copyto(bounds, self._dot_products(rows.codes), casting="unsafe")
            bounds *= scales
            bounds *= self._scales[:, None]
            if self._metric == "l2":
                bounds += squares
            bounds -= self._weights @ np.stack([residuals, ends, remainders, ends * ends])
        unknown = ~np.isfinite(bounds)
        if unknown.any():
            bounds[unknown] = -np.inf

    def _dot_products(self, codes: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return p . c of each query with every row : (Q, N)."""
        import numkong

        if len(self._codes) >= _PACK_FROM_QUERIES:
            return np.asarray(numkong.dots_packed(codes, numkong.dots_pack(self._codes))).T
        return np.asarray(numkong.cdist(self._codes, codes, "dot"))
